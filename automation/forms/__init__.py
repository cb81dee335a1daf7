"""The launch form."""

from .launch_form import LaunchForm, initial_for_relaunch

__all__ = ["LaunchForm", "initial_for_relaunch"]
