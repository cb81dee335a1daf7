from django.db import migrations
from django.db.models import Case, Exists, Max, OuterRef, Value, When

RUNS_AT_ONCE = 5_000


def tell_from_jobs(apps, schema_editor):
    """In batches by key: a single UPDATE of a million rows would lock them all until its end."""
    Run, Job = apps.get_model("automation", "Run"), apps.get_model("automation", "Job")
    jobs = Job.objects.filter(run=OuterRef("pk"))
    ends = (
        When(Exists(jobs.filter(status=status)), then=Value(status))
        for status in ("failed", "cancelled", "success")
    )
    worst = Case(*ends, default=Value(""))
    last = Run.objects.aggregate(last=Max("pk"))["last"] or 0
    for first in range(0, last + 1, RUNS_AT_ONCE):
        runs = Run.objects.filter(pk__gt=first, pk__lte=first + RUNS_AT_ONCE)
        runs.filter(state="finished").update(outcome=worst)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("automation", "0006_how_a_run_ended"),
    ]

    operations = [
        migrations.RunPython(tell_from_jobs, migrations.RunPython.noop),
    ]
