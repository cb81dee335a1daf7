"""What a verification finds."""

from dataclasses import dataclass, field

# More findings than these are counted, not listed.
LISTED = 20


@dataclass(frozen=True)
class Finding:
    """A sign of tampering. `line` is the id of the first audit line that it concerns, if any.

    `kind`: changed, removed, inserted, truncated (lines); seal, head, signature, actor, trigger.
    """

    kind: str
    text: str
    line: int | None = None


@dataclass
class Verification:
    """The result. `unknown` names what could not be checked; `notes` are for information."""

    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: int = 0
    seals: int = 0
    unsealed: int = 0

    def add(self, finding: Finding | None) -> None:
        if finding is None or (finding.kind == "truncated" and self.is_truncated):
            return
        if len(self.findings) < LISTED:
            self.findings.append(finding)
        else:
            self.more += 1

    @property
    def is_truncated(self) -> bool:
        """Then all further lines are missing: only the first is named."""
        return any(finding.kind == "truncated" for finding in self.findings)

    @property
    def status(self) -> str:
        if self.findings:
            return "tampered"
        return "unknown" if self.unknown else "intact"
