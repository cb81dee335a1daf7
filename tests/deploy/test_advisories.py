"""`make audit` hides no advisory, and calls nothing unreachable but the service."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from docs import advisories

CLEAN = {"name": "django", "version": "5.2.19", "vulns": []}
BAD = {
    "name": "redis",
    "version": "8.1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["8.1.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
OFFLINE = "ERROR:pip_audit:\nrequests.exceptions.ConnectionError: Failed to resolve 'pypi.org'"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What pip-audit answers for a list: packages, or a text on standard error."""
    told: dict[str, Any] = {}

    def run(command: list[str], **kwargs: Any) -> SimpleNamespace:
        name = command[command.index("--requirement") + 1].rpartition("/")[2]
        answer = told.get(name, [CLEAN])
        if isinstance(answer, str):
            return SimpleNamespace(stdout="", stderr=answer)
        return SimpleNamespace(stdout=json.dumps({"dependencies": answer}), stderr="")

    monkeypatch.setattr(advisories, "subprocess", SimpleNamespace(run=run))
    return told


def test_every_list_that_is_installed_is_checked():
    locked = {path.name for path in advisories.REQUIREMENTS.glob("*.txt")}
    # Production's has all that base and mysql have.
    assert locked - set(advisories.LISTS) == {"base.txt", "mysql.txt"}


def test_without_advisories_it_succeeds(answers, capsys):
    assert advisories.main() == 0
    assert capsys.readouterr().out == "No advisories about our dependencies.\n"


def test_each_advisory_is_a_line(answers, capsys):
    answers["prod.txt"] = answers["dev.txt"] = [CLEAN, BAD]
    assert advisories.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "redis 8.1.0: PYSEC-1, fixed in 8.1.1",
        "redis 8.1.0: PYSEC-2, fixed in no release yet",
    ]


def test_an_unreachable_service_hides_no_advisory_that_was_found(answers, capsys):
    answers["prod.txt"], answers["dev.txt"] = [BAD], OFFLINE
    assert advisories.main() == 1
    printed = capsys.readouterr().out
    assert "PYSEC-1" in printed and "NOT CHECKED: requirements/dev.txt: " in printed


def test_without_the_network_it_says_so_and_succeeds(answers, capsys):
    answers.update(dict.fromkeys(advisories.LISTS, OFFLINE))
    assert advisories.main() == 0
    printed = capsys.readouterr().out
    assert printed.count("NOT CHECKED") == len(advisories.LISTS)
    assert "No advisories" not in printed


def test_a_list_that_cannot_be_read_is_not_taken_for_a_missing_network(answers, capsys):
    answers["prod.txt"] = "ERROR:pip_audit._cli:requirement redis does not contain a hash"
    assert advisories.main() == 2
    assert "requirements/prod.txt cannot be checked" in capsys.readouterr().out


def test_packages_that_the_service_does_not_know_are_not_called_clean(answers, capsys):
    """As behind a proxy of the index that has packages, but nothing about them."""
    answers["prod.txt"] = [{"name": name, "skip_reason": "not found"} for name in "abcde"]
    assert advisories.main() == 0
    assert capsys.readouterr().out == (
        "NOT CHECKED: requirements/prod.txt: unknown to the service: a, b, c and 2 more\n"
    )
