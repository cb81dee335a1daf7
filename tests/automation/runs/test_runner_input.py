"""Whatever a play prints or people type, nothing is lost, evaluated or leaked."""

import json
from typing import Any

import pytest

from audit.models import AuditLog
from audit.redaction import MASK
from automation.ansi import to_html
from automation.models import Job
from tests import make
from tests.automation.running import run_here, run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]


def printing(*programs: str) -> list[dict[str, Any]]:
    """A play that runs Python programs and shows what each has printed."""
    tasks: list[dict[str, Any]] = []
    for program in programs:
        argv = ["{{ ansible_playbook_python }}", "-c", program]
        command = {"ansible.builtin.command": {"argv": argv}, "register": "printed"}
        tasks.append({"name": "Print", **command})
        tasks.append({"name": "Show", "ansible.builtin.debug": {"msg": "{{ printed.stdout }}"}})
    return [{"hosts": "all", "gather_facts": False, "tasks": tasks}]


def showing(*variables: str) -> list[dict[str, Any]]:
    tasks = [
        {"name": "Show", "ansible.builtin.debug": {"msg": f"<{{{{ {name} }}}}>"}}
        for name in variables
    ]
    return [{"hosts": "all", "gather_facts": False, "tasks": tasks}]


def test_a_line_of_a_megabyte_is_one_row() -> None:
    job = run_one(printing("print('x' * 1_000_000)"))

    assert job.status == Job.Status.SUCCESS
    longest = max(job.logs.values_list("content", flat=True), key=len)
    assert longest.count("x") == 1_000_000


ODD = ["<script>alert(1)</script>", "rocket 🚀 and ß", "a & b", "\x1b[31mred\x1b[0m", "nul:\0:nul"]


def test_odd_output_arrives_whole_and_is_inert_on_a_page() -> None:
    job = run_one(printing(*(f"print({text!r})" for text in ODD)))

    assert job.status == Job.Status.SUCCESS
    said = text_of(job)
    for text in ODD:
        assert json.dumps(text, ensure_ascii=False)[1:-1] in said
    html = "".join(to_html(content) for content in job.logs.values_list("content", flat=True))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_invalid_utf_8_is_ansibles_failure_and_no_exception_of_ours() -> None:
    job = run_one(printing(r"import sys; sys.stdout.buffer.write(b'\xff\xfe\n')"))

    assert job.failure_kind in ("", Job.FailureKind.TASK_FAILED)
    assert job.logs.exists()


TEMPLATES = [
    "{{ lookup('env', 'SECRET_KEY') }}",
    "{{ lookup('ansible.builtin.pipe', 'id') }}",
    "{{ lookup('ansible.builtin.file', '/etc/passwd') }}",
    "{% for i in range(3) %}x{% endfor %}",
    "{{ hostvars }}",
]


def test_a_template_in_a_value_is_data() -> None:
    given = {f"given{number}": template for number, template in enumerate(TEMPLATES)}

    job = run_one(showing(*given), extra_vars=given)

    assert job.status == Job.Status.SUCCESS
    said = text_of(job)
    for template in TEMPLATES:
        assert f"<{template}>" in said


def test_a_template_deep_in_a_structure_is_data() -> None:
    value = "{{ lookup('ansible.builtin.pipe', 'id') }}"

    job = run_one(showing("given"), extra_vars={"given": {"list": [{"deep": value}]}})

    assert "lookup(" in text_of(job)
    assert "uid=" not in text_of(job)


def test_the_workers_environment_does_not_reach_the_play(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD_OF_OURS", "hunter2")
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {
                    "name": "Look around",
                    "ansible.builtin.debug": {
                        "msg": "[{{ lookup('env', 'DATABASE_PASSWORD_OF_OURS') }}]"
                        "[{{ lookup('env', 'SECRET_KEY') }}][{{ lookup('env', 'DATABASE_URL') }}]"
                    },
                },
                {"name": "Ask a process", "ansible.builtin.command": "env", "register": "env"},
                {"name": "Show it", "ansible.builtin.debug": {"var": "env.stdout_lines"}},
            ],
        }
    ]

    text = text_of(run_one(play))

    assert "[][][]" in text
    assert "hunter2" not in text and "ENCRYPTION_KEYS" not in text


def test_a_secret_variable_reaches_the_play_and_shows_nowhere() -> None:
    secret = 'hun"ter2 ä'
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"name": "Show", "ansible.builtin.debug": {"msg": "it is {{ given }}"}},
                {
                    "name": "Check",
                    "ansible.builtin.assert": {"that": "given | length == 10"},
                },
                {"name": "Fail", "ansible.builtin.fail": {"msg": "wrong: {{ given }}"}},
            ],
        }
    ]
    playbook = make.playbook(play, variables={"given": {"type": "string", "secret": True}})
    job = run_here(playbook, make.localhost(), extra_vars={"given": secret})[0]

    assert job.failed_task == "Fail", job.error_message  # so “Check” has seen the real value
    assert MASK in text_of(job) and MASK in job.error_message
    kept = json.dumps(
        [
            text_of(job),
            job.error_message,
            job.extra_vars,
            job.run.extra_vars,
            job.masked_extra_vars,
            job.run.command,
            *AuditLog.objects.values_list("details", flat=True),
            *(ticket.description for ticket in job.tickets.all()),
        ],
        ensure_ascii=False,
        default=str,
    )
    assert "ter2" not in kept


def test_a_prompt_whose_value_was_not_given_takes_its_default_and_waits_for_nobody() -> None:
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "vars_prompt": [{"name": "colour", "prompt": "Which colour?", "default": "blue"}],
            "tasks": [{"name": "Show", "ansible.builtin.debug": {"msg": "it is {{ colour }}"}}],
        }
    ]

    job = run_one(play, deadline_seconds=60)

    assert job.status == Job.Status.SUCCESS
    assert "it is blue" in text_of(job)
