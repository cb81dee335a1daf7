"""A task's whole result: masked, then cut to a size, with a note."""

import base64
import json
import math

import pytest

from automation.execution.masking import Masking
from automation.execution.whole_results import kept_result
from automation.models.results import RESULT_LENGTH

MASK = "********"


def kept(value, *secrets: str):
    text, is_cut = kept_result(value, Masking([(each, each) for each in secrets]).result)
    assert len(text) <= RESULT_LENGTH
    return (json.loads(text) if text else None), is_cut


def test_all_fields_are_kept_as_they_are() -> None:
    value = {"rc": 0, "changed": True, "stdout_lines": ["a", "b"], "start": None, "took": 0.5}
    assert kept(value) == (value, False)


@pytest.mark.parametrize("value", [None, {}, [], "text", 7])
def test_what_is_no_result_is_none(value) -> None:
    assert kept(value) == (None, False)


def test_secrets_are_masked_wherever_they_stand() -> None:
    value = {
        "msg": "logged in with hunter2hunter2",
        "hunter2hunter2": "as a name",
        "deep": [{"list": ["hunter2hunter2"]}],
        "pin": 73317331,
        "quoted": 'say "hunter2hunter2"',
        "invocation": {"module_args": {"db_password": "never told to us", "name": "web"}},
    }
    shown, is_cut = kept(value, "hunter2hunter2", "73317331")
    assert not is_cut
    text = json.dumps(shown)
    assert "hunter2" not in text and "73317331" not in text and "never told" not in text
    assert shown["invocation"]["module_args"] == {"db_password": MASK, "name": "web"}


@pytest.mark.parametrize(
    "name", ["Authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "cookies_string"]
)
def test_headers_that_prove_who_asks_are_masked(name) -> None:
    value = {"headers": {name: "Bearer abc"}, "list": [{name: ["a", "b"]}], "status": 200}
    assert kept(value)[0] == {"headers": {name: MASK}, "list": [{name: MASK}], "status": 200}
    assert kept({"authorization_mode": "strict"})[0] == {"authorization_mode": "strict"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "deploy:"])
@pytest.mark.parametrize("after", ["", "\n", "\nand more"])
@pytest.mark.parametrize(
    "secret", ["hunter2hunter2", "x>?~ü🚀>>>???secret", "l1-secret\nl2-secret"]
)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_known_secret_is_masked_in_base64_too(before, after, secret, encode) -> None:
    encoded = encode(f"{before}{secret}{after}".encode()).decode()
    shown, _ = kept({"content": encoded, "encoding": "base64"}, secret)
    assert MASK in shown["content"] and shown["encoding"] == "base64"
    # At most the characters at its ends, which it shares with its neighbours.
    left = shown["content"].replace(MASK, "")
    assert len(left) <= len(encoded) - (len(secret.encode()) * 8 // 6 - 2)


def test_base64_of_something_else_stays() -> None:
    encoded = base64.b64encode(b"nothing to hide, " * 20).decode()
    assert kept({"content": encoded}, "hunter2hunter2", "abc")[0] == {"content": encoded}


def test_a_result_that_is_too_large_is_cut_and_says_where() -> None:
    shown, is_cut = kept({"rc": 1, "stdout": "x" * 200_000 + "the end", "msg": "it broke"})
    assert is_cut and shown["rc"] == 1 and shown["msg"] == "it broke"
    assert shown["stdout"].endswith("the end") and "characters cut]" in shown["stdout"]
    shown, is_cut = kept({"results": [{"item": number, "rc": 0} for number in range(50_000)]})
    assert is_cut and "more cut]" in shown["results"][-1]
    assert kept({str(number): "y" * 90 for number in range(5_000)})[1]


def test_no_half_of_a_secret_is_left_by_the_cut() -> None:
    secret = "s3cr3t-" * 20
    shown, is_cut = kept({"stdout": (secret + " and more ") * 3_000}, secret)
    assert is_cut and "s3cr3t" not in shown["stdout"]


def test_what_no_database_takes_is_made_harmless() -> None:
    value = {"nul": "a\x00b", "half": "\ud800", "nan": math.nan, "inf": -math.inf, "huge": 10**40}
    shown, _ = kept(value)
    assert shown == {"nul": "ab", "half": "\\ud800", "nan": "nan", "inf": "-inf", "huge": 10**40}


def test_however_deep_it_ends() -> None:
    deep: dict = {}
    inner = deep
    for _ in range(200):
        inner["a"] = {"b" * 300: "c" * 300}
        inner = inner["a"]
    assert kept(deep)[1]
