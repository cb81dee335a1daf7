from django.db import migrations


def tell_from_servers(apps, schema_editor):
    """Allow each credential in the environments of its servers, for operators, as before.

    Unused ones are left to the admins, who have to set where they may be used.
    """
    Credential = apps.get_model("inventory", "Credential")
    Server = apps.get_model("inventory", "Server")
    for credential in Credential.objects.all():
        used = Server.objects.filter(credential=credential).order_by("environment")
        environments = list(used.values_list("environment", flat=True).distinct())
        if environments:
            scope = {"environments": environments, "roles": ["operator"]}
            Credential.objects.filter(pk=credential.pk).update(**scope)


def forget(apps, schema_editor):
    Credential = apps.get_model("inventory", "Credential")
    Credential.objects.update(environments=[], roles=[])


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0004_credential_scopes"),
    ]

    operations = [
        migrations.RunPython(tell_from_servers, forget),
    ]
