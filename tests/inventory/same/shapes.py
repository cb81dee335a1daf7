"""Inventories of all shapes, for comparing what plays see in them with what runs see."""

from dataclasses import dataclass, field
from pathlib import Path

from . import files, folders
from .vaulted import PASSWORD

__all__ = ["PASSWORD", "SHAPES", "Shape", "write"]

Files = dict[str, str]


@dataclass(frozen=True)
class Shape:
    """`files`: {path: text}; the first is the inventory, “.” the folder itself.

    `later` has the same files some time later; `beside` lies beside the playbook.
    """

    files: Files
    later: Files = field(default_factory=dict)
    beside: Files = field(default_factory=dict)

    def lay_out(self, folder: Path) -> Path:
        """Write it into the folder, and what is beside the playbook into `play/` there."""
        write(folder / "play", self.beside)
        return write(folder / "inventory", self.files)

    def lay_out_later(self, folder: Path) -> Path:
        return write(folder / "later", self.files | self.later)


def write(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        path = folder / name
        if name != ".":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if text.startswith("#!") else 0o644)
    return folder / next(iter(files), ".")


SHAPES = {name: Shape(*parts) for name, parts in (files.SHAPES | folders.SHAPES).items()}
