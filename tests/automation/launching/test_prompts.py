"""A playbook's prompts: what a launch asks for, and what the play receives."""

import pytest
from django.core.exceptions import ValidationError

from audit.models import AuditLog
from automation import variables
from automation.content import prompts
from automation.content.imported_playbooks import plays_with_imported
from automation.content.playbook_files import plays_in
from automation.importing import import_playbooks
from automation.models import Job, Playbook
from schema.exceptions import Refused
from tests import make
from tests.automation.running import run_here, text_of

pytestmark = pytest.mark.django_db

ASKING = """
- hosts: all
  gather_facts: false
  vars:
    region: eu-central
  vars_prompt:
    - {name: bucket, prompt: "Which bucket?", private: false, default: "backup-{{ region }}"}
    - {name: port, private: false, default: 8080}
    - {name: login_hash, confirm: true, default: hunter2hunter2}
  tasks:
    - name: Show
      ansible.builtin.debug:
        msg: "<{{ bucket }}> <{{ port }}> {{ login_hash | length }} letters"
"""
ASKED = {
    "bucket": {
        "type": "string",
        "help": "Which bucket?",
        "playbook_default": "backup-{{ region }}",
    },
    "port": {"type": "string", "help": "", "default": "8080"},
    "login_hash": {"type": "string", "help": "", "secret": True, "playbook_default": ""},
}


def asked(text: str) -> dict:
    plays = plays_in(text.encode())
    assert plays
    schema = prompts.schema_of(plays)
    variables.validate_schema(schema)
    return schema


def prompt(**fields) -> dict:
    """The schema entry for a single prompt."""
    return prompts.schema_of([{"vars_prompt": [{"name": "x", "private": False, **fields}]}])["x"]


def registered(content: str, name: str = "asking.yml", **fields) -> Playbook:
    """Registered as the form and the API do it."""
    make.playbook_file(name, content)
    playbook = Playbook(name=name, file_path=name, **fields)
    playbook.full_clean()
    playbook.save()
    return playbook


# --- From prompts to a schema ---------------------------------------------------------------------


def test_prompts_become_a_schema():
    assert asked(ASKING) == ASKED


def test_a_prompt_without_a_default_is_required():
    plays = [
        {"vars_prompt": [{"name": "user", "prompt": "Who?", "private": False}]},
        {"vars_prompt": {"name": "password"}},
        {"hosts": "all"},
    ]
    assert prompts.schema_of(plays) == {
        "user": {"type": "string", "help": "Who?", "required": True},
        "password": {"type": "string", "help": "", "secret": True, "required": True},
    }


def test_prompts_that_are_none_are_passed_over():
    plays = [
        {"vars_prompt": "x"},
        {"vars_prompt": ["x", {}, {"name": ""}, {"name": "{{ which }}"}]},
        {"vars_prompt": {}},
    ]
    assert prompts.schema_of(plays) == {}


@pytest.mark.parametrize(
    ("default", "text"), [("", ""), (8080, "8080"), (True, "True"), (0.5, "0.5"), ("a b", "a b")]
)
def test_a_plain_default_is_the_text_that_ansible_makes_of_it(default, text):
    assert prompt(default=default)["default"] == text


@pytest.mark.parametrize("default", ["{{ a }}", "x{% if a %}y{% endif %}", "{# a #}", ["a"]])
def test_what_only_ansible_can_work_out_stays_with_the_playbook(default):
    entry = prompt(default=default)
    assert entry["playbook_default"] == str(default)
    assert "default" not in entry and "required" not in entry


@pytest.mark.parametrize("default", ["!vault abc", "!unsafe '{{ a }}'"])
def test_a_default_with_a_tag_of_ansibles_is_one(default):
    text = f"- hosts: all\n  vars_prompt:\n    - {{name: x, private: no, default: {default}}}\n"
    assert asked(text) == {"x": {"type": "string", "help": "", "playbook_default": ""}}


def test_a_prompt_that_hashes_says_so_and_keeps_its_default():
    entry = prompt(default="a", prompt="Password", encrypt="sha512_crypt")
    assert entry["playbook_default"] == "a"
    assert entry["help"].startswith(
        "Password The playbook's prompt hashes this value (sha512_crypt)"
    )


@pytest.mark.parametrize(("private", "is_secret"), [("no", False), ("yes", True), (True, True)])
def test_private_is_read_as_ansible_reads_it(private, is_secret):
    assert bool(prompt(private=private).get("secret")) is is_secret


