from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("from_id", models.BigIntegerField(unique=True)),
                ("to_id", models.BigIntegerField()),
                ("lines", models.IntegerField()),
                ("digests", models.BinaryField()),
                ("previous", models.CharField(max_length=64, unique=True)),
                ("sha256", models.CharField(max_length=64)),
                ("signature", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "audit seal",
                "db_table": "audit_seals",
                "ordering": ["-id"],
            },
        ),
    ]
