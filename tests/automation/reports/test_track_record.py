"""Track records in figures: the same rounding on every page and in the API."""

import pytest
from django.urls import reverse

from automation.reports.track_record import TrackRecord, median_of, success_rate
from tests import make


@pytest.mark.parametrize(
    ("succeeded", "of", "rate"),
    [
        *((0, 0, None), (0, 3, 0), (3, 3, 100)),
        *((1, 3, 33), (2, 3, 66), (999, 1000, 99), (1, 1000, 0)),
    ],
)
def test_a_rate_is_rounded_down_and_100_only_where_all_succeeded(succeeded, of, rate):
    assert success_rate(succeeded, of) == rate


def test_nothing_has_no_rate_and_no_median():
    record = TrackRecord([])
    assert (record.count, record.decided, record.outcomes) == (0, 0, [])
    assert (record.success_rate, record.median_seconds) == (None, None)


def test_cancelled_skipped_and_running_ones_count_neither_way():
    ends = [(1.0, "success"), (5.0, "success"), (90.0, "failed"), (80.0, "cancelled")]
    record = TrackRecord([*ends, (None, "skipped"), (None, "running"), (None, "success")])
    assert (record.count, record.succeeded, record.failed, record.decided) == (7, 3, 1, 4)
    assert record.success_rate == 75
    assert record.median_seconds == 3
    assert record.outcomes[0] == ("success", 3)


def test_a_median_is_of_what_is_known():
    assert median_of([None, 4, 2, None]) == 3
    assert median_of([None]) is None


def test_playbook_server_home_and_api_show_the_same_rate(client_of, api_of, bob):
    playbook, server = make.playbook(), make.server()
    for status in ("success", "success", "failed"):
        make.job(playbook=playbook, server=server, status=status)
    client, api = client_of(bob), api_of(bob)
    pages = [playbook.get_absolute_url(), server.get_absolute_url(), reverse("home")]
    assert ["66%" in client.get(page).content.decode() for page in pages] == [True] * 3
    told = api.get(f"/api/playbooks/{playbook.pk}/statistics").json()
    assert told["latest"]["success_rate"] == 66
    assert api.get(f"/api/servers/{server.pk}/summary").json()["success_percent"] == 66
