from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0013_inventory_sources"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="inventory",
            options={
                "ordering": ["name"],
                "permissions": [("export_secrets", "Can export secrets, encrypted")],
                "verbose_name_plural": "inventories",
            },
        ),
    ]
