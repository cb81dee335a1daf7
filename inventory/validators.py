"""Validators for servers and credentials. Each raises ValidationError saying what to do instead."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from schema.limits import first_problems, quoted

from .ansible.names import MAGIC_FOR_SERVERS, REFUSED

LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HOST_KEY = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?")
LOGIN = re.compile(r"[\w.][\w.@\\-]*\$?")
METHOD = re.compile(r"[a-z_]\w*(\.[a-z_]\w*)*")
# These select programs to run on the worker, or override decisions of InfraOps.
STEERING = ("ANSIBLE_", "INFRAOPS_", "LD_", "LC_", "PYTHON")
STEERING_NAMES = ("PATH", "HOME", "LANG", "SHELL", "IFS", "ENV", "BASH_ENV", "SSH_ASKPASS")
# `--limit all` would run on everything.
RESERVED_NAMES = ("all", "ungrouped")
# How JSON for Ansible marks a text that is encrypted by Ansible Vault, or is no template.
MARKERS = ("__ansible_vault", "__ansible_unsafe")
# Stands between a server's name and its inventory's.
AT = "@"
# Names with a column of their own: a variable would silently override it, and pages would show the
# wrong value.
COLUMNS = {
    "ansible_host": "IP address",
    "ansible_ssh_host": "IP address",
    "ansible_port": "SSH port",
    "ansible_ssh_port": "SSH port",
    "ansible_user": "SSH user",
    "ansible_ssh_user": "SSH user",
    "ansible_ssh_private_key_file": "SSH key file",
    "ansible_private_key_file": "SSH key file",
}


def validate_hostname(value: str) -> None:
    """Labels of letters, digits, "-" and "_", joined by dots; safe in Ansible patterns too."""
    if len(value) > 255 or not all(LABEL.fullmatch(label) for label in value.split(".")):
        raise ValidationError(
            f"“{value}” is not a valid host name. Use letters, digits, “-”, “_” and dots."
        )
    if value.lower() in RESERVED_NAMES:
        raise ValidationError(f"“{value}” is reserved by Ansible. Choose another name.")


def validate_host_name(value: str) -> None:
    """Whatever Ansible takes for a host's name: IPv6 addresses, capitals, spaces inside, “é”.

    Refused are names that no limit could name: limits are lists of lines, and stripped.
    """
    _validate_line(value)
    if value.lower() in RESERVED_NAMES:
        raise ValidationError(f"“{value}” is reserved by Ansible. Choose another name.")


def validate_inventory_name(value: str) -> None:
    _validate_line(value)
    if AT in value or "," in value:
        raise ValidationError(f"The name of an inventory cannot contain “{AT}” or a comma.")


def _validate_line(value: str) -> None:
    if not value or value != value.strip() or not value.isprintable():
        raise ValidationError(
            "A name is one line of printable characters, without spaces at its ends."
        )


def validate_key_path(value: str) -> None:
    """Empty, or a file below SSH_KEY_ROOT after resolving symbolic links."""
    if not value:
        return
    root = Path(settings.SSH_KEY_ROOT).resolve()
    try:
        path = (root / Path(value).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError):  # a symlink loop, an unknown ~user, a NUL
        raise ValidationError(f"“{value!a}” is not a valid path.") from None
    if path == root or not path.is_relative_to(root):
        raise ValidationError(f"“{value}” is outside {root}, the folder for private keys.")


def validate_object(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValidationError('Enter a JSON object, like {"role": "web"}.')


def validate_variables(value: Any) -> None:
    """A JSON object whose keys are valid Ansible variable names."""
    validate_object(value)
    for name in value:
        if not VARIABLE.fullmatch(name):
            raise ValidationError(
                f"“{name}” is not a variable name: use letters, digits and “_”, no digit first."
            )
        if name in MAGIC_FOR_SERVERS:
            raise ValidationError(f"“{name}”: {REFUSED}")
        if name in COLUMNS:
            raise ValidationError(f"“{name}” has its own field: “{COLUMNS[name]}”.")
    if problem := marker_problem(value):
        raise ValidationError(problem)


def marker_problem(value: Any) -> str:
    """What is wrong with a text that is marked as Ansible marks it in JSON; "" if nothing is.

    Ansible reads no inventory with such a value, and so no run with any server of this environment.
    """
    if isinstance(value, list):
        return next(filter(None, map(marker_problem, value)), "")
    if not isinstance(value, dict):
        return ""
    if is_marked_wrongly(value):
        return f"{' and '.join(MARKERS)} must stand alone in an object, with a text."
    return next(filter(None, map(marker_problem, value.values())), "")


def is_marked_wrongly(value: dict[str, Any]) -> bool:
    is_right = len(value) == 1 and all(isinstance(item, str) for item in value.values())
    return not value.keys().isdisjoint(MARKERS) and not is_right


def validate_tags(value: Any) -> None:
    """{"role": "web", "groups": ["db"], "canary": true}: text, numbers, booleans or lists."""
    validate_object(value)
    for key, item in value.items():
        items = item if isinstance(item, list) else [item]
        if not all(isinstance(one, str | int | float | bool) for one in items):
            raise ValidationError(f"The tag “{key}” must be text, a number, true, false or a list.")


def validate_host_key(value: str) -> None:
    """Lines as `ssh-keyscan` prints them, without the host: "ssh-ed25519 AAAA…"."""
    for line in value.splitlines():
        if line.strip() and not is_host_key(line.strip()):
            raise ValidationError(
                f"“{line.strip()[:60]}” is not a public host key, such as “ssh-ed25519 AAAA…”."
            )


def is_host_key(line: str) -> bool:
    return HOST_KEY.fullmatch(line) is not None


def validate_login(value: str) -> None:
    """A user name on a server; also CORP\\anna and anna@corp.example."""
    if not LOGIN.fullmatch(value):
        raise ValidationError(f"“{value}” is not a user name.")


def validate_become_method(value: str) -> None:
    if not METHOD.fullmatch(value):
        raise ValidationError(f"“{value}” is not a become method, such as “sudo”.")


def validate_environment(value: Any) -> None:
    """{"AWS_REGION": "eu-west-1"}: names and texts that do not affect what runs."""
    if not isinstance(value, dict):
        raise ValidationError({"environment": ['Enter an object: {"NAME": "value"}.']})
    problems = [
        f"{quoted(str(name))}: {problem}"
        for name, text in value.items()
        if (problem := _environment_problem(name, text))
    ]
    if problems:
        raise ValidationError({"environment": first_problems(problems)})


def _environment_problem(name: Any, text: Any) -> str:
    if not isinstance(name, str) or not VARIABLE.fullmatch(name):
        return "use letters, digits and “_”, not starting with a digit."
    if name.upper().startswith(STEERING) or name.upper() in STEERING_NAMES:
        return "cannot be set, as it would control the worker."
    if not isinstance(text, str) or "\0" in text:
        return "the value must be text."
    return ""
