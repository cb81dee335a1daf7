"""Checks of the settings, run at every start."""
