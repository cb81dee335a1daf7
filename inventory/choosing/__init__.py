"""Servers that a launch chooses without naming them one by one."""

from .criteria import CHOSEN_BY, NOBODY_CHOSEN, choose_servers, inventory_named

__all__ = ["CHOSEN_BY", "NOBODY_CHOSEN", "choose_servers", "inventory_named"]
