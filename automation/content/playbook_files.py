"""Playbook files: where they may be, their hash, and which files are playbooks.

A registered path is relative to PLAYBOOK_ROOT, or `infraops:<file>` for a playbook of our own.
Links are resolved; nothing outside the root is ever read.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError

from schema.paths import locate_below

BUILTIN = "infraops:"
BUILTIN_ROOT = Path(__file__).parent.parent / "playbooks"
SUFFIXES = (".yml", ".yaml")
# A role's tests/test.yml looks like a playbook, but nobody runs it here.
PARTS_OF_PLAYBOOKS = {"roles", "collections", "templates", "files", "group_vars", "host_vars"}
# Ansible's own modules are called with one of these before the name, or none.
PREFIXES = ("ansible.builtin.", "ansible.legacy.")
IMPORT = "import_playbook"
IMPORTS = (IMPORT, *(f"{prefix}{IMPORT}" for prefix in PREFIXES))
# Parsing larger files takes seconds. With aliases, a short file can expand into a long one.
MOST_BYTES = 512 * 1024
MOST_CHARACTERS = 10 * MOST_BYTES
# Longer files are not examined at a launch.
MOST_EXAMINED_BYTES = 128 * 1024
UNREADABLE = (yaml.YAMLError, RecursionError, ValueError)


def prefix_of(file_path: str) -> str:
    """ "infraops:" for a playbook of our own, otherwise ""."""
    return BUILTIN if file_path.startswith(BUILTIN) else ""


def root_of(file_path: str) -> Path:
    root = BUILTIN_ROOT if prefix_of(file_path) else Path(settings.PLAYBOOK_ROOT)
    return root.resolve()


def locate_file(file_path: str) -> Path:
    """The file's resolved path, which need not exist.

    Raises ValidationError if it is outside the root.
    """
    return locate_below(root_of(file_path), file_path.removeprefix(BUILTIN), file_path)


def spelled_path(file_path: str) -> str:
    """The path in canonical form: “./web//site.yml” becomes web/site.yml."""
    prefix = prefix_of(file_path)
    relative = file_path.removeprefix(prefix)
    return prefix + (Path(relative).as_posix() if relative else "")


def validate_file_path(file_path: str) -> None:
    """Require a readable YAML file inside its root. Raises ValidationError."""
    path = locate_file(file_path)
    if path.suffix not in SUFFIXES:
        raise ValidationError(
            f"“{file_path}” is not a playbook: its name must end in .yml or .yaml."
        )
    try:
        with path.open("rb"):
            pass
    except IsADirectoryError:
        raise ValidationError(f"“{file_path}” is a folder, not a file.") from None
    except PermissionError:
        raise ValidationError(f"InfraOps has no permission to read “{file_path}”.") from None
    except OSError:
        raise ValidationError(f"There is no file “{file_path}” in {root_of(file_path)}.") from None


def hash_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def read_content(path: Path) -> bytes:
    """The file's content; of a file that is too large, enough to see that it is."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def plays_in(content: bytes) -> list[dict[str, Any]]:
    """The plays in a playbook's text; empty if it is not a playbook or not readable as YAML."""
    try:
        document = _loaded(content)
    except UNREADABLE:
        return []
    if not isinstance(document, list) or not document:
        return []
    plays = [play for play in document if isinstance(play, dict)]
    is_playbook = all("hosts" in play or _imports(play) for play in plays)
    return plays if is_playbook and len(plays) == len(document) else []


def module_name(key: Any) -> str:
    """A task's key without the prefix of Ansible's own modules: copy for ansible.builtin.copy."""
    text = str(key)
    return next((text.removeprefix(each) for each in PREFIXES if text.startswith(each)), text)


def yaml_problem(content: bytes) -> str:
    """Why the text is not readable as YAML, on one line; "" if it is."""
    try:
        _loaded(content)
    except UNREADABLE as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _loaded(content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        raise ValueError(f"The file is larger than {MOST_BYTES // 1024} KB.")
    # Ansible's own tags (!vault, !unsafe) are ignored here.
    return yaml.load(content, Loader=_TolerantLoader)  # noqa: S506  (a SafeLoader)


def describe_file(content: bytes, plays: list[dict[str, Any]]) -> str:
    """A description: the comment at the top of the file, otherwise the names of its plays."""
    comment: list[str] = []
    for line in content.decode(errors="replace").splitlines():
        if line.startswith("#") and not line.startswith("#!"):
            comment.append(line.lstrip("#").strip())
        elif comment or (line.strip() not in ("", "---") and not line.startswith("#!")):
            break
    names = [str(play["name"]) for play in plays if play.get("name")]
    return " ".join(filter(None, comment)) or ". ".join(names)


def candidates(root: Path) -> Iterator[str]:
    """YAML files below root that may be playbooks, as sorted relative paths.

    Skips hidden files, links that lead outside, and folders for parts of playbooks, such as roles.
    """
    root = root.resolve()
    for path in sorted(root.rglob("*")):
        *folders, name = path.relative_to(root).parts
        hidden = any(part.startswith(".") for part in (*folders, name))
        if path.suffix not in SUFFIXES or hidden or PARTS_OF_PLAYBOOKS & set(folders):
            continue
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path.relative_to(root).as_posix()


def discover_playbooks(root: Path) -> Iterator[tuple[str, bytes]]:
    """(path relative to root, content) of every playbook below root, in order."""
    for file_path in candidates(root):
        content = read_content(root / file_path)
        if plays_in(content):
            yield file_path, content


class OnlyAnsible(str):
    """Replaces a value with an Ansible tag (!vault, !unsafe): empty, but not None."""


class QuickLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads plain YAML; values with unknown tags become None.

    With aliases, a value may contain itself.
    """


QuickLoader.add_multi_constructor("!", lambda loader, suffix, node: None)


class _TolerantLoader(yaml.SafeLoader):
    """Reads plain YAML only."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _written_out(node, {}) > MOST_CHARACTERS:
            raise yaml.YAMLError("Its YAML aliases expand to too much text.")
        return node


def _written_out(node: yaml.Node, known: dict[yaml.Node, int]) -> int:
    """About how many characters the node has with all aliases expanded."""
    if node not in known:
        # too long while being counted: a node that contains itself never ends
        known[node] = MOST_CHARACTERS + 1
        if isinstance(node, yaml.MappingNode):
            held = [each for pair in node.value for each in pair]
        else:
            held = node.value if isinstance(node, yaml.SequenceNode) else []
        own = len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        known[node] = 1 + own + sum(_written_out(each, known) for each in held)
    return known[node]


_TolerantLoader.add_multi_constructor("!", lambda loader, suffix, node: OnlyAnsible())


def _imports(play: dict[str, Any]) -> bool:
    return any(key in play for key in IMPORTS)


def find_imported_file(play: dict[str, Any]) -> str | None:
    """The file that `import_playbook` names; "" if known only at run time, None if none."""
    if not _imports(play):
        return None
    name = next(play[key] for key in IMPORTS if key in play)
    return name if isinstance(name, str) and "{{" not in name else ""