def test_two_plays_that_ask_for_the_same_are_asked_once():
    ask = lambda **more: {"vars_prompt": [{"name": "x", "private": False, **more}]}  # noqa: E731
    assert prompts.schema_of([ask(default=1), ask(default=1)])["x"]["default"] == "1"
    assert prompts.schema_of([ask(default=1), ask(default=2)])["x"]["playbook_default"] == "1"
    assert prompts.schema_of([ask(default=1), ask()])["x"]["required"]
    assert prompts.schema_of([ask(default=1), ask(default=1, private=True)])["x"]["secret"]


# --- Imported playbooks ---------------------------------------------------------------------------


def names_asked_by(file_path: str) -> list[str]:
    return list(prompts.schema_of(plays_with_imported(file_path)))


def asking_for(name: str, *imports: str) -> str:
    imported = "".join(f"- import_playbook: {each}\n" for each in imports)
    return f"{imported}- hosts: all\n  vars_prompt: [{{name: {name}, private: no}}]\n"


def test_imported_playbooks_are_asked_for_too_in_their_order():
    make.playbook_file("web/site.yml", asking_for("last", "../db/main.yml", "more/other.yml"))
    make.playbook_file("db/main.yml", asking_for("second", "first.yml"))
    make.playbook_file("db/first.yml", asking_for("first"))
    make.playbook_file(
        "web/more/other.yml", "- ansible.builtin.import_playbook: ../third.yml\n- hosts: all\n"
    )
    make.playbook_file("web/third.yml", asking_for("third"))
    assert names_asked_by("web/site.yml") == ["first", "second", "third", "last"]


def test_a_circle_of_imports_is_walked_once():
    make.playbook_file("a.yml", asking_for("a", "b.yml", "a.yml"))
    make.playbook_file("b.yml", asking_for("b", "a.yml"))
    assert names_asked_by("a.yml") == ["b", "a"]


def test_imports_that_cannot_be_known_or_lie_outside_are_passed_over(tmp_path):
    (tmp_path / "outside.yml").write_text(asking_for("outside"))
    make.playbook_file("real/inside.yml", asking_for("inside"))
    imports = [
        f"{tmp_path}/outside.yml",
        "../../../outside.yml",
        '"{{ which }}.yml"',
        "gone.yml",
        "ns.collection.playbook",
        "real",
        "[a, b]",
        "real/inside.yml",
    ]
    path = make.playbook_file("a.yml", asking_for("a", *imports, "link.yml"))
    path.with_name("link.yml").symlink_to(tmp_path / "outside.yml")
    assert names_asked_by("a.yml") == ["inside", "a"]


def test_imports_are_relative_to_where_the_file_really_lies():
    real = make.playbook_file("releases/1/site.yml", asking_for("a", "../common.yml"))
    make.playbook_file("releases/common.yml", asking_for("common"))
    link = real.parent.parent.parent / "current"
    link.symlink_to("releases/1")
    assert names_asked_by("current/site.yml") == ["common", "a"]


def test_very_many_imports_are_not_followed_for_ever():
    for number in range(150):
        make.playbook_file(f"p{number}.yml", asking_for(f"v{number}", f"p{number + 1}.yml"))
    assert 50 < len(names_asked_by("p0.yml")) <= 102


# --- Registering ----------------------------------------------------------------------------------


def test_a_new_playbook_asks_for_what_its_prompts_do():
    assert registered(ASKING).variables == ASKED


def test_variables_that_were_given_at_the_registration_stay():
    given = {"bucket": {"type": "choice", "choices": ["a", "b"]}}
    assert registered(ASKING, variables=given).variables == given


def test_variables_that_were_taken_away_later_do_not_come_back():
    playbook = registered(ASKING)
    playbook.variables = {}
    playbook.full_clean()
    assert playbook.variables == {}


def test_an_import_registers_prompts_of_imported_playbooks_and_remarks_upon_names(tmp_path):
    make.playbook_file("site.yml", "- import_playbook: parts/web.yml\n")
    make.playbook_file("parts/web.yml", asking_for("environment"))
    root = make.playbook_file("bad.yml", asking_for("inventory_hostname")).parent
    report = import_playbooks(root)
    assert list(Playbook.objects.get(name="site").variables) == ["environment"]
    assert report.refused["bad.yml"].startswith(
        "variables: inventory_hostname: Ansible sets this variable itself"
    )
    assert "keyword of Ansible" in report.warnings["site.yml"][0]


# --- Accepting a changed file ---------------------------------------------------------------------


