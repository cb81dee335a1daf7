"""Texts from hosts and files, for a terminal."""


def printable(text: str) -> str:
    """The text with each character that is invisible, or moves or commands the terminal, escaped.

    Lines stay lines: an escape sequence becomes "\\x1b[2J", a right-to-left override "\\u202e".
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else _escaped(each) for each in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
