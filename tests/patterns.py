"""Finds every regular expression in our code, and how each is used."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core.validators import RegexValidator
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

ROOT = Path(__file__).resolve().parent.parent
# Apps whose folders are here: new apps are included automatically.
APPS = tuple(each.label for each in apps.get_app_configs() if Path(each.path).parent == ROOT)
# Where a function matches: at the beginning of the text, the whole of it, or anywhere in it.
KINDS = {
    "match": "match",
    "fullmatch": "fullmatch",
    **dict.fromkeys(("search", "sub", "subn", "split", "findall", "finditer"), "scan"),
}
ANYHOW = frozenset(KINDS.values())
# A regex literal in a script: a “/” where a value starts. Brackets may contain a “/”.
IN_SCRIPT = re.compile(
    r"[(,=:?&|[;{}!]\s*/((?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*+\]|[^/\\\[\n])++)/([a-z]*)"
)
SCRIPT_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@dataclass(frozen=True)
class Found:
    """A pattern and its place: "audit/clients.py BROWSERS", or a file and a function.

    `pattern` is None if it is made at run time.
    """

    place: str
    pattern: re.Pattern[str] | None
    kinds: frozenset[str] = ANYHOW

    def __str__(self) -> str:
        return self.place


def patterns() -> list[Found]:
    """All patterns in Python, URLs and scripts, each with the ways in which it is matched.

    If it is kept in a list or passed on, it counts as matched in every way.
    """
    readers = [_read(path) for path in python_files()]
    used: dict[re.Pattern[str], set[str]] = defaultdict(set)
    for reader in readers:
        for pattern, kind in reader.uses:
            used[pattern].add(kind)
    ours = [
        replace(each, kinds=frozenset(used[each.pattern])) if each.pattern in used else each
        for reader in readers
        for each in reader.found
    ]
    return [*ours, *set(_of_urls(get_resolver())), *_of_scripts()]


def compiled_in_modules() -> set[re.Pattern[str]]:
    """The patterns that modules and classes hold after they are imported."""
    modules = [vars(module(path)) for path in python_files()]
    classes = [vars(each) for held in modules for each in held.values() if _is_our_class(each)]
    return set(_compiled([*modules, *classes]))


def python_files() -> list[Path]:
    """Python files of our apps, except migrations, which process nobody's text."""
    found = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


@cache
def module(path: Path) -> ModuleType:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def _is_our_class(value: Any) -> bool:
    return isinstance(value, type) and value.__module__.partition(".")[0] in APPS


def _compiled(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, RegexValidator):
        yield re.compile(value.regex.pattern, value.regex.flags)
    elif type(value) in (dict, list, tuple, set, frozenset) or hasattr(value, "mapping"):
        for each in list(value.values() if hasattr(value, "values") else value):
            yield from _compiled(each)


@cache
def _read(path: Path) -> "_Reader":
    reader = _Reader(path)
    reader.visit(ast.parse(path.read_text()))
    return reader


