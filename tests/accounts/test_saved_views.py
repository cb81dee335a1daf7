"""Saved views of lists: your own, shared ones, and what they may contain."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import SavedView
from tests import make
from tests.recording import recorded

JOBS = reverse("admin:automation_job_changelist")
SAVE = reverse("accounts:view_save")
URL = "/api/saved-views"


def form(**more):
    query = "status__exact=failed&q=web"
    return {"list_name": "automation_job", "name": "Broken", "query": query, **more}


def change(view):
    return reverse("accounts:view_change", args=[view.pk])


def remove(view):
    return reverse("accounts:view_remove", args=[view.pk])


def names(answer):
    return [view.name for view in answer.context["saved_views"]]


def test_one_saves_what_the_list_shows_and_finds_it_above_the_list(client_of, bob, alice):
    client = client_of(bob)
    listed = client.get(
        JOBS, {"q": "web", "status__exact": "failed", "p": "1", "user__id__exact": ""}
    )
    assert listed.context["cl"].saveable == "q=web&status__exact=failed"
    with recorded() as lines:
        answer = client.post(SAVE, form())
    assert answer.url == f"{JOBS}?q=web&status__exact=failed"
    assert lines == ["savedview.saved by bob"]
    opened = client.get(answer.url)
    assert names(opened) == ["Broken"] and opened.context["saved_views"][0].is_open
    assert names(client_of(alice).get(JOBS)) == []
    assert names(client.get(reverse("admin:tickets_ticket_changelist"))) == []


def test_the_order_is_kept_by_the_columns_name(client_of, alice, bob):
    """Operators have one column more than viewers: the check boxes."""
    first, second = make.job(status="success"), make.job(status="success")
    page = client_of(alice).get(JOBS, {"o": "8"})
    assert list(page.context["cl"].result_list) == [first, second]
    assert page.context["cl"].saveable == "o=created_at"
    page = client_of(bob).get(JOBS, {"o": "created_at"})
    assert list(page.context["cl"].result_list) == [first, second]
    page = client_of(bob).get(JOBS, {"o": "-created_at"})
    assert list(page.context["cl"].result_list) == [second, first]
    assert client_of(bob).get(JOBS, {"o": "nothing"}).status_code == 200


def test_the_same_name_replaces_ones_own(client_of, bob):
    client = client_of(bob)
    client.post(SAVE, form())
    client.post(SAVE, form(query="?status__exact=success"))
    assert SavedView.objects.get().query == "status__exact=success"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": " "}, "cannot be blank"),
        ({"name": "x" * 81}, "at most 80"),
        ({"query": "https://elsewhere.example/?a=b"}, "is not a parameter of a list"),
        ({"query": "elsewhere"}, "part after"),
        ({"query": "//elsewhere.example/?a"}, "part after"),
        ({"query": "a=" + "x" * 2000}, "2000 characters"),
        ({"query": "javascript:alert(1)=2"}, "is not a parameter of a list"),
    ],
)
def test_what_cannot_be_a_view_is_refused(client_of, bob, more, said):
    answer = client_of(bob).post(SAVE, form(**more), follow=True)
    assert said in answer.content.decode()
    assert not SavedView.objects.exists()


def test_a_view_leads_nowhere_but_to_its_list(bob):
    view, _ = SavedView.objects.keep(bob, "automation_job", "x", "q=//x.example%23&p=3&_popup=1")
    assert view.get_absolute_url() == f"{JOBS}?q=%2F%2Fx.example%23"
    with pytest.raises(ValidationError):
        SavedView.objects.keep(bob, "no_such", "x", "")


def test_an_unknown_list_is_404(client_of, bob):
    assert client_of(bob).post(SAVE, form(list_name="moon_phase")).status_code == 404
    assert client_of(bob).get(SAVE).status_code == 405


def test_who_shares(client_of, alice, bob):
    assert client_of(bob).post(SAVE, form(shared="on")).status_code == 403
    assert not SavedView.objects.exists()
    client_of(alice).post(SAVE, form(shared="on"))
    page = client_of(bob).get(JOBS)
    assert names(page) == ["Broken"] and "shared by alice" in page.content.decode()
    assert change(SavedView.objects.get()) not in page.content.decode()
    with pytest.raises(PermissionDenied):
        SavedView.objects.get().change(bob, name="Mine")


def test_one_renames_updates_and_removes_ones_own(client_of, alice):
    client, view = client_of(alice), make.saved_view(alice, name="Old")
    with recorded() as lines:
        client.post(change(view), {"name": "New", "shared": "on"})
        client.post(change(view), {"query": "q=db"})
        client.post(change(view), {"query": "q=db"})
    assert lines == ["savedview.changed by alice"] * 2
    view.refresh_from_db()
    assert (view.name, view.query, view.shared) == ("New", "q=db", True)
    make.saved_view(alice, name="Taken")
    answer = client.post(change(view), {"name": "Taken"}, follow=True)
    assert "of that name here already" in answer.content.decode()
    with recorded() as lines:
        assert client.post(remove(view)).url == JOBS
    assert lines == ["savedview.removed by alice"]
    assert not SavedView.objects.filter(pk=view.pk).exists()


def test_somebody_elses(client_of, alice, bob, boss):
    private, shared = make.saved_view(alice), make.saved_view(alice, shared=True)
    for page in (change, remove):
        assert client_of(bob).post(page(private), {"name": "x"}).status_code == 404
        assert client_of(bob).post(page(shared), {"name": "x"}).status_code == 403
        assert client_of(boss).post(page(private)).status_code == 404
    assert client_of(boss).post(remove(shared)).status_code == 302
    assert list(SavedView.objects.all()) == [private]


def test_views_go_with_their_owner(alice):
    make.saved_view(alice)
    alice.delete()
    assert not SavedView.objects.exists()


class TestApi:
    def test_the_whole_life(self, api_of, alice, bob):
        client = api_of(alice)
        answer = client.post(URL, form())
        assert answer.status_code == 201
        row = answer.json()
        assert row["user"] == "alice" and row["url"] == f"{JOBS}?q=web&status__exact=failed"
        assert client.post(URL, form(query="")).status_code == 200
        assert api_of(bob).get(f"{URL}/{row['id']}").status_code == 404
        assert client.patch(f"{URL}/{row['id']}", {"shared": True}).json()["shared"] is True
        assert api_of(bob).get(f"{URL}/{row['id']}").status_code == 200
        assert api_of(bob).patch(f"{URL}/{row['id']}", {"name": "x"}).status_code == 403
        assert api_of(bob).delete(f"{URL}/{row['id']}").status_code == 403
        assert client.delete(f"{URL}/{row['id']}").status_code == 204
        assert client.get(URL).json()["results"] == []

    def test_what_cannot_be(self, api_of, bob):
        client = api_of(bob)
        assert client.post(URL, form(list_name="moon")).status_code == 400
        assert client.post(URL, form(query="http://x/?y=z")).json()["fields"].keys() == {"query"}
        assert client.post(URL, form(shared=True)).status_code == 403
        assert client.post(URL, form(colour="red")).status_code == 400
        make.saved_view(bob, list_name="tickets_ticket")
        assert client.get(URL, {"list_name": "automation_job"}).json()["count"] == 0
