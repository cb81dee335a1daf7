"""Wrong settings are reported before anything starts."""

import pytest

from infraops.checks import check_settings


def ids() -> list[str | None]:
    return [message.id for message in check_settings()]


def test_the_suites_own_settings_are_fine() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RUN_DEADLINE_SECONDS", 0, "infraops.E001"),
        ("RUN_DEADLINE_SECONDS", 10**6, "infraops.E001"),
        ("TRUSTED_PROXIES", ["proxy.example.com"], "infraops.E002"),
        ("PLAYBOOK_ROOT", "/nowhere", "infraops.W001"),
        ("STATE_ROOT", "/dev/null", "infraops.W003"),
        ("STATE_ROOT", "/proc/self/nowhere", "infraops.W003"),
        ("SESSION_IDLE_MINUTES", 0, "infraops.E004"),
        ("SESSION_HOURS", -1, "infraops.E004"),
        ("API_KEY_DAYS", 0, "infraops.E004"),
    ],
)
def test_a_wrong_value_is_named(settings, name, value, expected) -> None:
    setattr(settings, name, value)

    assert ids() == [expected]


@pytest.mark.parametrize("proxy", ["127.0.0.1", "10.0.0.0/8", "::1"])
def test_addresses_and_networks_are_proxies(settings, proxy) -> None:
    settings.TRUSTED_PROXIES = [proxy]

    assert ids() == []
