"""ON DELETE rules, held by the database."""


def ensure(using: str) -> None:
    """Filled in by the next commit."""
