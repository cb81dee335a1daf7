"""Users, API keys, sessions and failed attempts in the console."""

from . import attempts, keys, sessions, users  # noqa: F401  (each registers its pages)
