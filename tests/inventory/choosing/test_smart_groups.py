"""Smart groups: servers that match a filter, on their page, in the API and in lists."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from inventory.models import Inventory, Server, ServerGroup, SmartGroup
from tests import make
from tests.recording import recorded

pytestmark = pytest.mark.django_db

URL = "/api/smart-groups"
SERVERS = "/api/servers"
ADD = reverse("admin:inventory_smartgroup_add")


@pytest.fixture(autouse=True)
def fleet(db):
    """d12 and d13 are Debian, r9 is Rocky; web has d12; off is inactive and has no facts."""
    rows = {"d12": ("Debian", "12.5"), "d13": ("Debian", "13"), "r9": ("Rocky", "9.4")}
    for number, (name, (system, version)) in enumerate(rows.items(), 1):
        named = {"hostname": name, "os_type": system, "os_version": version}
        server = make.server(**named, tags={"role": ["web", "db"][:number]})
        make.server_facts(
            server,
            ansible_distribution=system,
            ansible_memtotal_mb=1024 * number,
            ansible_lvm=number > 1,
            ansible_default_ipv4={"interface": f"eth{number}"},
            ansible_kernel_version=str(number),
        )
    make.server(hostname="off", os_type="Debian", is_active=False)
    make.group("web", Server.objects.get(hostname="d12"))
    make.group("region", children=[ServerGroup.objects.get(name="web")])


def matching(**filters):
    group = SmartGroup(name="g", inventory=Inventory.objects.default(), filter=filters)
    group.full_clean()
    found = Server.objects.active().filter(group.holding()).order_by("hostname")
    return [server.hostname for server in found]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"os": "debian"}, ["d12", "d13"]),
        ({"os": "Debian 12"}, ["d12"]),
        ({"os": "Debian 1"}, []),
        ({"tag": "role=db"}, ["d13", "r9"]),
        ({"group": "region"}, ["d12"]),
        ({"search": "d1"}, ["d12", "d13"]),
        ({"environment": " Development "}, ["d12", "d13", "r9"]),
        ({"os": "Debian", "tag": "role=db"}, ["d13"]),
        ({"facts": ["distribution=Rocky"]}, ["r9"]),
        ({"facts": ["ansible_distribution != Rocky"]}, ["d12", "d13"]),
        ({"facts": ["memtotal_mb>=2048"]}, ["d13", "r9"]),
        ({"facts": ["memtotal_mb>=2048", "memtotal_mb<=2048"]}, ["d13"]),
        ({"facts": ["memtotal_mb=1024"]}, ["d12"]),
        ({"facts": ["kernel_version=3"]}, ["r9"]),
        ({"facts": ["lvm=true"]}, ["d13", "r9"]),
        ({"facts": ["lvm=false"]}, ["d12"]),
        ({"facts": ["default_ipv4.interface=eth2"]}, ["d13"]),
        ({"facts": ["default_ipv4.gateway"]}, []),
        ({"facts": ["lvm"]}, ["d12", "d13", "r9"]),
    ],
)
def test_what_a_filter_matches(filters, expected):
    assert matching(**filters) == expected


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({}, "Set at least one criterion."),
        ([], "Set at least one criterion."),
        ({"color": "red"}, "“color” is no criterion. There are: environment, os, tag, group"),
        ({"tag": ""}, "Criteria are texts of 1 to 255 characters."),
        ({"tag": ["web"]}, "Criteria are texts"),
        ({"facts": "lvm"}, "“facts” must be a list"),
        ({"facts": ["memtotal_mb>=much"]}, ">= needs a number"),
        ({"facts": ["a b"]}, "is not a condition such as"),
        ({"group": "wbe"}, "The inventory has no group “wbe”."),
    ],
)
def test_a_filter_that_means_nothing_is_refused(api_of, boss, filters, message):
    answer = api_of(boss).post(URL, {"name": "g", "filter": filters})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["filter"]
    if filters != []:  # which is no object, as the API itself says
        assert message in answer.json()["fields"]["filter"][0]


def test_its_name_is_no_groups_and_no_groups_is_its(boss):
    make.smart_group("fast")
    default = Inventory.objects.default()
    for group, field in (
        (SmartGroup(name="web", filter={"os": "x"}), "a group of this name"),
        (ServerGroup(name="fast"), "a smart group of this name"),
    ):
        group.inventory = default
        with pytest.raises(ValidationError, match=field):
            group.full_clean()
    # Capital letters are told apart, and other inventories have names of their own.
    SmartGroup(name="Web", inventory=default, filter={"os": "x"}).full_clean()
    SmartGroup(name="web", inventory=make.inventory(), filter={"os": "x"}).full_clean()


def test_an_admin_keeps_them_over_the_api(api_of, boss):
    client = api_of(boss)
    with recorded() as lines:
        made = client.post(URL, {"name": "debians", "filter": {"os": "Debian"}})
        changed = client.patch(f"{URL}/{made.json()['id']}", {"description": "All of them"})
        assert (made.status_code, changed.status_code) == (201, 200)
        assert (made.json()["server_count"], made.json()["filter"]) == (2, {"os": "Debian"})
        assert client.delete(f"{URL}/{made.json()['id']}").status_code == 204
    assert lines == [f"smartgroup.{verb} by boss" for verb in ("created", "updated", "deleted")]
    assert client.get(URL, {"inventory": "default", "search": "deb"}).json()["count"] == 0


def test_an_admin_makes_one_in_the_form_and_sees_its_count(client_of, boss):
    client = client_of(boss)
    form = {
        "name": "big",
        "inventory": Inventory.objects.default().pk,
        "by_os": "Debian",
        "by_facts": "memtotal_mb>=1000\r\n\r\nlvm=true\r\n",
    }
    assert client.post(ADD, form).status_code == 302
    group = SmartGroup.objects.get()
    assert group.filter == {"os": "Debian", "facts": ["memtotal_mb>=1000", "lvm=true"]}
    page = client.get(group.get_absolute_url()).content.decode()
    assert "memtotal_mb&gt;=1000\nlvm=true" in page
    assert "Run a playbook" in page and f"?smart_group={group.pk}" in page
    assert "groups=big%40default" in page
    shown = client.get(reverse("admin:inventory_smartgroup_changelist")).content.decode()
    assert "os Debian, memtotal_mb&gt;=1000, lvm=true" in shown


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "Set at least one criterion."),
        ({"by_group": "wbe"}, "The inventory has no group “wbe”."),
        ({"by_facts": "a b"}, "is not a condition such as"),
        ({"by_os": "x", "name": "web"}, "already has a group of this name"),
    ],
)
def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(client_of, boss, more, message):
    form = {"name": "g", "inventory": Inventory.objects.default().pk, "by_search": "", **more}
    page = client_of(boss).post(ADD, form)
    assert page.status_code == 200 and message in page.content.decode()
    assert all(value in page.content.decode() for value in more.values())
    assert not SmartGroup.objects.exists()


def test_it_stays_in_its_inventory(api_of, boss):
    group, other = make.smart_group(), make.inventory()
    answer = api_of(boss).patch(f"{URL}/{group.pk}", {"inventory_id": other.pk})
    assert answer.status_code == 400 and "inventory" in str(answer.json()["fields"])


def test_viewers_see_one(client_of, bob):
    page = client_of(bob).get(make.smart_group(filter={"os": "Debian"}).get_absolute_url())
    assert page.status_code == 200 and "os Debian" in page.content.decode()
    assert "Run a playbook" not in page.content.decode()


# --- Lists ----------------------------------------------------------------------------------------


def listed(client, **filters):
    rows = (
        client.get(reverse("admin:inventory_server_changelist"), filters).context["cl"].result_list
    )
    return sorted(server.hostname for server in rows)


def test_the_list_of_servers_filters_by_groups_and_smart_groups(client_of, bob):
    client = client_of(bob)
    region, web = (ServerGroup.objects.get(name=name) for name in ("region", "web"))
    smart = make.smart_group(filter={"os": "Debian"})
    for group in (region, web):
        assert listed(client, memberships__group__id__exact=group.pk) == ["d12"]
    assert listed(client, smart_group=smart.pk) == ["d12", "d13", "off"]
    assert listed(client, smart_group=smart.pk, is_active__exact=1) == ["d12", "d13"]
    page = client.get(reverse("admin:inventory_server_changelist"), {"smart_group": smart.pk})
    assert str(smart) in page.content.decode()


def test_a_groups_page_leads_to_its_servers_and_to_a_launch(client_of, boss):
    region = ServerGroup.objects.get(name="region")
    for row, launch in (
        (region, "groups=region%40default"),
        (region.inventory, "inventory=default"),
    ):
        page = client_of(boss).get(row.get_absolute_url()).content.decode()
        assert f"?{row.list_query}" in page
        assert f"{reverse('automation:job_launch')}?{launch}" in page


def test_the_api_filters_servers_by_group_os_and_fact(api_of, bob):
    make.smart_group("debians", filter={"os": "Debian"})
    client = api_of(bob)

    def found(**filters):
        return [row["hostname"] for row in client.get(SERVERS, filters).json()["results"]]

    assert found(group="region") == found(group="web@default") == ["d12"]
    assert found(group="debians", is_active="true") == ["d12", "d13"]
    assert found(os="Rocky 9") == found(fact="distribution=Rocky") == ["r9"]
    for name, value in (("group", "wbe"), ("fact", "a b")):
        answer = client.get(SERVERS, {name: value})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])
    make.group("web", inventory=make.inventory(name="staging"))
    answer = client.get(SERVERS, {"group": "web"})
    assert "“web” is in several inventories: web@default, web@staging" in answer.json()["detail"]


def test_the_built_in_groups_hold_what_ansible_puts_there():
    default = Inventory.objects.default()
    names = {}
    for name in ("all", "ungrouped"):
        group = make.group(name, inventory=default)
        names[name] = sorted(each.hostname for each in Server.objects.filter(group.holding()))
    assert names == {"all": ["d12", "d13", "off", "r9"], "ungrouped": ["d13", "off", "r9"]}
