"""Ansible's host patterns (web:&staging:!db1), split and evaluated exactly as Ansible does.

Without Ansible, which takes half a second to import. A test compares both on generated patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate

from .regexes import BadPattern, matching_names

# Ansible's own: the part of a pattern's hosts that [0], [-1], [1:3] or [2:] selects.
SUBSCRIPT = re.compile(r"(.+)\[(?:(-?[0-9]++)|([0-9]++)[:-]([0-9]*+))\]")
# Ranges in names ([1:3], [a:c]), which count as a digit here; in IPv6 addresses ([1:f]), where they
# stand alone between colons.
RANGE = re.compile(r"\[(?:[a-z]:[a-z]|[0-9]++:[0-9]++)(?::[0-9]++)?\]", re.IGNORECASE)
HEX_RANGE = re.compile(r"\[[0-9a-f]++:[0-9a-f]++(?::[0-9]++)?\]", re.IGNORECASE)
HEX = re.compile(r"[0-9a-f]{1,4}|\0", re.IGNORECASE)
BRACKETED = re.compile(r"\[[^\[\]]*+\]")
LABEL = re.compile(r"\w[\w-]*+", re.IGNORECASE)
# What may stand before an IPv4 address at the end of an IPv6 address.
BEFORE_IPV4 = ("::", "::ffff:", "0:0:0:0:0:0:", "0:0:0:0:0:ffff:")
SIGNS = ("&", "!")
# Where one of these is in a pattern, Ansible also looks at hosts if groups match.
ALSO_HOSTS = (".", "?", "*", "[")
WILDCARDS = ("?", "*", "[")


class PatternNames:
    """What patterns are matched with: hosts and groups, both in Ansible's order."""

    def __init__(
        self,
        hosts: Sequence[str],
        groups: Sequence[str],
        hosts_of: Callable[[str], Sequence[str]],
    ) -> None:
        """`hosts_of` returns the hosts in a group at any depth."""
        self.hosts, self.groups, self.hosts_of = hosts, groups, hosts_of
        self.is_host, self.is_group = frozenset(hosts), frozenset(groups)
        # What each regular expression of the pattern matches, of all names.
        self._matched: dict[str, frozenset[str]] = {}

    def knows(self, term: str) -> bool:
        """False for a name that nothing has; True for what need not be a name."""
        name, _subscript = split_subscript(unsigned(term))
        is_plain = not name.startswith("~") and not any(sign in name for sign in WILDCARDS)
        known = {term, unsigned(term), name}
        return not is_plain or bool(known & self.is_host) or name in self.is_group

    def matching(self, terms: Iterable[str]) -> list[str]:
        """The hosts that the terms of a pattern mean, each once. Raises BadPattern."""
        found: dict[str, None] = {}
        given = ordered_terms(terms)
        self._match_expressions(given)
        for term in given:
            # Of a host and a group of the same name, the host is meant, but not after “!” or “&”.
            that = [term] if term in self.is_host else self._meant_by(unsigned(term))
            if term in self.is_host or term[0] not in SIGNS:
                found |= dict.fromkeys(that)
            else:
                is_kept = term[0] == "&"
                among = frozenset(that)
                found = {host: None for host in found if (host in among) == is_kept}
        return list(found)

    def _match_expressions(self, terms: Iterable[str]) -> None:
        texts = dict.fromkeys(map(unsigned, terms))
        asked = [text for text in texts if text.startswith("~") and text not in self._matched]
        found = matching_names([text[1:] for text in asked], [*self.groups, *self.hosts])
        self._matched |= zip(asked, found, strict=True)

    def _meant_by(self, term: str) -> list[str]:
        name, subscript = split_subscript(term)
        hosts = self._named(name)
        if not hosts or subscript is None:
            return hosts
        first, last = subscript
        if last is None:
            try:
                return [hosts[first]]
            except IndexError:
                count = f"{len(hosts)} server{'' if len(hosts) == 1 else 's'}"
                raise BadPattern(f"“{term}” is out of range: “{name}” has {count}.") from None
        return hosts[first : len(hosts) if last == -1 else last + 1]

    def _named(self, name: str) -> list[str]:
        """Hosts of the groups that the name means, or hosts; one of several groups repeatedly."""
        groups = self._matching(name, self.groups, self.is_group)
        found = [host for group in groups for host in self.hosts_of(group)]
        if not groups or name[0] == "~" or any(sign in name for sign in ALSO_HOSTS):
            found += self._matching(name, self.hosts, self.is_host)
        return found

    def _matching(self, name: str, names: Sequence[str], known: frozenset[str]) -> list[str]:
        """Those of the names that a regular expression (~web.*), wildcards or a plain name mean."""
        if name.startswith("~"):
            return [each for each in names if each in self._matched[name]]
        if any(sign in name for sign in WILDCARDS):
            return _matching_wildcards(name, names)
        return [name] if name in known else []


