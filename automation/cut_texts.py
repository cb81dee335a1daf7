"""Cut texts to a length, with a sign where something is missing.

Mask them first: half a secret would not be recognised.
"""

CUT = "… [cut]"
# Of a program's output, for a message.
LAST_OUTPUT = 500


def beginning_of(text: str, length: int) -> str:
    """The text, or up to `length` characters of it that end with the sign."""
    return text if len(text) <= length else text[: length - len(CUT)] + CUT


def end_of(output: str, length: int = LAST_OUTPUT) -> str:
    """The output, or the sign and its last `length` characters: what matters comes last."""
    return output if len(output) <= length else f"{CUT} {output[-length:]}"
