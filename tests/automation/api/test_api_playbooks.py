import pytest
from django.conf import settings

from audit.models import AuditLog
from automation.content.playbook_files import hash_of
from automation.models import Playbook
from tests import make
from tests.recording import recorded

URL = "/api/playbooks"


def test_an_admin_registers_a_playbook(api_of, boss):
    path = make.playbook_file("web/deploy.yml", make.HELLO)
    admin = api_of(boss)
    with recorded() as lines:
        response = admin.post(URL, {"name": "Deploy", "file_path": "web/deploy.yml"})
    assert response.status_code == 201
    assert response.json()["file_hash"] == hash_of(path.read_bytes())
    assert response.json()["file_state"] == "unchanged"
    assert lines == ["playbook.created by boss"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("file_path", "../../etc/passwd", "without “..”"),
        ("file_path", "/etc/passwd", "must be relative"),
        ("file_path", "link.yml", "is outside"),
        ("file_path", "missing.yml", "There is no file"),
        ("file_path", "notes.txt", "is not a playbook"),
        ("file_path", "", "may not be blank"),
        ("file_path", "a\0.yml", "Null characters"),
        ("name", "", "may not be blank"),
        ("tags", "web", "list of strings"),
        ("variables", [], "JSON object"),
        ("variables", {"v": {"type": "date"}}, "v: “date” is not a type"),
        ("variables", {"v": {"typ": "string"}}, "v: unknown typ"),
        ("file_hash", "0" * 64, "This field is read-only."),
        ("file_state", "unchanged", "This field is read-only."),
        ("enabled", True, "No such field"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(api_of, boss, tmp_path, field, value, said):
    make.playbook_file("site.yml", make.HELLO)
    make.playbook_file("notes.txt", "hello")
    (tmp_path / "outside.yml").write_text("[]")
    (settings.PLAYBOOK_ROOT / "link.yml").symlink_to(tmp_path / "outside.yml")
    good = {"name": "Site", "file_path": "site.yml"}
    response = api_of(boss).post(URL, good | {field: value})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert said in " ".join(response.json()["fields"][field])
    assert not Playbook.objects.filter(name="Site").exists()


def test_a_name_is_taken_once(api_of, boss):
    known = make.playbook()
    response = api_of(boss).post(URL, {"name": known.name, "file_path": known.file_path})
    assert list(response.json()["fields"]) == ["name"]


def test_a_moved_playbook_has_the_hash_of_its_new_file(api_of, boss):
    playbook, admin = make.playbook(), api_of(boss)
    path = make.playbook_file("moved.yml", make.HELLO_FACTS)
    with recorded() as lines:
        response = admin.patch(f"{URL}/{playbook.pk}", {"file_path": "moved.yml"})
    assert response.json()["file_hash"] == hash_of(path.read_bytes())
    assert lines == ["playbook.updated by boss"]
    playbook.refresh_from_db()
    assert playbook.file_state == "unchanged"


def test_a_changed_file_shows_until_it_is_accepted(api_of, boss):
    playbook, admin = make.playbook(), api_of(boss)
    old = playbook.file_hash
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    assert admin.get(f"{URL}/{playbook.pk}").json()["file_state"] == "changed"
    assert admin.patch(f"{URL}/{playbook.pk}", {"description": "x"}).json()["file_hash"] == old
    with recorded() as lines:
        accepted = admin.post(f"{URL}/{playbook.pk}/accept")
        again = admin.post(f"{URL}/{playbook.pk}/accept")
    assert accepted.json()["file_state"] == "unchanged"
    assert (again.status_code, lines) == (409, ["playbook.file_accepted by boss"])
    assert "has not changed" in again.json()["detail"]
    details = AuditLog.objects.first().details
    assert (details["old_hash"], details["new_hash"]) == (old, accepted.json()["file_hash"])


def test_a_file_that_is_gone_cannot_be_accepted(api_of, boss):
    playbook, admin = make.playbook(), api_of(boss)
    playbook.path.unlink()
    assert admin.get(f"{URL}/{playbook.pk}").json()["file_state"] == "missing"
    assert admin.post(f"{URL}/{playbook.pk}/accept").status_code == 409


def test_a_verb_takes_no_fields(api_of, boss):
    response = api_of(boss).post(f"{URL}/{make.playbook().pk}/accept", {"force": True})
    assert list(response.json()["fields"]) == ["force"]


def test_a_playbook_that_has_run_stays(api_of, boss):
    playbook, admin = make.job().playbook, api_of(boss)
    response = admin.delete(f"{URL}/{playbook.pk}")
    assert response.status_code == 409
    assert "deactivate it instead" in response.json()["detail"]
    unused = make.playbook()
    with recorded() as lines:
        assert admin.delete(f"{URL}/{unused.pk}").status_code == 204
    assert lines == ["playbook.deleted by boss"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=Deploy", {"Deploy"}),
        ("is_active=false", {"Old"}),
        ("search=backup/", {"Nightly"}),
        ("ordering=-name&page_size=1", {"Old"}),
    ],
)
def test_filters(api_of, bob, query, found):
    Playbook.objects.all().delete()
    make.playbook(name="Deploy"), make.playbook(name="Old", is_active=False)
    make.playbook(name="Nightly", file_path="backup/all.yml")
    rows = api_of(bob).get(f"{URL}?{query}").json()["results"]
    assert {row["name"] for row in rows} == found


def test_a_list_asks_a_fixed_number_of_times(api_of, bob, query_ceiling):
    for _ in range(10):
        make.playbook()
    client = api_of(bob)
    with query_ceiling(4):  # session, user, count, rows
        assert len(client.get(URL).json()["results"]) == 11  # with the connection check


def test_a_new_playbook_takes_its_prompts_and_warns_about_their_names(api_of, boss):
    prompt = {"name": "environment", "private": False, "default": "{{ x }}"}
    make.playbook_file("asking.yml", [{**make.HELLO[0], "vars_prompt": [prompt]}])
    answer = api_of(boss).post(URL, {"name": "Asking", "file_path": "asking.yml"}).json()
    assert answer["variables"] == {
        "environment": {"type": "string", "help": "", "playbook_default": "{{ x }}"}
    }
    assert answer["warnings"] == [
        "“environment” is also a keyword of Ansible: under that name, tasks see their own "
        "environment instead of this value."
    ]


def test_a_prompt_that_cannot_be_given_is_told_at_the_variables(api_of, boss):
    make.playbook_file("asking.yml", [{**make.HELLO[0], "vars_prompt": [{"name": "groups"}]}])
    answer = api_of(boss).post(URL, {"name": "Asking", "file_path": "asking.yml"})
    assert answer.status_code == 400
    assert "groups: Ansible sets this variable itself" in str(answer.json())
