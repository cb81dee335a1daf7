"""How long a playbook usually takes on a server."""

from datetime import timedelta

import pytest
from django.utils import timezone

from automation.reports.track_record import usual_seconds_on
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    return make.playbook(), make.server()


def jobs(pair, *seconds, status="success"):
    playbook, server = pair
    end = timezone.now()
    for duration in seconds:
        times = {"started_at": end - timedelta(seconds=duration), "completed_at": end}
        make.job(playbook=playbook, server=server, status=status, **times)


def keys(pair):
    return pair[0].pk, pair[1].pk


def test_it_is_the_median_of_the_last_20_successes(pair):
    jobs(pair, *[1000] * 3, *[10] * 9, 20, *[30] * 10)
    assert usual_seconds_on([keys(pair)]) == {keys(pair): 25}


def test_only_successes_count(pair):
    jobs(pair, 10)
    jobs(pair, 500, status="failed")
    jobs(pair, 600, status="cancelled")
    assert usual_seconds_on([keys(pair)]) == {keys(pair): 10}


def test_each_pair_has_its_own_and_one_query_asks_for_all(pair, query_ceiling):
    other, never = (make.playbook(), pair[1]), (pair[0], make.server())
    jobs(pair, 10)
    jobs(other, 60, 80)
    with query_ceiling(1):
        usual = usual_seconds_on([*map(keys, (pair, other, never, pair))])
    assert usual == {keys(pair): 10, keys(other): 70}


def test_nothing_is_asked_for_no_pair(query_ceiling):
    with query_ceiling(0):
        assert usual_seconds_on([]) == {}
