"""The files in deploy/ let workers stop gracefully, and name only what exists."""

import configparser
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

DEPLOY = Path(settings.BASE_DIR) / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def unit(path: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=True)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text())
    return parsed


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yml").read_text())


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def assert_command_exists(words: list[str]) -> None:
    program = Path(words[0]).name
    assert program in ("python", "gunicorn")
    if program == "python":
        assert words[1] == "manage.py"
        assert words[2] in get_commands()
    else:
        assert words[-1] == "infraops.wsgi"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_names_commands_that_exist_and_signals_the_main_process_only(path: Path) -> None:
    parsed = unit(path)

    assert set(parsed.sections()) == {"Unit", "Service", "Install"}
    assert_command_exists(shlex.split(parsed["Service"]["ExecStart"]))
    assert parsed["Service"]["KillMode"] == "mixed"
    assert parsed["Service"]["User"] != "root"


def test_systemd_waits_longer_than_the_grace_period() -> None:
    service = unit(DEPLOY / "systemd" / "infraops-worker.service")["Service"]

    assert seconds(service["TimeoutStopSec"]) >= settings.WORKER_GRACE_SECONDS + 30


def test_workers_leave_the_processor_to_the_console() -> None:
    """By weights of control groups, of which 100 and 1024 are what others have."""
    service = unit(DEPLOY / "systemd" / "infraops-worker.service")["Service"]

    assert int(service["CPUWeight"]) < 100
    assert compose()["services"]["worker"]["cpu_shares"] < 1024


def test_compose_names_commands_that_exist() -> None:
    for name in ("migrate", "grant", "console", "worker"):
        assert_command_exists(compose()["services"][name]["command"])


def test_compose_gives_the_owners_account_only_to_what_migrates() -> None:
    services = compose()["services"]

    def account(name: str) -> str:
        return services[name]["environment"]["DATABASE_URL"].split("//")[1].split(":")[0]

    assert {name: account(name) for name in ("migrate", "grant", "console", "worker")} == {
        "migrate": "infraops_owner",
        "grant": "infraops_owner",
        "console": "infraops_app",
        "worker": "infraops_app",
    }
    for name in ("console", "worker"):
        assert "OWNER" not in yaml.safe_dump(services[name])
        assert (
            services[name]["depends_on"]["grant"]["condition"] == "service_completed_successfully"
        )
    assert services["grant"]["command"][2:] == ["show_grants", "infraops_app", "--apply"]


def test_composes_database_gets_both_accounts() -> None:
    database = compose()["services"]["database"]
    text = (DEPLOY / "mariadb" / "accounts.sh").read_text()

    assert "./mariadb/accounts.sh:/docker-entrypoint-initdb.d/accounts.sh:ro" in database["volumes"]
    for name, account in (("OWNER", "infraops_owner"), ("APP", "infraops_app")):
        assert f"INFRAOPS_{name}_PASSWORD" in database["environment"]
        assert f"${{INFRAOPS_{name}_PASSWORD}}" in text and f"'{account}'@'%'" in text
    assert "GRANT ALL ON infraops.* TO 'infraops_owner'@'%' WITH GRANT OPTION;" in text
    assert "TO 'infraops_app'" not in text


def test_composes_heads_outlive_the_containers() -> None:
    for name in ("console", "worker"):
        service = compose()["services"][name]
        assert service["environment"]["AUDIT_HEADS_FILE"].startswith("/var/lib/infraops/")
        assert "state:/var/lib/infraops" in service["volumes"]
    assert "--owner=infraops --mode=0700 /var/lib/infraops" in (DEPLOY / "Dockerfile").read_text()


def test_composes_worker_has_an_init_and_longer_than_the_grace_period() -> None:
    worker = compose()["services"]["worker"]

    assert worker["init"] is True
    assert seconds(worker["stop_grace_period"]) >= settings.WORKER_GRACE_SECONDS + 30


def test_the_image_copies_requirements_that_exist() -> None:
    text = (DEPLOY / "Dockerfile").read_text()

    assert "requirements/prod.txt" in text
    assert (Path(settings.BASE_DIR) / "requirements" / "prod.txt").exists()
    assert ".env" in (Path(settings.BASE_DIR) / ".dockerignore").read_text().splitlines()
