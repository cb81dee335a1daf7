"""What is left out of a module's result on the way to the database is marked where it was."""

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from automation import execution
from automation.execution.events import Event, Task
from automation.execution.masking import SEAM, Masking
from automation.execution.tally import MAX_MESSAGE, Tally
from automation.execution.task_results import result_message
from automation.execution.whole_results import kept_result

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "Zq7Kw9Xy/" * 11 + "end"


def loaded(name: str) -> ModuleType:
    """A module of the callback, which only ansible-playbook imports otherwise."""
    folder = Path(execution.__path__[0]) / "ansible_channel"
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def described() -> ModuleType:
    return loaded("infraops_described")


def kept(described: ModuleType, result: dict, *secrets: str) -> tuple[dict, bool]:
    """The result as it is stored, and whether it counts as cut."""
    task = SimpleNamespace(resolved_action="ansible.builtin.raw", action="raw")
    told = json.loads(json.dumps(described.whole(SimpleNamespace(result=result, task=task))))
    mask = Masking([(each, each) for each in secrets]).result
    text, is_cut = kept_result(told["whole"], mask, is_cut=told["whole_is_cut"])
    return json.loads(text), is_cut


def test_both_sides_know_the_seam(described) -> None:
    assert described.SEAM == SEAM


def test_what_fits_is_not_cut(described) -> None:
    result = {"stdout": "x" * 19_000, "list": [1] * 1_000, "_ansible_no_log": False}
    assert kept(described, result) == ({"stdout": "x" * 19_000, "list": [1] * 1_000}, False)


def test_items_past_the_thousandth_are_counted(described) -> None:
    shown, is_cut = kept(described, {"list": list(range(1_500))})
    assert is_cut and shown["list"][999:] == [999, "… [500 more cut]"]
    shown, is_cut = kept(described, {"dict": {f"k{n}": 1 for n in range(1_003)}})
    assert is_cut and shown["dict"]["…"] == "[3 more cut]" and len(shown["dict"]) == 1_001


def test_what_is_too_deep_or_too_much_is_marked(described) -> None:
    deep: dict = {}
    for _ in range(25):
        deep = {"a": deep}
    shown, is_cut = kept(described, deep)
    assert is_cut and "… [cut]" in json.dumps(shown, ensure_ascii=False)
    assert kept(described, {"list": ["x" * 2_000] * 900, "last": 1})[1]


def test_a_text_without_its_middle_counts_as_cut_however_much_is_masked(described) -> None:
    # Masked, it would fit as a whole.
    shown, is_cut = kept(described, {"stdout": SECRET * 2_000}, SECRET)
    assert is_cut and "… [cut] …" in shown["stdout"]


@pytest.mark.parametrize("shift", range(0, len(SECRET), 9))
def test_no_half_of_a_secret_stands_at_the_seam(described, shift) -> None:
    text = "." * shift + SECRET * 2_000
    shown, _ = kept(described, {"stdout": text}, SECRET)
    short = described.shortened({"msg": text, "stdout": text})
    mask = Masking([("it", SECRET)])
    message = result_message(short, mask.result)
    for said in (shown["stdout"], message, mask.result(short["msg"])):
        assert "********" in said
        assert not any(piece in said for piece in ("Zq", "Kw", "Xy", "end"))


def test_without_secrets_nothing_but_the_middle_is_missing(described) -> None:
    text = described.shortened({"msg": "a" * 64_000 + "b" * 10 + "c" * 64_000})["msg"]
    assert Masking(()).result(text) == "a" * 64_000 + "… [cut] …" + "c" * 64_000


def test_displayed_text_is_cut_between_lines() -> None:
    cut = loaded("infraops_channel")._cut
    assert cut("one\ntwo", 7) == "one\ntwo"
    assert cut("one\nsecret\n", 8) == "one\n … [7 more characters cut]"
    assert cut("x" * 12, 8) == "xxxxxxxx … [4 more characters cut]"


# --- Messages -------------------------------------------------------------------------------------


def failed_with(**result: str) -> str:
    tally = Tally()
    task = Task(uuid="1", name="Deploy")
    told = {"status": "failed", "result": result}
    tally.note(Event("result", NOW, host="web1", task=task, data=told))
    counts = {"web1": {"failures": 1}}
    tally.note(Event("recap", NOW, data={"counts": counts, "took_part": ["web1"]}))
    return tally.outcome("web1", 2).error_message


def test_a_failure_has_its_whole_message() -> None:
    message = "It broke. " + "Because. " * 900 + "The end."
    assert failed_with(msg=message) == f"Task “Deploy” failed: {message}"


def test_a_message_past_the_limit_says_that_it_is_cut() -> None:
    said = failed_with(msg="x" * 50_000)
    assert len(said) == MAX_MESSAGE and said.endswith("x… [cut]")


def test_only_the_end_of_the_output_is_in_a_message_and_says_so() -> None:
    said = failed_with(msg="non-zero return code", stderr="a" * 600 + "b" * 500)
    assert said.endswith("non-zero return code — … [cut] " + "b" * 500)
    row = result_message({"msg": "no", "stdout": "a" * 600 + "b" * 500}, str)
    assert row == "no — … [cut] " + "b" * 500
    assert result_message({"msg": "no", "stdout": "b" * 500}, str) == "no — " + "b" * 500
