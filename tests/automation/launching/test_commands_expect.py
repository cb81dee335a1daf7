"""Commands launch what they have shown: the question names it, and a digest holds them to it."""

import re
import sys

import pytest
from django.core.management import CommandError, call_command

from automation.models import Run
from inventory.models import Server
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fleet(boss):
    make.server(hostname="web1", environment="production")
    make.server(hostname="web2", environment="production")
    make.server(hostname="db1", environment="staging")
    return make.playbook(name="Deploy", variables={"version": {"default": "1.4"}})


@pytest.fixture
def asked(monkeypatch):
    """The questions asked on a terminal; `answer` is called for each."""
    questions: list[str] = []

    class Terminal:
        answer = staticmethod(lambda: "y")

    def ask(question):
        questions.append(question)
        return Terminal.answer()

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", ask)
    Terminal.questions = questions
    return Terminal


def run_playbook(*arguments):
    call_command("run_playbook", "Deploy", "--no-wait", *arguments)


def digest_in(text: str) -> str:
    (found,) = re.findall(r"^Digest: ([0-9a-f]{64})$", text, re.MULTILINE)
    return found


def rehearsed(capsys, *arguments) -> str:
    run_playbook("--dry-run", *arguments)
    return digest_in(capsys.readouterr().out)


def test_the_question_names_what_runs_where_and_on_how_many(asked):
    run_playbook("--environment=production", "--check")
    assert asked.questions == [
        "Run “Deploy” in check mode on 2 servers, all of them in production (web1 and web2)? [y/N] "
    ]


def test_production_is_asked_about_though_it_is_one_server(asked):
    asked.answer = lambda: "no"
    with pytest.raises(CommandError, match="Nothing was launched"):
        run_playbook("--server=web1")
    assert asked.questions == ["Run “Deploy” on 1 server, in production (web1)? [y/N] "]


@pytest.mark.parametrize("error", [EOFError, KeyboardInterrupt])
def test_no_answer_is_no(asked, error):
    def leave():
        raise error

    asked.answer = leave
    with pytest.raises(CommandError, match="Nothing was launched"):
        run_playbook("--server=web1")
    assert not Run.objects.exists()


@pytest.mark.parametrize("digest", ["", "x", "0" * 63, "0" * 65])
def test_an_empty_digest_is_not_none(digest):
    """As of a variable in a script that was not set."""
    with pytest.raises(CommandError, match="64 hexadecimal digits"):
        run_playbook("--server=db1", f"--expect={digest}")
    assert not Run.objects.exists()


@pytest.mark.parametrize("arguments", [["--server=db1"], ["--server=web1", "--yes"]])
def test_it_does_not_ask(asked, arguments):
    run_playbook(*arguments)
    assert asked.questions == [] and Run.objects.count() == 1


def test_what_changes_while_it_asks_is_not_launched(asked, fleet):
    def change():
        make.server(hostname="web3", environment="production")
        fleet.variables = {"version": {"default": "1.5"}}
        fleet.save()
        return "y"

    asked.answer = change
    with pytest.raises(CommandError) as refused:
        run_playbook("--environment=production")
    said = str(refused.value)
    assert "Nothing was launched: what would run differs from what you were asked about." in said
    assert "Added: web3." in said and "Variable version: “1.5”, was “1.4”." in said
    assert "Runs “Deploy” on 3 of 4 active servers" in said
    assert not Run.objects.exists()


def test_a_digest_holds_it_to_what_was_rehearsed(asked, capsys):
    where = "--environment=production"
    digest = rehearsed(capsys, where)
    make.server(hostname="web3", environment="production")
    with pytest.raises(CommandError, match="differs from --expect") as refused:
        run_playbook(where, f"--expect={digest}")
    assert not Run.objects.exists()
    run_playbook(where, f"--expect={digest_in(str(refused.value))}")
    assert Run.objects.get().jobs.count() == 3
    # Whoever passes the digest has seen the plan.
    assert asked.questions == []


def test_a_relaunch_asks_and_expects_alike(asked, capsys, boss, fleet):
    servers = list(Server.objects.filter(environment="production"))
    run = make.launch(fleet, boss, servers)
    run.cancel(boss)
    job = str(run.jobs.first().job_id)
    call_command("relaunch", job, "--no-wait", "--dry-run")
    digest = digest_in(capsys.readouterr().out)
    assert asked.questions == [] and Run.objects.count() == 1
    call_command("relaunch", job, "--no-wait")
    assert "on 2 servers, all of them in production" in asked.questions[0]
    call_command("relaunch", job, "--no-wait", f"--expect={digest}")
    assert Run.objects.filter(relaunch_of=run).count() == 2 and len(asked.questions) == 1
    Server.objects.filter(hostname="web1").update(ip_address="192.0.2.99")
    with pytest.raises(CommandError, match="differs from --expect"):
        call_command("relaunch", job, "--no-wait", f"--expect={digest}")
