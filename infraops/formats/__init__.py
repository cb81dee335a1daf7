"""Dates are written and read in ISO 8601, whatever the language."""