def _matching_wildcards(name: str, names: Sequence[str]) -> list[str]:
    try:
        is_meant = re.compile(translate(name)).match
    except re.error as error:
        raise BadPattern(f"“{name}” is not a valid pattern: {error}.") from None
    return [each for each in names if is_meant(each)]


def unsigned(term: str) -> str:
    return term[1:] if term[:1] in SIGNS else term


def ordered_terms(terms: Iterable[str]) -> list[str]:
    """Names first, then “&”, then “!”, in whatever order they were typed; without names, all."""
    given = [term for term in terms if term]
    common, without = ([term for term in given if term[0] == sign] for sign in SIGNS)
    return [*([term for term in given if term[0] not in SIGNS] or ["all"]), *common, *without]


def split_subscript(term: str) -> tuple[str, tuple[int, int | None] | None]:
    """("web", (0, 2)) of “web[0:2]”; the second number is None for a single host, -1 for the last.

    As in Ansible, [0:0] is the first host alone, and a regular expression has no subscript.
    """
    found = None if term.startswith("~") else SUBSCRIPT.fullmatch(term)
    if found is None:
        return term, None
    name, single, first, last = found.groups()
    if single is not None:
        return name, (int(single), None)
    return name, (int(first), int(last or -1) or None)


# --- Splitting ------------------------------------------------------------------------------------


def split_pattern(pattern: str) -> list[str]:
    """The terms of a pattern, separated by commas or, if there are none, by colons or spaces.

    An address is one term, with or without a port: 2001:db8::1, [::1]:22, web:22.
    """
    if "," in pattern:
        parts = pattern.split(",")
    else:
        parts = [pattern] if is_address(pattern) else _split_at_colons(pattern)
    return [part.strip() for part in parts if part.strip()]


def _split_at_colons(pattern: str) -> list[str]:
    """At colons and spaces outside of brackets; a bracket without its other half counts as one."""
    terms: list[str] = []
    term, at = "", 0
    last = pattern.rfind("]")
    while at < len(pattern):
        sign = pattern[at]
        if sign == "[" and at < last:
            end = pattern.index("]", at) + 1
            term, at = term + pattern[at:end], end
            continue
        if sign in ":[]" or sign.isspace():
            terms, term = [*terms, term], ""
        else:
            term += sign
        at += 1
    return [*terms, term]


def is_address(text: str) -> bool:
    """True for what Ansible takes for one host: a name or an address, with ranges, with a port."""
    if text.startswith("["):
        inner, _bracket, port = text.rpartition("]:")
        if len(inner) > 1 and _is_port(port):
            text = inner[1:]
    head, _colon, port = text.rpartition(":")
    if _is_port(port) and not set(":[]") & set(BRACKETED.sub("", head)):
        text = head
    return _is_name(text) or _is_ipv6(text)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_name(text: str) -> bool:
    labels = RANGE.sub("0", text).split(".")
    return all(LABEL.fullmatch(label) and label[-1] not in "_-" for label in labels)


def _is_ipv6(text: str) -> bool:
    text = HEX_RANGE.sub("\0", text)
    before, colon, last = text.rpartition(":")
    if "." in last:
        parts = last.split(".")
        is_ipv4 = len(parts) == 4 and all(map(HEX.fullmatch, parts))
        return is_ipv4 and before.lower() + colon in BEFORE_IPV4
    left, gap, right = text.partition("::")
    sides = [side.split(":") if side else [] for side in (left, right)]
    if not all(HEX.fullmatch(part) for side in sides for part in side):
        return False
    counts = [len(side) for side in sides]
    return max(counts) <= 6 and sum(counts) <= 7 if gap else counts == [8, 0]
