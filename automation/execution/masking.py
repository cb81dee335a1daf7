"""Mask secrets in a run's output without tearing the output apart.

Each line is first routed to its job, then masked. Structure (host names, headings, the recap) is
never masked in part. The name of a task that a secret was templated into is shown as its author
wrote it, or masked whole if that contains the secret too. Only a secret that is part of a host's
name shows there: hiding it would reveal more than it hides.
"""

import re
from collections.abc import Callable, Iterable

from audit.redaction import MASK, Redactor, base64_pieces

# Words that Ansible prints into nearly every line. Masking them would tear the log apart.
COMMON = {
    *("all", "changed", "failed", "fatal", "false", "ignored", "included", "included", "item"),
    *("localhost", "msg", "none", "null", "play", "recap", "rescued", "skipped", "skipping"),
    *("task", "true", "unreachable", "yes"),
}
# A secret found in more host names than this is too common to mask.
MOST_HOSTS = 200
# Where the callback has cut the middle out of a result's text; NUL never gets into other texts.
SEAM = "\x00… [cut] …\x00"


class Masking:
    """`secrets`: (label, value) pairs. `hosts`: host names of the inventory."""

    def __init__(
        self,
        secrets: Iterable[tuple[str, str]],
        hosts: Iterable[str] = (),
        rewrite: Callable[[str], str] = str,
        root: str = "",
    ) -> None:
        """`rewrite` is applied to every text first, to remove the run's private paths.

        Places below `root`, which ends with “/”, are shown relative to it.
        """
        self._rewrite, self._root = rewrite, root
        hosts = list(hosts)
        given = [(name, value) for name, value in secrets if value]
        every = "\n".join(hosts)  # searched first: there may be thousands of both
        held = {
            value: [host for host in hosts if value in host] if value in every else []
            for _, value in given
        }
        safe = [(name, value) for name, value in given if _is_safe(value, len(held[value]))]
        # Labels of secrets that could not be masked, for the run's page.
        self.unmasked = sorted({name for name, _ in given} - {name for name, _ in safe})
        self._single = [
            (Redactor([value]), _whole_words(held[value])) for _, value in _longest_first(safe)
        ]
        # Hardly any secret is part of a host name: searching for the others together is much
        # faster.
        together = Redactor(value for _, value in safe if not held[value])
        self._together = [(together, None), *(pair for pair in self._single if pair[1])]
        self._encoded = Redactor(piece for _, value in safe for piece in base64_pieces(value))
        each = [redactor for redactor, _ in self._single]
        self._longest = max(redactor.longest for redactor in [self._encoded, *each])

    def text(self, text: str) -> str:
        """Text from a module or from Ansible, of any number of lines."""
        # No database stores NUL, and between the letters of a secret it would hide it.
        text = self._rewrite(storable(text.replace("\x00", "")))
        for redactor, hosts in self._together:
            text = _masked(text, redactor, hosts)
        return text

    def result(self, text: str) -> str:
        """A text from a module's result, which may have secrets in base64, too (`slurp`, headers).

        The callback may have cut out the middle. Where it did may be half a secret, which nothing
        recognises: as much as that could be is left out, too.
        """
        head, seam, tail = text.partition(SEAM)
        if not seam:
            return self._encoded.redact(self.text(text))
        head, tail = (self._encoded.redact(self.text(each)) for each in (head, tail))
        head, tail = head[: max(0, len(head) - self._longest)], tail[self._longest :]
        return f"{head}… [cut] …{tail}"

    def name(self, shown: str, written: str = "") -> str:
        """A play's or task's name: as displayed; as written if that has a secret; or masked."""
        for name in (self._rewrite(storable(shown)), written) if shown else ():
            if name and (self.text(name) == name or self._may_be_shown(name, written)):
                return name
        return MASK if shown else ""

    def _may_be_shown(self, name: str, written: str) -> bool:
        """True if all secrets in it are also part of a host's name and of the playbook's text."""
        telling = [
            (redactor, hosts)
            for redactor, hosts in self._single
            if _masked(name, redactor, hosts) != name
        ]
        return all(hosts and redactor.redact(written) != written for redactor, hosts in telling)

    def place(self, path: str) -> str:
        """A file, possibly with a line number; relative to the project's root if it is there."""
        return self._rewrite(storable(path)).removeprefix(self._root)

    def heading(self, text: str, name: str, written: str) -> str:
        """A line such as "TASK [Deploy web] ***": the name as a whole, the rest as text."""
        before, found, after = text.partition(name) if name else (text, "", "")
        if not found:
            return self.text(text)
        return self.text(before) + self.name(found, written) + self.text(after)


def storable(text: str) -> str:
    """Lone surrogates ("\\ud800" in a module's JSON) cannot be stored; keep them as escapes."""
    return text.encode(errors="backslashreplace").decode()


def _is_safe(value: str, hosts: int) -> bool:
    pieces = [line for line in (value, *value.splitlines()) if len(line) >= Redactor.SHORTEST]
    return bool(pieces) and hosts <= MOST_HOSTS and value.strip().lower() not in COMMON


def _longest_first(secrets: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Longest first, so that masking a secret does not break up a longer one. Each value once."""
    by_value = {value: name for name, value in secrets}
    return sorted(
        ((name, value) for value, name in by_value.items()), key=lambda pair: -len(pair[1])
    )


def _whole_words(hosts: list[str]) -> re.Pattern[str] | None:
    """Matches these host names where they stand as whole words."""
    if not hosts:
        return None
    names = "|".join(map(re.escape, sorted(hosts, key=len, reverse=True)))
    return re.compile(rf"(?<![\w.-])(?:{names})(?![\w-])")


def _masked(text: str, redactor: Redactor, hosts: re.Pattern[str] | None) -> str:
    """The text with everything but these host names redacted."""
    said, at = [], 0
    for match in hosts.finditer(text) if hosts else ():
        said += [redactor.redact(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*said, redactor.redact(text[at:])])
