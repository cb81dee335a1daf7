"""What of a run's output people may see: without its secrets, and not torn by them.

The order is: first every line finds its job, then it is masked. Structure, that is host names,
headings and the recap, is never masked in part. A task's name that was filled in with a secret is
shown as its author wrote it, and masked whole where that holds the secret as well. Only a secret
that is part of a host's name too shows there: hiding it would tell more than it hides.
"""

import re
from collections.abc import Callable, Iterable

from audit.redaction import MASK, Redactor

# Words that Ansible itself prints into nearly every line. A value like these would tear the log.
COMMON = {
    *("all", "changed", "failed", "fatal", "false", "ignored", "included", "included", "item"),
    *("localhost", "msg", "none", "null", "play", "recap", "rescued", "skipped", "skipping"),
    *("task", "true", "unreachable", "yes"),
}
# Host names that hold a secret, beyond which it is too common to be masked.
MOST_HOSTS = 200


class Masking:
    """`secrets`: pairs of what people call it and its value. `hosts`: names of the inventory."""

    def __init__(
        self,
        secrets: Iterable[tuple[str, str]],
        hosts: Iterable[str] = (),
        rewrite: Callable[[str], str] = str,
        root: str = "",
    ) -> None:
        """`rewrite` is applied to every text first: it takes the run's private paths out. Places
        below `root`, which ends with “/”, are named from there."""
        self._rewrite, self._root = rewrite, root
        hosts = list(hosts)
        given = [(name, value) for name, value in secrets if value]
        held = {value: [host for host in hosts if value in host] for _, value in given}
        safe = [(name, value) for name, value in given if _is_safe(value, len(held[value]))]
        # What could not be masked: its name, once, for the run's page.
        self.unmasked = sorted({name for name, _ in given} - {name for name, _ in safe})
        self._single = [
            (Redactor([value]), _whole_words(held[value])) for _, value in _longest_first(safe)
        ]
        # Nearly all are part of no host's name: looked for together, that is a lot faster.
        together = Redactor(value for _, value in safe if not held[value])
        self._together = [(together, None), *(pair for pair in self._single if pair[1])]

    def text(self, text: str) -> str:
        """What a module or Ansible said, of one line or many."""
        text = self._rewrite(storable(text))
        for redactor, hosts in self._together:
            text = _masked(text, redactor, hosts)
        return text

    def name(self, shown: str, written: str = "") -> str:
        """A play's or task's: whole; where it was filled in with a secret, as it is written; masked
        whole where that would tell too."""
        for name in (self._rewrite(storable(shown)), written) if shown else ():
            if name and (self.text(name) == name or self._may_be_shown(name, written)):
                return name
        return MASK if shown else ""

    def _may_be_shown(self, name: str, written: str) -> bool:
        """Whether all that it tells is part of a host's name too, and of the playbook's text."""
        telling = [
            (redactor, hosts)
            for redactor, hosts in self._single
            if _masked(name, redactor, hosts) != name
        ]
        return all(hosts and redactor.redact(written) != written for redactor, hosts in telling)

    def place(self, path: str) -> str:
        """A file, perhaps with a line: as it is, from the project's root where it lies there."""
        return self._rewrite(storable(path)).removeprefix(self._root)

    def heading(self, text: str, name: str, written: str) -> str:
        """A line such as "TASK [Deploy web] ***": its name as a whole, the rest as any text."""
        before, found, after = text.partition(name) if name else (text, "", "")
        if not found:
            return self.text(text)
        return self.text(before) + self.name(found, written) + self.text(after)


def storable(text: str) -> str:
    """Lone surrogates ("\\ud800" in a module's JSON) cannot be stored: they become escapes."""
    return text.encode(errors="backslashreplace").decode()


def _is_safe(value: str, hosts: int) -> bool:
    pieces = [line for line in (value, *value.splitlines()) if len(line) >= Redactor.SHORTEST]
    return bool(pieces) and hosts <= MOST_HOSTS and value.strip().lower() not in COMMON


def _longest_first(secrets: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A secret that is part of another must not take that one apart. Each value once."""
    by_value = {value: name for name, value in secrets}
    return sorted(
        ((name, value) for value, name in by_value.items()), key=lambda pair: -len(pair[1])
    )


def _whole_words(hosts: list[str]) -> re.Pattern[str] | None:
    """Finds these names where they stand for themselves."""
    if not hosts:
        return None
    names = "|".join(map(re.escape, sorted(hosts, key=len, reverse=True)))
    return re.compile(rf"(?<![\w.-])(?:{names})(?![\w-])")


def _masked(text: str, redactor: Redactor, hosts: re.Pattern[str] | None) -> str:
    """The text with everything but these names redacted."""
    said, at = [], 0
    for match in hosts.finditer(text) if hosts else ():
        said += [redactor.redact(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*said, redactor.redact(text[at:])])
