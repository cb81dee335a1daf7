from django.db import migrations


def tell_from_servers(apps, schema_editor):
    """What servers use now may be used in their environments, by operators as before. What none
    uses stays with the admins, who have to say where."""
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
