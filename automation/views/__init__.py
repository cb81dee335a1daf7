"""Automation's pages outside the admin, by subject."""
