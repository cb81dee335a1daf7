"""Credentials at real sshd and real ansible-playbook."""

import pytest

from automation.models import Job
from tests import make
from tests.automation.running import run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_key(sshd):
    credential = make.credential(ssh_private_key=sshd.key_file.read_text())
    server = make.ssh_server(sshd, ssh_key_path="", credential=credential)
    job = run_one(make.HELLO_FACTS, server)
    assert job.status == Job.Status.SUCCESS, text_of(job)