def test_accepting_a_file_asks_for_its_new_prompts_and_keeps_what_was_edited(boss):
    playbook = registered(ASKING)
    playbook.variables["port"] = edited = {"type": "integer", "default": 9090}
    playbook.save()
    changed = ASKING.replace("backup-{{ region }}", "bk-{{ region }}")
    changed = changed.replace("default: 8080", "default: 1234")
    make.playbook_file("asking.yml", changed + asking_for("more"))
    assert playbook.accept_file(boss)
    playbook.refresh_from_db()
    assert playbook.variables["port"] == edited
    assert playbook.variables["bucket"]["playbook_default"] == "bk-{{ region }}"
    assert playbook.variables["more"] == {"type": "string", "help": "", "required": True}
    line = AuditLog.objects.about(playbook).get(action="playbook.file_accepted")
    assert line.details["prompts"] == ["bucket", "more"]


def test_a_default_that_the_playbook_has_no_more_is_asked_for(boss):
    playbook = registered(ASKING)
    make.playbook_file("asking.yml", asking_for("bucket"))
    assert playbook.accept_file(boss)
    assert playbook.variables["bucket"] == {
        "type": "string",
        "help": "Which bucket?",
        "required": True,
    }


def test_a_file_whose_prompts_cannot_be_given_is_not_accepted(boss):
    playbook = registered(ASKING)
    make.playbook_file("asking.yml", asking_for("hostvars"))
    with pytest.raises(Refused, match="hostvars: Ansible sets this variable itself"):
        playbook.accept_file(boss)
    playbook.refresh_from_db()
    assert (playbook.file_state, playbook.variables) == ("changed", ASKED)
    report = import_playbooks(playbook.path.parent, accept_as=boss)
    assert "hostvars" in report.refused["asking.yml"]


# --- Older schemas --------------------------------------------------------------------------------

OF_BEFORE = {
    "bucket": {"type": "string", "help": "", "default": "backup-{{ region }}"},
    "port": {"type": "string", "help": "", "default": "8080"},
    "login_hash": {"type": "string", "help": "", "secret": True},
}


def test_a_template_of_the_playbooks_own_is_left_to_it():
    playbook = registered(ASKING, variables=OF_BEFORE)
    assert playbook.schema() == OF_BEFORE | {
        "bucket": {"type": "string", "help": "", "playbook_default": "backup-{{ region }}"}
    }


def test_a_template_that_the_registry_has_by_itself_is_data():
    given = OF_BEFORE | {"bucket": {"default": "{{ mine }}"}, "port": {"default": "{{ 1 }}"}}
    assert registered(ASKING, variables=given).schema() == given


def test_the_file_is_read_only_for_a_template(monkeypatch):
    def never():
        raise AssertionError

    assert prompts.with_code_left_out({"a": {"default": "b"}, "c": {}}, never)


# --- What the play receives -----------------------------------------------------------------------


def said(playbook: Playbook, **given) -> str:
    job = run_here(playbook, make.localhost(), extra_vars=given)[0]
    assert job.status == Job.Status.SUCCESS, job.error_message
    return text_of(job)


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.parametrize("variables", [{}, OF_BEFORE], ids=["new", "registered before"])
def test_the_plays_own_defaults_are_worked_out_by_ansible(variables):
    playbook = registered(ASKING, variables=variables)
    assert "<backup-eu-central> <8080> 14 letters" in said(playbook)


@pytest.mark.slow
@pytest.mark.on_either
def test_what_is_typed_wins_and_stays_data():
    text = said(registered(ASKING), bucket="{{ region }}", port="9", login_hash="{{ 1 }}")
    assert "<{{ region }}> <9> 7 letters" in text


@pytest.mark.slow
@pytest.mark.on_either
def test_the_default_as_it_is_written_is_data_too_when_it_is_typed():
    assert "<backup-{{ region }}> <8080>" in said(registered(ASKING), bucket="backup-{{ region }}")


@pytest.mark.slow
@pytest.mark.on_either
def test_a_prompt_of_an_imported_playbook_gets_what_was_given():
    make.playbook_file("parts/asking.yml", ASKING.replace('"backup-{{ region }}"', "~"))
    playbook = registered("- import_playbook: parts/asking.yml\n", "site.yml")
    with pytest.raises(ValidationError, match="A value is required"):
        make.launch(playbook, make.user(role="operator"), [make.localhost()])
    assert "<mine> <8080> 14 letters" in said(playbook, bucket="mine")


@pytest.mark.slow
@pytest.mark.on_either
def test_a_default_that_is_unsafe_or_a_list_is_the_playbooks_own():
    text = """
- hosts: all
  gather_facts: false
  vars: {region: eu}
  vars_prompt:
    - {name: a, private: no, unsafe: yes, default: "x-{{ region }}"}
    - {name: b, private: no, default: [1, 2]}
    - {name: c, private: no, default: ""}
  tasks:
    - ansible.builtin.debug: {msg: "<{{ a }}> <{{ b }}> <{{ c }}>"}
"""
    assert "<x-eu> <[1, 2]> <>" in said(registered(text))
