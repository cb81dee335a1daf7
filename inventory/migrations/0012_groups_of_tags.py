import re

from django.db import migrations

# Names that runs have left out as groups.
RESERVED = {"all", "ungrouped", "_meta", "localhost", ""}
LONGEST = 255
ROWS_AT_ONCE = 500


def group_name(text):
    name = "".join(each if each.isalnum() else "_" for each in str(text))
    return f"_{name}" if name[:1].isdigit() else name


def groups_of(tags):
    """{group: whether the tag `groups` names it, as imports have written it}."""
    found = {}
    for key, value in tags.items():
        values = value if isinstance(value, list) else [value]
        if key == "groups":
            names = [
                each
                if isinstance(each, str) and re.fullmatch(r"\w[\w.-]*", each)
                else group_name(each)
                for each in values
            ]
        elif value is True:
            names = [group_name(key)]
        else:
            names = [group_name(f"{key}_{each}") for each in values if value is not False]
        for name in names:
            found[name] = found.get(name, False) or key == "groups"
    return found


def keep_environments(members, servers):
    """Leave groups called like an environment what they were: the environment, and who is tagged.

    A group of that name has its own members only, so it needs the environment's too; and it is not
    needed if nobody else is tagged.
    """
    environments = {}
    for pk, environment in servers.values_list("pk", "environment").iterator():
        environments.setdefault(group_name(environment), []).append(pk)
    for name in members.keys() & environments.keys():
        tagged = {pk for pk, _ in members[name]}
        if tagged <= set(environments[name]):
            del members[name]
        else:
            members[name] += [(pk, False) for pk in environments[name] if pk not in tagged]
            members[name].sort()


def make_groups(apps, schema_editor):
    """Make the groups that runs had from tags: from now on, tags make none.

    Members of the tag `groups` have a place, as imported ones do: a later import may move them.
    """
    Inventory = apps.get_model("inventory", "Inventory")
    Server = apps.get_model("inventory", "Server")
    Group = apps.get_model("inventory", "ServerGroup")
    Member = apps.get_model("inventory", "ServerGroupMember")
    inventory = Inventory.objects.get(is_default=True)
    servers = Server.objects.filter(inventory=inventory).order_by("pk")
    taken = RESERVED | set(servers.values_list("inventory_name", flat=True))
    members = {}
    for pk, tags in servers.values_list("pk", "tags").iterator():
        for name, has_place in groups_of(tags).items():
            # Of a text that is longer, nobody has made a group on purpose.
            if name not in taken and len(name) <= LONGEST:
                members.setdefault(name, []).append((pk, has_place))
    keep_environments(members, servers)
    for position, (name, found) in enumerate(sorted(members.items())):
        group = Group.objects.create(inventory=inventory, name=name, position=position)
        rows = [
            Member(group=group, server_id=pk, **({"position": place} if has_place else {}))
            for place, (pk, has_place) in enumerate(found)
        ]
        Member.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)


def remove_groups(apps, schema_editor):
    apps.get_model("inventory", "ServerGroupMember").objects.all().delete()
    apps.get_model("inventory", "ServerGroup").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0011_server_groups"),
    ]

    operations = [
        migrations.RunPython(make_groups, remove_groups),
    ]
