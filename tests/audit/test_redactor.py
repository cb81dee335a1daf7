"""Known secrets are found in a text in every notation."""

import json
import shlex
import time

import pytest
import yaml

from audit import redaction
from audit.redaction import MASK, Redactor, secret_texts

SECRETS = [
    "Zq7Kw9Xy",
    "Zq7'Kw\"9Xy\\n$HOME`id`",
    "Zqß🚀Kw\u00a0Xyé",
    "Zq7\tKw9\x07Xy",
    "Zq7 Kw9\nXy",
    "Zq7Kw\\",
    "Zq7'\nKw9\\\né\"Xy",
    "Zq7\n\n\nKw9  \t Xy",
]
NOTATIONS = {
    "itself": str,
    "json": json.dumps,
    "json in unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json in json": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "shell": shlex.quote,
    "shell in json": lambda text: json.dumps(shlex.quote(text)),
    "shell in shell": lambda text: shlex.quote(shlex.quote(text)),
    "yaml": lambda text: yaml.dump({"a": text}),
    "yaml in json": lambda text: json.dumps(yaml.dump({"a": text}, allow_unicode=True)),
    "repr in json": lambda text: json.dumps(repr(text)),
}


@pytest.mark.parametrize("secret", SECRETS, ids=ascii)
@pytest.mark.parametrize("notation", NOTATIONS)
def test_it_is_masked_in_any_notation(secret: str, notation: str) -> None:
    text = Redactor([secret]).redact(f"before {NOTATIONS[notation](secret)} after")

    assert MASK in text and text.startswith("before ") and text.endswith(" after")
    assert not any(piece in text for piece in ("Zq", "Kw", "Xy"))


def test_a_long_text_that_yaml_folds_is_masked() -> None:
    secret = "correct horse battery staple " * 20 + "end"

    text = Redactor([secret]).redact(json.dumps(yaml.dump({"a": secret})))

    assert "horse" not in text


@pytest.mark.parametrize("fold", ["\n    ", "\r\n  ", "\x1b[0m\r\n\x1b[0;33m      ", "\\\n  \\ "])
def test_a_text_that_goes_on_in_the_next_line_is_masked(fold: str) -> None:
    said = f"msg: the words are correct horse{fold}battery staple"

    masked_text = Redactor(["correct horse battery staple"]).redact(said)

    assert masked_text == f"msg: the words are {MASK}"


def test_each_line_of_a_key_is_masked_where_it_stands_alone() -> None:
    redactor = Redactor(["-----BEGIN KEY-----\nb3BlbnNz\naC1rZXkt\n-----END KEY-----\n"])

    assert redactor.redact("+ aC1rZXkt") == f"+ {MASK}"


def test_what_is_too_short_stays() -> None:
    assert Redactor(["a", "", "ab"]).redact("about a cab") == "about a cab"


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("x" + "\\" * 300 + "y", "x" + "\\" * 5000 + "z"),
        ("a" + " " * 200 + "b", "a" + " " * 5000),
        ("xxx" + "\\n" * 50, "xxx" + "\\n" * 10_000),
        ("ab! !", "ab\\\\" * 100_000),
    ],
    ids=["backslashes", "spaces", "escapes", "starts"],
)
def test_no_text_makes_it_slow(secret: str, text: str) -> None:
    started = time.process_time()

    Redactor([secret]).redact(text)

    assert time.process_time() - started < 2


def test_the_secrets_of_a_record_are_found_by_their_keys() -> None:
    variables = {
        "ansible_become_password": "one",
        "db": {"user": "app", "password": "two"},
        "api_tokens": ["three", {"old": "four"}],
        "password_length": 12,
        "colour": "blue",
    }

    assert secret_texts(variables) == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("abc" + "\n" * 40 + "xyz", "abc" + "\\n" * 60 + "! xyz"),
        ("abc" + " " * 40 + "xyz", "abc" + "\\n  " * 40 + "! xyz"),
        ("ab'-" * 30 + "xyz", ("ab'" + "\\" * 12 + "-") * 29 + "!"),
        ("ab'é" * 30 + "xyz", ("ab'" + "\\" * 12 + "u00e9") * 29 + "!"),
        ("ab'\n" * 30 + "xyz", ("ab'" + "\\" * 12 + "n") * 29 + "!"),
        ("ab \\n" * 30 + "xyz", "ab \\n\\n" * 40 + "!"),
    ],
)
def test_no_pair_of_secret_and_text_takes_for_ever(secret: str, text: str) -> None:
    """Each of these took minutes, or forever, when a part of the pattern could backtrack."""
    began = time.process_time()

    Redactor([secret]).redact(text * 50)

    assert time.process_time() - began < 1


def test_of_many_secrets_each_is_masked_as_of_a_few(monkeypatch) -> None:
    several = [
        *(f"{number:04x}-Secr{number * 7919}" for number in range(500)),
        *SECRETS,
        "§§§",
        "§b§",
    ]
    many = Redactor(several)
    monkeypatch.setattr(redaction, "MANY_SECRETS", len(several) * 10)
    one_by_one = Redactor(several)
    for secret in [*SECRETS, several[17], "§§§", "§b§"]:
        for write in NOTATIONS.values():
            text = f"before {write(secret)} after"
            assert many.redact(text) == one_by_one.redact(text) != text
    assert many.redact("nothing of the kind") == "nothing of the kind"
