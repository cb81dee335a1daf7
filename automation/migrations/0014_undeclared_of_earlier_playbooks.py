from django.db import migrations


def keep_accepting(apps, schema_editor):
    """Playbooks without declared variables have accepted any so far, and go on doing so."""
    Playbook = apps.get_model("automation", "Playbook")
    taking = Playbook.objects.exclude(file_path__startswith="infraops:")
    # Compared in Python: databases differ on how they compare JSON.
    keys = [pk for pk, declared in taking.values_list("pk", "variables") if not declared]
    Playbook.objects.filter(pk__in=keys).update(accepts_undeclared=True)


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0013_option_rules"),
    ]

    operations = [
        migrations.RunPython(keep_accepting, migrations.RunPython.noop),
    ]
