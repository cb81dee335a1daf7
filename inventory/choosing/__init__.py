"""Servers that a launch chooses without naming them one by one."""

from .criteria import CHOSEN_BY, NOBODY_CHOSEN, asked_inventory, choose_servers, describe_choice
from .groups import Group, full_name, group_named, within

__all__ = [
    "CHOSEN_BY",
    "NOBODY_CHOSEN",
    "Group",
    "asked_inventory",
    "choose_servers",
    "describe_choice",
    "full_name",
    "group_named",
    "within",
]