class _Reader(ast.NodeVisitor):
    """Walks through a file.

    `found`: what it compiles or passes to a function of `re`. `uses`: the methods of patterns that
    it calls. `refused`: what would hide a pattern from this search.
    """

    def __init__(self, path: Path) -> None:
        self.found: list[Found] = []
        self.uses: list[tuple[re.Pattern[str], str]] = []
        self.refused: list[str] = []
        self._path = str(path.relative_to(ROOT))
        self._globals = vars(module(path))
        self._names: list[str] = []
        self._locals: list[set[str]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        inside = list(ast.walk(node))
        stored = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self._locals.append(stored | {each.arg for each in inside if isinstance(each, ast.arg)})
        self._below(node.name, node)
        self._locals.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._below(node.name, node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Remember the name to which a module or class assigns a pattern."""
        target = node.targets[0]
        if isinstance(target, ast.Name) and not self._locals:
            self._below(target.id, node)
        else:
            self.generic_visit(node)

    def _below(self, name: str, node: ast.AST) -> None:
        self._names.append(name)
        self.generic_visit(node)
        self._names.pop()

    def visit_Import(self, node: ast.Import) -> None:
        if any(name.name == "regex" or (name.name == "re" and name.asname) for name in node.names):
            self._refuse(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module in ("re", "regex"):
            self._refuse(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Refuse a pattern that the database would evaluate, unless it is one of the module's."""
        if (node.arg or "").endswith(("__regex", "__iregex")):
            given = node.value
            is_held = isinstance(given, ast.Attribute) and given.attr == "pattern"
            pattern = self._held(given.value) if is_held else None
            if isinstance(pattern, re.Pattern):
                self.uses.append((pattern, "scan"))
            else:
                self._refuse(node)
        self.generic_visit(node)

    def _refuse(self, node: ast.stmt | ast.keyword) -> None:
        self.refused.append(f"{self._path}:{node.lineno}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in KINDS and isinstance(pattern := self._held(node.value), re.Pattern):
            self.uses.append((pattern, KINDS[node.attr]))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
        if name == "re.compile":
            self._note(self._value(node), ANYHOW)
        elif name == "RegexValidator":
            self._note(next(_compiled(self._value(node)), None), frozenset({"scan"}))
        elif name.startswith("re.") and name[3:] in KINDS:
            self._given(node, KINDS[name[3:]])
        self.generic_visit(node)

    def _given(self, node: ast.Call, kind: str) -> None:
        """The pattern in `re.sub(pattern, …)`; compiled patterns are found elsewhere."""
        pattern, *others = map(self._value, [*node.args, *(each.value for each in node.keywords)])
        if isinstance(pattern, re.Pattern):
            self.uses.append((pattern, kind))
            return
        flags = sum(each for each in others if isinstance(each, re.RegexFlag))
        self._note(re.compile(pattern, flags) if pattern else None, frozenset({kind}))

    def _note(self, pattern: re.Pattern[str] | None, kinds: frozenset[str]) -> None:
        self.found.append(Found(f"{self._path} {'.'.join(self._names)}", pattern, kinds))

    def _held(self, node: ast.expr) -> Any:
        """What a name, or an attribute of another module, stands for."""
        is_name = all(
            isinstance(each, ast.Name | ast.Attribute | ast.Load) for each in ast.walk(node)
        )
        return self._value(node) if is_name else None

    def _value(self, node: ast.expr) -> Any:
        """The value at module level; None if it depends on a function's local names."""
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        if any(names & known for known in self._locals):
            return None
        try:
            return eval(compile(ast.Expression(node), self._path, "eval"), dict(self._globals))
        except (AttributeError, NameError):
            return None


def _of_urls(resolver: URLResolver) -> Iterator[Found]:
    """Patterns given to `re_path` and routers; routes (`path`) are Django's own."""
    for each in resolver.url_patterns:
        if isinstance(each.pattern, RegexPattern):
            yield Found("URLs", re.compile(each.pattern.regex.pattern))
        if isinstance(each, URLResolver):
            yield from _of_urls(each)


def _of_scripts() -> Iterator[Found]:
    """Patterns in scripts, read as Python's: both backtrack alike, and ours share their syntax."""
    for path in scripts():
        for pattern, letters in IN_SCRIPT.findall(path.read_text()):
            flags = sum(SCRIPT_FLAGS.get(letter, 0) for letter in letters)
            place = str(path.relative_to(ROOT))
            yield Found(place, re.compile(pattern, flags), frozenset({"scan"}))


def scripts() -> list[Path]:
    return [path for path in sorted((ROOT / "static").rglob("*.js")) if "vendor" not in path.parts]


def refused() -> list[str]:
    """Places where a pattern would not be found."""
    made = [str(path) for path in scripts() if "RegExp" in path.read_text()]
    return [each for path in python_files() for each in _read(path).refused] + made
