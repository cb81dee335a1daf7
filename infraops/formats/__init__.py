"""How dates are written and read: as ISO 8601 has them, whatever the language."""
