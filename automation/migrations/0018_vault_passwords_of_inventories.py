from django.db import migrations, models

import schema.fields


def remove_those_of_inventories(apps, schema_editor):
    """On the way back: each vault password is a playbook's then, and there are no inventories."""
    apps.get_model("automation", "VaultPassword").objects.filter(playbook=None).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0017_working_directories_and_artifacts"),
        ("inventory", "0016_members_go_with_what_they_are"),
    ]

    operations = [
        migrations.AlterField(
            model_name="vaultpassword",
            name="playbook",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="For all runs of this playbook.",
                null=True,
                on_delete=schema.fields.CASCADE_ROW,
                related_name="vault_passwords",
                to="automation.playbook",
            ),
        ),
        migrations.AddField(
            model_name="vaultpassword",
            name="inventory",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="For all runs on this inventory.",
                null=True,
                on_delete=schema.fields.CASCADE_ROW,
                related_name="vault_passwords",
                to="inventory.inventory",
            ),
        ),
        migrations.AddConstraint(
            model_name="vaultpassword",
            constraint=models.UniqueConstraint(
                fields=("inventory", "vault_id"), name="uq_vaultpasswords_inventory_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="vaultpassword",
            constraint=models.CheckConstraint(
                condition=models.Q(("inventory__isnull", False), ("playbook", None))
                | models.Q(("inventory", None), ("playbook__isnull", False)),
                name="ck_vaultpasswords_one_owner",
                violation_error_message="Choose a playbook or an inventory.",
            ),
        ),
        # Reversed first.
        migrations.RunPython(migrations.RunPython.noop, remove_those_of_inventories),
    ]
