"""Ansible receives exactly what was typed: the same value, of the same type."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from automation.models import Job
from tests import make
from tests.automation.running import run_one

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

VALUES: dict[str, Any] = {
    "words": ["yes", "no", "on", "true", "null", "None", "~", ""],
    "numbers in texts": ["012", "1e3", "1:30", ".inf", "0x1F", "1_000"],
    "dates": ["2026-01-01", "2026-01-01T10:00:00Z"],
    "yaml": ["<<", "=", "- a", "a: b #c", "---\n...\n", "*a &b !c %d @e `f", "!unsafe x"],
    "odd texts": ["a\0b", "a\u2028b\x85c", "  x\t", "a\r\nb\n\n", "\x01\x7f\x9f", "\\n\"'", "🚀"],
    "long": "word " * 90_000,
    "keys": {"yes": 1, "12": 2, "null": 3, "": 4, "{{ 1 + 1 }}": 5, "<<": {"x": 1}, "a: b": 6},
    "numbers": [0, -(2**63), 2**64 - 1, 0.1, 1e300, 1e16, 1.0, True, False, None],
    "looks encrypted": [{"$encrypted": "gAAAA", "more": 1}, "$encrypted"],
    "looks like ansible's": [{"__ansible_vault": "x"}, {"__ansible_unsafe": "{{ 1 }}"}],
    "templates": "{# a #}{% raw %}{{ x }}{% endraw %}{{ lookup('pipe', 'id') }}",
}


def test_each_value_arrives_as_it_was_typed(tmp_path: Path) -> None:
    content = "{{ {'given': given} | to_json }}"
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {
                    "ansible.builtin.copy": {"content": content, "dest": str(tmp_path / "out")},
                    "no_log": True,
                }
            ],
        }
    ]

    job = run_one(play, extra_vars={"given": VALUES})

    assert job.status == Job.Status.SUCCESS, job.error_message
    got = json.loads((tmp_path / "out").read_text())["given"]
    for name, value in VALUES.items():
        # As text: to Python, 1 equals True and 1.0.
        assert json.dumps(got[name], sort_keys=True) == json.dumps(value, sort_keys=True), name


def test_what_looks_like_a_stored_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="how secrets are stored"):
        run_one(make.HELLO, extra_vars={"given": [{"$encrypted": "gAAAA"}]})
