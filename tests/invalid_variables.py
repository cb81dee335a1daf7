"""Turns a missing variable in our templates into an error instead of an empty string."""

import sys
from pathlib import Path
from types import FrameType

from django.template.base import FilterExpression, Node

ROOT = Path(__file__).resolve().parent.parent


class InvalidVariable(Exception):
    """One of our templates uses a variable that its context lacks."""


class Complaint(str):
    """The value of `string_if_invalid`: empty for templates of packages, an error for ours.

    Unfold's own templates rely on missing variables being empty, so a plain text will not do.
    Django checks the truth of this object just after a failed lookup; at that point the stack still
    has the node, and the node knows its file. (`context.template` is only the outermost page.)
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        caller = sys._getframe(1)
        if caller.f_code is FilterExpression.resolve.__code__:
            node = _node(caller)
            if node is not None and _is_ours(node.origin.name):
                variable = caller.f_locals["self"]
                raise InvalidVariable(f"{{{{ {variable} }}}} in {node.origin}")
        return False


def _node(frame: FrameType | None) -> Node | None:
    """The innermost template node being rendered."""
    while frame is not None:
        candidate = frame.f_locals.get("self")
        if isinstance(candidate, Node) and getattr(candidate, "origin", None) is not None:
            return candidate
        frame = frame.f_back
    return None


def _is_ours(file: str) -> bool:
    path = Path(file)
    if not path.is_relative_to(ROOT):
        return False
    parts = path.relative_to(ROOT).parts
    return not parts[0].startswith(".") and "site-packages" not in parts
