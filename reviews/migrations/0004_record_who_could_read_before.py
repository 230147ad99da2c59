"""Who could read others' answers before coding a paper themselves: from now on recorded as it comes about.

What happened before is worked out from the dates and the log, as `blindness.reconstruction` says.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from reviews.blindness.reconstruction import reconstruct

# As for the other tables: see the migration that made the stamp.
TRIGGER = """
CREATE CONSTRAINT TRIGGER study_changed AFTER INSERT OR UPDATE OR DELETE ON reviews_prioraccess
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION concord_study_changed('paper_id');
"""
UNDO_TRIGGER = "DROP TRIGGER study_changed ON reviews_prioraccess;"


def fill(apps, schema_editor):
    for study in apps.get_model("mapping", "Study").objects.iterator():
        rows = reconstruct(apps, study)
        apps.get_model("reviews", "PriorAccess").objects.bulk_create(rows, batch_size=2000)
    # The foreign keys come last, and none is added to a table whose deferred triggers still wait.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("mapping", "0001_the_study"),
        ("reviews", "0003_remarks_protect_their_paper"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PriorAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("lead", "as lead of the study"),
                            ("settler", "as somebody who may settle what others coded"),
                            ("released", "since the study was released"),
                            ("coded_before", "after submitting it in an earlier round"),
                            ("admin_site", "in the admin site, before joining"),
                            ("early_look", "by looking early"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prior_accesses",
                        to="mapping.paper",
                    ),
                ),
                (
                    "phase",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="mapping.phase",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "prior accesses",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("paper", "phase", "user"), name="one_prior_access_per_paper"
                    )
                ],
            },
        ),
        migrations.RunSQL(TRIGGER, UNDO_TRIGGER),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
