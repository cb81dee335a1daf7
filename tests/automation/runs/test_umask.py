"""Files that a play leaves on the worker have the modes that they would have without InfraOps."""

import os
import stat
from pathlib import Path

import pytest

from tests import make
from tests.automation.running import run_one

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.on_either]
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {{content: data, dest: {folder}/copied}}
      delegate_to: localhost
    - ansible.builtin.raw: echo data > {folder}/written; mkdir {folder}/made
"""


@pytest.mark.parametrize(
    ("umask", "modes"), [("022", [0o644, 0o644, 0o755]), ("027", [0o640, 0o640, 0o750])]
)
def test_files_of_a_play(tmp_path: Path, settings, umask, modes):
    settings.ANSIBLE_UMASK = umask
    before = os.umask(0o077)  # the worker's own
    job = run_one(PLAY.format(folder=tmp_path), make.localhost())
    assert os.umask(before) == 0o077
    assert job.status == "success", job.error_message
    names = ("copied", "written", "made")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names] == modes
