"""Part of infraops_events.py: where tasks that run on the worker itself keep their files."""

from typing import Any

from ansible import constants
from ansible.plugins.loader import connection_loader


def keep_local_files() -> None:
    """Let local connections write modules, which hold their arguments, into the run's folder.

    Whatever makes the connection local: the server, the play, a task, or delegation to localhost.
    A variable such as ansible_remote_tmp still wins. Other connections are as they were.
    """
    local = connection_loader.get("ansible.builtin.local", class_only=True)
    set_up = local.__init__

    def with_own_folders(connection: Any, *args: Any, **kwargs: Any) -> None:
        set_up(connection, *args, **kwargs)
        connection._shell.set_options = _with_folders(connection, connection._shell.set_options)

    local.__init__ = with_own_folders


def _with_folders(connection: Any, set_options: Any) -> Any:
    def set_and_replace(*args: Any, **kwargs: Any) -> None:
        set_options(*args, **kwargs)
        _replace(connection._shell, "remote_tmp")
        # Another user could not write there. For modules, Ansible then takes a shared folder.
        if connection.become is None:
            _replace(connection._shell, "async_dir")

    return set_and_replace


def _replace(shell: Any, option: str) -> None:
    _value, origin = shell.get_option_and_origin(option)
    if not str(origin).startswith("var"):
        shell.set_option(option, constants.DEFAULT_LOCAL_TMP)
