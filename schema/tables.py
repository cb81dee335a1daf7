"""The data classes with which `schema.live` describes a database."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    """As this database calls it: int(11), varchar(20)."""
    kind: str
    """In MySQL's words on every database, with what CHECKs make of it: int, enum(a,b), json."""
    nullable: bool
    default: str | None
    """A literal without its quotes, "now" for the current time, or None for none and for NULL."""
    on_update: bool
    """Whether any UPDATE of the row sets it to the current time."""


@dataclass(frozen=True)
class Index:
    name: str
    columns: tuple[str, ...]
    """In order; one that runs downwards is written "-created_at"."""
    unique: bool


@dataclass(frozen=True)
class ForeignKey:
    name: str
    """Empty on SQLite, where Django's keys have none."""
    column: str
    table: str
    to: str
    on_delete: str
    """CASCADE, SET NULL, RESTRICT, NO ACTION or SET DEFAULT."""


@dataclass(frozen=True)
class Check:
    name: str
    """Of a column's own CHECK: the column."""
    clause: str


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[Index, ...]
    """Without the primary key."""
    foreign_keys: tuple[ForeignKey, ...]
    checks: tuple[Check, ...]
    triggers: tuple[str, ...]
