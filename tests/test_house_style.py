"""Rules of the house style that no linter knows."""

import ast
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Model

pytestmark = pytest.mark.on_either

ROOT = Path(__file__).resolve().parent.parent
# Apps whose folders are here: new apps are included automatically.
APPS = tuple(each.label for each in apps.get_app_configs() if Path(each.path).parent == ROOT)
FOLDERS = (*APPS, "tests", "bench", "templates", "static")
KINDS = {".py", ".html", ".css", ".js", ".sh"}
LINES_IN_A_FILE = 400
LINES_IN_A_FUNCTION = 60
FILES_IN_A_FOLDER = 25
MODULES_OF_AN_APP = 20
Function = ast.FunctionDef | ast.AsyncFunctionDef
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "services", "common", "core", "misc"}


def files() -> list[Path]:
    """Files that we wrote: no generated migrations, no third-party scripts."""
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in KINDS and not {"migrations", "vendor"} & set(path.parts)
    ]


def named(path: Path, line: int = 0) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in files() if path.suffix == ".py"}


@pytest.fixture(scope="module")
def functions(trees) -> list[tuple[Path, Function]]:
    return [
        (path, node)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    ]


def test_there_is_something_to_read():
    assert len(files()) > 50


def test_no_file_is_too_long():
    lengths = {path: len(path.read_text().splitlines()) for path in files()}
    assert [named(path, n) for path, n in lengths.items() if n > LINES_IN_A_FILE] == []


def test_each_app_has_its_layer_and_is_type_checked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    layers = project["importlinter"]["contracts"][0]["layers"]
    layered = {name for layer in layers for name in layer.split(" | ")}
    assert sorted({*APPS} - layered) == []
    assert sorted({*APPS} - {*project["mypy"]["packages"]}) == []


def test_no_folder_is_too_full():
    """A fuller folder should be split by what its modules do; an app's top level is its summary."""
    counts = Counter(path.parent.relative_to(ROOT) for path in files())
    assert {str(folder): n for folder, n in counts.items() if n > FILES_IN_A_FOLDER} == {}
    assert {app: counts[Path(app)] for app in APPS if counts[Path(app)] > MODULES_OF_AN_APP} == {}


def test_no_function_is_too_long(functions):
    assert [
        f"{named(path, function.lineno)} {function.name}"
        for path, function in functions
        if (function.end_lineno or 0) - function.lineno >= LINES_IN_A_FUNCTION
    ] == []


def test_every_module_is_named_for_its_work():
    """A template that replaces a package's has to be where the package has it."""
    ours = [path for path in files() if ROOT / "templates" / "unfold" not in path.parents]
    parts = {path: {*path.relative_to(ROOT).parts, path.stem} for path in ours}
    assert [named(path) for path, names in parts.items() if names & NAMES_THAT_SAY_NOTHING] == []


def test_imports_stand_at_the_top(functions):
    """Except in apps.py, which Django reads before there are models."""
    assert [
        named(path, node.lineno)
        for path, function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and path.name != "apps.py"
    ] == []


def test_every_row_has_a_name_that_people_use():
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    assert models
    assert [model.__name__ for model in models if model.__str__ is Model.__str__] == []


# Run by ansible-playbook only, in a process of its own.
ANSIBLES_OWN = ("ansible_callbacks", "ansible_channel")
# Each kind of database has its reader, and all readers have the same functions.
ALIKE = {"tables", "foreign_keys"}


def public_names(tree: ast.Module) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and node.name[0] != "_"}


def test_one_public_name_means_one_thing(trees):
    """A name seen in one module means the same in every other."""
    places: dict[str, list[str]] = {}
    for path, tree in trees.items():
        parts = path.relative_to(ROOT).parts
        if parts[0] in APPS and "commands" not in parts and not {*parts} & {*ANSIBLES_OWN}:
            for name in public_names(tree) - ALIKE:
                places.setdefault(name, []).append(named(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
