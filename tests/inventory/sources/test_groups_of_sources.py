"""Groups that several sources have, and groups that go while people still need them."""

import pytest
from django.core.management import call_command

from inventory.importing import set_override
from inventory.models import Credential, InventorySource, Server, ServerGroup
from inventory.syncing.unread import is_changed
from tests import make
from tests.inventory.sources.test_source_syncs import checked, rewrite, synced

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

WEB = "[web]\nweb{}\n[web:vars]\nx=1\n"


@pytest.mark.parametrize("left", ["other\n", "[web]\nweb1\n"])
def test_values_that_two_sources_give_stay_when_the_owner_gives_them_up(boss, left) -> None:
    owner = synced(make.source(WEB.format(1), name="a"), boss)
    other = synced(make.source(WEB.format(2), name="b", syncs="on_change"), boss)
    assert not is_changed(other)
    rewrite(owner, left)
    owner = synced(owner, boss)
    other.refresh_from_db()
    assert is_changed(other)  # so that it is synced without anybody asking
    other = synced(other, boss)
    assert ServerGroup.objects.get(name="web").variables == {"x": 1}
    owner.refresh_from_db()
    assert not synced(owner, boss).plan.get("error")


def test_a_group_that_a_credential_is_for_survives_a_night_without_hosts(boss) -> None:
    source = synced(make.source("[web]\nweb1\n[web:vars]\nx=1\n[db]\ndb1\n"), boss)
    credential = make.credential()
    credential.allowed_groups.add(ServerGroup.objects.get(name="web"))
    rewrite(source, "[db]\ndb1\n")
    said = "Gone from the source, but kept for the scope of a credential: web."
    assert said in checked(source, boss).plan["sentences"]
    source = synced(source, boss)
    assert said in source.plan["sentences"]
    group = ServerGroup.objects.get(name="web")
    assert (group.variables, group.source, group.members.count()) == ({}, None, 0)
    rewrite(source, "[web]\nweb1\nweb9\n[db]\ndb1\n")
    synced(source, boss)
    credential = Credential.objects.get(pk=credential.pk)
    assert credential.covers(Server.objects.get(hostname="web9"))
    assert ServerGroup.objects.get(name="web").source == source


def test_a_group_with_overrides_keeps_them_until_it_is_back(boss, capsys) -> None:
    source = synced(make.source("[web]\nweb1\n[web:vars]\nx=1\n"), boss)
    set_override(boss, ServerGroup.objects.get(name="web"), "x", 5)
    rewrite(source, "web1\n")
    call_command("sync_inventory")
    assert "Gone, but kept for its overrides: web" in capsys.readouterr().out
    rewrite(source, "[web]\nweb1\n[web:vars]\nx=2\n")
    synced(InventorySource.objects.get(), boss)
    group = ServerGroup.objects.get(name="web")
    assert (group.variables, group.source) == ({"x": 5}, source)


def test_a_group_that_nobody_needs_goes(boss) -> None:
    source = synced(make.source("[web]\nweb1\n"), boss)
    rewrite(source, "web1\n")
    synced(source, boss)
    assert not ServerGroup.objects.filter(name="web").exists()
