"""URLs of lists: no number breaks them, and nothing is ignored silently."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.session_store import SessionStore
from console.collected import Endpoint
from console.parts import parts_of
from tests import make

JOBS = reverse("admin:automation_job_changelist")
TICKETS = reverse("admin:tickets_ticket_changelist")
HUGE = ["9" * 19, "-" + "9" * 30, "9" * 5000, "1,99999999999999999999"]
# Parameters of every list.
OF_EVERY_LIST = ["p", "o", "q", "id", "id__lt", "id__in"]


def lists():
    return [each for each in admin.site._registry.values() if hasattr(each, "get_cell_filters")]


def parameters_of(model_admin, request):
    """The parameters that the list's filters and cells declare."""
    rows = model_admin.get_changelist_instance(request)
    names = {name for spec in rows.filter_specs for name in spec.expected_parameters() if name}
    for narrow in model_admin.get_cell_filters().values():
        names |= {narrow.parameter, narrow.none} - {""}
    names |= {f"{name}__in" for name in names if name.endswith("__id")}
    return sorted(names | set(OF_EVERY_LIST))


@pytest.mark.parametrize("model_admin", lists(), ids=lambda each: each.model.__name__)
@pytest.mark.parametrize("number", HUGE, ids=lambda text: text[:25])
def test_no_number_in_the_address_of_a_list_is_an_error(client_of, boss, rf, model_admin, number):
    make.ticket(job=make.job(status="failed"), assigned_to=boss)
    opts = model_admin.opts
    path = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    request = rf.get(path)
    request.user, request.session = boss, SessionStore()
    client = client_of(boss)
    for name in parameters_of(model_admin, request):
        answer = client.get(path, {name: number}, follow=True)
        assert answer.status_code == 200, name


@pytest.mark.parametrize("number", HUGE, ids=lambda text: text[:25])
def test_no_number_of_an_object_is_an_error(client_of, boss, number):
    client = client_of(boss)
    for model in admin.site._registry:
        opts = model._meta
        path = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[number])
        assert client.get(path, follow=True).status_code in (200, 404), path
    post = {"action": "deactivate", "_selected_action": number}
    servers = reverse("admin:inventory_server_changelist")
    assert client.post(servers, post, follow=True).status_code == 200
    picker = {"app_label": "inventory", "model_name": "credential", "term": number}
    for more in (
        {"field_name": "allowed_servers"},
        {"field_name": "allowed_servers", "page": number},
    ):
        answer = client.get(reverse("admin:autocomplete"), {**picker, **more})
        assert answer.status_code in (200, 404)


@pytest.mark.parametrize("number", HUGE, ids=lambda text: text[:25])
def test_no_number_in_a_request_to_the_api_is_an_error(api_of, boss, number):
    make.job(), make.ticket()
    api = api_of(boss)
    for endpoint in parts_of(Endpoint):
        filters = getattr(getattr(endpoint.viewset, "filterset_class", None), "base_filters", {})
        for name in (*filters, "page", "page_size", "cursor"):
            answer = api.get(f"/api/{endpoint.prefix}", {name: number})
            assert answer.status_code < 500, (endpoint.prefix, name)
        assert api.get(f"/api/{endpoint.prefix}/{number}").status_code in (400, 404)


def test_a_list_takes_several_values_of_a_filter(client_of, bob):
    failed, cancelled = make.job(status="failed"), make.job(status="cancelled")
    make.job(status="success")
    answer = client_of(bob).get(JOBS, {"status__exact": ["failed", "cancelled"]})
    assert set(answer.context["cl"].result_list) == {failed, cancelled}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (TICKETS, "queue=mine&queue=unresolved"),
        (JOBS, "q=web&q=db"),
        (JOBS, "tag=role:web&tag=role:db"),
        (JOBS, "created_at_from_0=2026-01-01&created_at_from_0=2026-02-01"),
    ],
)
def test_a_filter_of_one_value_refuses_two(client_of, bob, path, query):
    answer = client_of(bob).get(f"{path}?{query}", follow=True)
    assert answer.redirect_chain, "the last one was used in silence"
    assert "It takes one value." in answer.content.decode()


def test_the_same_value_twice_is_one(client_of, bob):
    answer = client_of(bob).get(f"{TICKETS}?queue=mine&queue=mine&queue=")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [("status=failed&status=cancelled", 2), ("server={0}&server={1}", 2), ("status=failed", 1)],
)
def test_the_api_takes_several_values_where_any_of_them_may_hold(api_of, bob, query, found):
    jobs = [make.job(status=status) for status in ("failed", "cancelled", "success")]
    query = query.format(*(job.server_id for job in jobs))
    assert len(api_of(bob).get(f"/api/jobs?{query}").json()["results"]) == found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("jobs?environment=a&environment=b", "environment"),
        ("jobs?page_size=5&page_size=6", "page_size"),
        ("servers?is_active=true&is_active=false", "is_active"),
        ("tickets?search=a&search=b", "search"),
    ],
)
def test_the_api_refuses_a_parameter_that_is_given_twice(api_of, bob, path, name):
    answer = api_of(bob).get(f"/api/{path}")
    assert answer.status_code == 400
    assert answer.json()["fields"] == {name: ["Send this parameter only once."]}


@pytest.mark.parametrize("value", ["9" * 30, "x", "\x00", "-1", "1,2", "7"])
@pytest.mark.parametrize(
    ("form", "field"),
    [
        ("inventory_server", "credential"),
        ("inventory_server", "copy"),
        ("inventory_credential", "allowed_servers"),
        ("automation_vaultpassword", "playbook"),
        ("accounts_apikey", "owner"),
        ("accounts_apikey", "expires_at"),
    ],
)
def test_a_form_opens_whatever_its_address_prefills(client_of, boss, form, field, value):
    page = client_of(boss).get(reverse(f"admin:{form}_add"), {field: value})
    assert page.status_code == 200


def test_a_form_is_prefilled_by_its_address(client_of, boss):
    credential = make.credential(name="Fleet")
    given = {"credential": credential.pk, "hostname": "web1", "ssh_port": "2222", "nothing": "x"}
    page = client_of(boss).get(reverse("admin:inventory_server_add"), given).content.decode()
    assert "Fleet" in page and 'value="web1"' in page and 'value="2222"' in page
