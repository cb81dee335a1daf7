"""A server's tag as text: written in one form, read in that and the earlier one."""

import pytest

from inventory.choosing import choose_servers
from inventory.models import Server
from inventory.tag_texts import parse_tag, tag_text
from tests import make


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        *(("role", "web", "role=web"), ("rack", 7, "rack=7"), ("canary", True, "canary")),
        *(("old", False, "old=false"), ("url", "http://a?b=c", "url=http://a?b=c")),
    ],
)
def test_what_is_written_is_read_again(key, value, text):
    assert tag_text(key, value) == text
    expected = None if value is True else text.partition("=")[2]
    assert parse_tag(text) == (key, expected)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *((" role = web ", ("role", "web")), ("role:web", ("role", "web"))),
        *(("aws:team=web", ("aws:team", "web")), ("role=", ("role", "")), ("", ("", None))),
    ],
)
def test_spaces_and_the_earlier_form_are_understood(text, tag):
    assert parse_tag(text) == tag


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["role=web", "role:web", "rack=7", "canary", "aws:team=web"])
def test_a_list_and_a_launch_find_the_same_by_it(text):
    tags = {"role": ["db", "web"], "rack": 7, "canary": True, "aws:team": "web"}
    server = make.server(tags=tags)
    make.server(tags={"role": "mail", "rack": 77})
    assert list(Server.objects.with_tag(text)) == [server] == choose_servers(tag=text)
    words = {shown for _found_by, shown in server.tag_words()}
    assert words == {"role=db", "role=web", "rack=7", "canary", "aws:team=web"}
