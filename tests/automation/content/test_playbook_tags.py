"""The tags of a playbook's tasks, as a launch offers them."""

import pytest
from django.urls import reverse

from automation.content.playbook_files import plays_in
from automation.content.playbook_tags import MOST, list_playbook_tags
from tests import make

PLAY = """
- hosts: all
  tags: base
  roles:
    - {role: nginx, tags: [web, "config, tls"]}
    - plain
  tasks:
    - name: One
      debug: {msg: x}
      tags: [always, deploy]
    - block:
        - {name: Two, debug: {msg: x}, tags: "{{ dynamic }}"}
        - {name: Three, debug: {msg: x}, tags: web}
      rescue:
        - {name: Four, debug: {msg: x}, tags: [undo, 7]}
"""


def tags_of(text):
    return list_playbook_tags(plays_in(text.encode()))


def test_each_once_in_the_order_of_the_file():
    assert tags_of(PLAY) == ["base", "web", "config", "tls", "deploy", "undo", "7"]


@pytest.mark.parametrize(
    "text",
    [
        "- hosts: all\n  tasks: {a: 1}\n  tags: {x: y}",
        "- hosts: all\n  tasks: &a\n    - block: *a",
        "- hosts: all\n  tags: [null, [x], '', ' , ']\n  roles: [3, null]",
    ],
)
def test_odd_files_have_none(text):
    assert tags_of(text) == []


def test_a_long_list_ends():
    tags = ", ".join(f"t{number}" for number in range(100))
    assert len(tags_of(f"- hosts: all\n  tags: [{tags}]")) == MOST


@pytest.mark.django_db
def test_the_launch_form_offers_them(client_of, alice):
    playbook = make.playbook(PLAY)
    path = reverse("automation:job_launch")
    page = client_of(alice).get(path, {"playbook": playbook.pk}).content.decode()
    assert 'data-tag="deploy"' in page and 'data-tag="always"' not in page
    plain = client_of(alice).get(path, {"playbook": make.playbook().pk}).content.decode()
    assert "data-tag" not in plain
