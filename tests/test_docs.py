"""The documentation keeps up with what it describes."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db.models import Model, TextChoices

from accounts.models import User
from automation.models import Job, Run, TaskResult
from schema import project
from tickets.models import Ticket

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "bench").glob("*.md")]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")
# Variables that the settings read: env("NAME"), env.bool("NAME", …).
READ = re.compile(r'\benv(?:\.\w+)?\(\s*"([A-Z_]+)"')
# Actions that verbs record: `record("run.launched", …)`, or through a function of their own.
RECORDED = re.compile(r'\b_?(?:record|write|change|move)\(\s*(?:actor, )?"(\w+\.\w+)"')
COMMAND = re.compile(r"manage\.py (\w+)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def anchors_in(text: str) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def columns_of(model: type[Model]) -> set[str]:
    return {field.column for field in model._meta.local_fields}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path):
    for target, anchor in LINK.findall(document.read_text()):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), target
        assert not anchor or anchor in anchors_in(path.read_text()), f"{target}#{anchor}"


@pytest.mark.parametrize("document", [".env.example", "docs/operations.md"])
def test_every_setting_is_explained(document: str):
    settings = set(READ.findall(text_of("infraops/settings.py")))
    assert settings
    assert settings - set(re.findall(r"[A-Z][A-Z_]+", text_of(document))) == set()


@pytest.mark.parametrize("model", project.models(), ids=lambda model: model._meta.db_table)
def test_every_column_is_described(model: type[Model]):
    _, _, part = text_of("docs/database.md").partition(f"\n### {model._meta.db_table}\n")
    described = re.findall(r"^\| (\w+)\??\s*\|", part.partition("\n### ")[0], re.MULTILINE)
    assert set(described) - {"column"} == columns_of(model)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_it_names_exist(document: Path):
    named = set(COMMAND.findall(document.read_text()))
    assert named - get_commands().keys() == set()


def section_of(document: str, heading: str) -> str:
    _, _, part = text_of(document).partition(f"\n## {heading}\n")
    return part.partition("\n## ")[0]


@pytest.mark.parametrize(
    ("heading", "choices"),
    [
        ("Roles", User.Role),
        ("Job status", Job.Status),
        ("Run state", Run.State),
        ("Run outcome", Run.End),
        ("Failure kinds", Job.FailureKind),
        ("Task result", TaskResult.Status),
        ("Ticket status", Ticket.Status),
        ("Ticket priority", Ticket.Priority),
    ],
)
def test_every_value_stands_in_the_glossary(heading: str, choices: type[TextChoices]):
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section_of("docs/glossary.md", heading), re.M)
    assert sorted(rows) == sorted(choices.choices)


@pytest.mark.parametrize("app", sorted({model._meta.app_label for model in project.models()}))
def test_every_action_that_is_recorded_stands_in_the_glossary(app: str):
    known = section_of("docs/glossary.md", "Audit actions")
    code = "".join(path.read_text() for path in (ROOT / app).rglob("*.py"))
    recorded = set(RECORDED.findall(code))
    assert recorded
    assert {action for action in recorded if f"`{action}`" not in known} == set()
