"""What the console's admin pages share."""

from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied, ValidationError

from console.lists import AtLeast, call_each, join_names, reason
from console.objects import find_references
from schema.exceptions import Refused
from tests import make


def request_of(rf):
    request = rf.post("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


def test_each_row_gets_its_word(rf):
    answers = {"a": True, "b": False, "c": Refused("not now"), "d": PermissionDenied()}
    answers["e"] = ValidationError({"tags": ["bad", "worse"]})

    def verb(row):
        if isinstance(answers[row], Exception):
            raise answers[row]
        return answers[row]

    request = request_of(rf)
    assert call_each(request, answers, verb, done="Done", unchanged="Were so") == 1
    assert sorted(message.message for message in get_messages(request)) == [
        "Done: a.",
        "Were so: b.",
        "c: not now",
        "d: Your role does not allow this.",
        "e: bad worse",
    ]


def test_long_lists_of_names_are_cut():
    assert join_names(["a", "b"]) == "a, b"
    assert join_names([str(n) for n in range(14)]).endswith("9 and 4 more")


def test_reasons_are_words():
    assert reason(ValidationError("bad")) == "bad"
    assert reason(Refused("not now")) == "not now"


def test_a_count_that_stopped_says_so():
    assert str(AtLeast(10_000)) == "10000+" and AtLeast(10_000) + 1 == 10_001


def test_what_names_a_row(db):
    job = make.job()
    assert "jobs" in find_references(job.server) and "deactivate" in find_references(job.server)
    assert find_references(make.server()) == ""
