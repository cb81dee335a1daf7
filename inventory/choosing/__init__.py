"""Servers that a launch chooses without naming them one by one."""

from .criteria import CHOSEN_BY, NOBODY_CHOSEN, choose_servers, describe_choice, inventory_named
from .groups import full_name, group_named, within

__all__ = [
    "CHOSEN_BY",
    "NOBODY_CHOSEN",
    "choose_servers",
    "describe_choice",
    "full_name",
    "group_named",
    "inventory_named",
    "within",
]
