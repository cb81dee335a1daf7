"""Our lists of Ansible's names compared with ansible-core's, and how such variables are handled."""

import json
import subprocess
import sys

import pytest
from django.core.exceptions import ValidationError

from inventory.ansible.names import FUNCTIONS, KEYWORDS, MAGIC, MAGIC_FOR_SERVERS, reservation
from inventory.validators import validate_variables

# In its own process: ansible-core changes the process that imports it.
ASK = """
import json
from ansible import constants
from ansible.vars.reserved import get_reserved_names
print(json.dumps([sorted(constants.INTERNAL_STATIC_VARS), sorted(get_reserved_names())]))
"""


def test_the_lists_are_ansible_cores_own():
    answer = subprocess.run([sys.executable, "-c", ASK], capture_output=True, check=True)
    magic, reserved = map(set, json.loads(answer.stdout))
    assert magic <= MAGIC
    # `with_` is a prefix.
    assert reserved - MAGIC - {"with_"} == KEYWORDS | FUNCTIONS
    assert not MAGIC & (KEYWORDS | FUNCTIONS)


@pytest.mark.parametrize("name", sorted(MAGIC_FOR_SERVERS))
def test_a_server_has_no_variable_that_ansible_sets_itself(name):
    with pytest.raises(ValidationError, match="Ansible sets this variable itself"):
        validate_variables({name: "x"})


@pytest.mark.parametrize("name", ["environment", "port", "lookup", "role_name", "inventory_dir"])
def test_a_server_may_have_a_variable_that_works(name):
    validate_variables({name: "x"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("environment", "tasks see their own environment"),
        ("port", "keyword of Ansible, which warns"),
        ("lookup", "function of Ansible's templates"),
        ("version", ""),
    ],
)
def test_a_name_that_means_something_else_too_is_remarked_upon(name, said):
    assert said in reservation(name)
    assert bool(said) == bool(reservation(name))
