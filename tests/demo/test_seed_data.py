"""`manage.py seed_data`: what it makes, and that it leaves existing data alone."""

from datetime import UTC, datetime
from io import StringIO
from random import Random

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import AuditLog
from automation.models import Job, JobLog, Playbook, Run, ServerLock, TaskResult
from console import parts
from console.collected import MadeUpRows
from demo import making
from demo.planning import plans
from demo.scale import SCALES
from demo.world import World
from inventory.models import (
    GroupGraph,
    Inventory,
    Server,
    ServerFacts,
    ServerGroup,
    ServerGroupMember,
)
from tests import make
from tickets.models import Ticket, TicketComment, TicketOccurrence

pytestmark = pytest.mark.django_db


def seeded(*arguments: str) -> str:
    output = StringIO()
    call_command("seed_data", *arguments, stdout=output)
    return output.getvalue()


def test_a_small_fleet_has_something_of_everything() -> None:
    said = seeded()

    assert Server.objects.count() == 65
    assert Job.objects.count() >= 400
    assert {user.role for user in User.objects.all()} == set(User.Role.values)
    for model in (ServerFacts, TaskResult, JobLog, TicketOccurrence, TicketComment, ServerLock):
        assert model.objects.exists(), model
    statuses = set(Job.objects.order_by().values_list("status", flat=True).distinct())
    assert statuses == set(Job.Status.values)
    assert set(Ticket.objects.values_list("status", flat=True)) > {"open"}
    assert "Admin     demo" in said


def test_every_row_is_one_that_a_person_could_have_made() -> None:
    seeded()

    for model in (Server, ServerGroup, ServerGroupMember, Playbook, Run, Ticket, User):
        for row in model.objects.all():
            row.full_clean()
    for playbook in Playbook.objects.exclude(file_path__startswith="infraops:"):
        assert playbook.file_state == "unchanged"


def test_groups_are_nested_and_a_second_inventory_is_imported_from_files() -> None:
    seeded()

    fleet = GroupGraph(Inventory.objects.default())
    europe = fleet.by_name["europe"]
    servers = Server.objects.filter(pk__in=fleet.servers_below(europe.pk))
    assert {server.tags["site"] for server in servers} <= {"ams", "fra", "vie"}
    assert fleet.by_name["role_db"].secret_variables == ["backup_password"]
    staging = Inventory.objects.get(name="staging")
    assert [source.state for source in staging.sources.all()] == ["synced"]
    names = [server.inventory_name for server in staging.servers.order_by("position")]
    assert names[0] == "web-1.staging.example.com" and len(names) == 5
    shop = staging.graph.by_name["shop"]
    assert len(staging.graph.servers_below(shop.pk)) == 5
    assert [file["path"] for file in staging.graph.by_name["web"].variable_files] == [
        "group_vars/web.yml"
    ]


def test_a_jobs_lines_results_and_counts_tell_the_same() -> None:
    seeded()

    failed = Job.objects.filter(failure_kind="task_failed")[:5]
    assert len(failed) >= 2
    for job in failed:
        numbers = list(job.logs.order_by("line_number").values_list("line_number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        assert job.task_results.counts()["failed"] == job.counts["failed"] == 1
        assert job.logs.filter(log_level="error", content__contains="fatal: [").exists()
        assert job.occurrence.ticket.title.startswith(str(job.playbook))


def test_nobody_can_log_in_but_the_one_whose_password_is_shown() -> None:
    seeded()

    usable = [user.username for user in User.objects.all() if user.has_usable_password()]
    assert usable == ["demo"]


def test_an_admin_who_is_there_stays_the_only_one_who_can_log_in() -> None:
    make.user(username="boss", role="admin")

    assert "Password" not in seeded()

    assert [u.username for u in User.objects.all() if u.has_usable_password()] == ["boss"]


def test_a_second_call_does_nothing() -> None:
    seeded()
    before = Job.objects.count(), AuditLog.objects.count()

    assert "Already seeded" in seeded()

    assert (Job.objects.count(), AuditLog.objects.count()) == before
    assert AuditLog.objects.filter(action="data.seeded").count() == 1


def test_a_database_that_holds_something_is_refused() -> None:
    make.server()

    with pytest.raises(CommandError, match="already has 1 server, and made-up rows"):
        seeded()

    assert Server.objects.count() == 1
    assert not Job.objects.exists()


def test_the_same_seed_makes_the_same_past() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    worlds = [World(SCALES["small"], Random(number), now) for number in (7, 7, 8)]

    first, same, other = map(plans, worlds)

    assert first == same != other
    assert sum(plan.size for plan in first) == SCALES["small"].jobs


def test_an_app_adds_a_step_of_its_own() -> None:
    told = []

    def make_stars(world: World, say: making.Say) -> dict[str, int]:
        say("Stars")
        assert len(world.servers) == Server.objects.count() > 0 and not Job.objects.exists()
        return {"stars": 3}

    step = MadeUpRows(make=make_stars, kept=lambda: [User.objects.all()], order=25)
    with parts.contributed(step):
        counts = making.seed(SCALES["small"], 1, told.append)
        assert making.what_is_there().startswith("65 servers, ")
        assert f", {User.objects.count()} users, " in making.what_is_there()
    assert counts["stars"] == 3 and counts["jobs"] >= 400
    assert "Stars" in told and "users" not in making.what_is_there()
