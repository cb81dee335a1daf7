"""Differences: values, keys of JSON, lines of text."""

import pytest

from audit.stories.clients import client_in_words
from audit.stories.differences import Difference, differences

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Mobile/15E148 Safari/604.1"


def signed(difference):
    return [f"{line.sign}{line.text}" for line in difference.lines]


def test_plain_values_stand_side_by_side():
    assert differences({"ssh_port": [22, 2222], "is_active": [True, False]}) == [
        Difference("ssh_port", "22", "2222"),
        Difference("is_active", "yes", "no"),
    ]


def test_no_value_differs_from_an_empty_one():
    assert differences({"note": [None, ""], "tags": [None, {}]}) == [
        Difference("note", None, ""),
        Difference("tags", None, "{}"),
    ]


def test_json_is_compared_by_key_as_it_stands_and_as_text():
    old, new = {"role": "web", "rack": {"row": 4}}, {"role": "web", "rack": {"row": 5}, "up": None}
    expected = [Difference("tags.rack.row", "4", "5"), Difference("tags.up", None, "null")]
    assert differences({"tags": [old, new]}) == expected
    text = '{"role": "web", "rack": {"row": 4}}', '{"role": "web", "rack": {"row": 5}, "up": null}'
    assert differences({"tags": list(text)}) == expected
    assert differences({"tags": ["{no json", "[neither"]})[0].before == "{no json"
    assert differences({"tags": ["[" * 100_000, ""]})[0].before == "[" * 100_000


def test_a_long_text_is_compared_line_by_line():
    old = "\n".join(f"line {number}" for number in range(30))
    (found,) = differences({"text": [old, old.replace("line 9\n", "<b>\n") + "\nlast"]})
    assert signed(found) == [
        *(" line 7", " line 8", "-line 9", "+<b>", " line 10", " line 11"),
        *("@…", " line 28", " line 29", "+last"),
    ]


def test_an_item_more_in_a_list_is_a_line_more():
    (found,) = differences({"hosts": [["web1"], ["web1", "web2"]]})
    assert signed(found) == [" web1", "+web2"]


def test_what_is_left_out_is_counted():
    long = "\n".join(str(number) for number in range(5_000))
    (found,) = differences({"text": ["", long]}, most_lines=10)
    assert len(found.lines) == 10 and found.more == 4_990
    (one,) = differences({"text": ["", "x" * 100_000]})
    assert len(one.lines[0].text) == 2_000


@pytest.mark.parametrize("changes", [None, [], "text", {"a": "b"}, {"a": [1]}, {"a": [1, 2, 3]}])
def test_anything_else_is_no_difference(changes):
    assert differences(changes) == []


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox 128 on Linux"),
        (EDGE, "Edge 126 on Windows"),
        (PHONE, "Safari 17 on an iPhone"),
        ("curl/8.5.0", "curl 8.5.0"),
        ("python-requests/2.31.0", "Python requests 2.31.0"),
        ("<script>", "<script>"),
        ("Mozilla/5.0 (compatible)", "Mozilla/5.0 (compatible)"),
        ("", ""),
    ],
)
def test_a_client_is_told_in_plain_words(user_agent, words):
    assert client_in_words(user_agent) == words
