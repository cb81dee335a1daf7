from django.db import migrations, models

import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0015_smart_groups"),
    ]

    operations = [
        migrations.AlterField(
            model_name="variableoverride",
            name="server",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=schema.fields.CASCADE_ROW,
                related_name="overrides",
                to="inventory.server",
            ),
        ),
        migrations.AlterField(
            model_name="variableoverride",
            name="group",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=schema.fields.CASCADE_ROW,
                related_name="overrides",
                to="inventory.servergroup",
            ),
        ),
        migrations.AlterField(
            model_name="servergroupmember",
            name="server",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=schema.fields.CASCADE_ROW,
                related_name="memberships",
                to="inventory.server",
            ),
        ),
        migrations.AlterField(
            model_name="servergroupmember",
            name="child",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=schema.fields.CASCADE_ROW,
                related_name="memberships",
                to="inventory.servergroup",
                verbose_name="group",
            ),
        ),
    ]
