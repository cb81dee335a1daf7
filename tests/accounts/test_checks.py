"""Permissions that do not exist are reported before anything starts."""

from accounts.checks import check_permissions
from console import parts
from console.collected import RolePermissions


def test_the_permissions_of_all_apps_exist():
    assert check_permissions() == []


def test_one_that_does_not_is_named_with_the_app_that_gives_it():
    given = RolePermissions(
        app="made_up",
        viewer=("inventory.view_server",),
        operator=("automation.lunch_playbook", "automation.launch_playbook"),
    )
    with parts.contributed(given):
        (message,) = check_permissions()
    assert message.id == "accounts.E001"
    assert message.msg == (
        "made_up grants the role operator the permission automation.lunch_playbook, "
        "which does not exist."
    )
