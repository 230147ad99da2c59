from django.core.files.storage import FileSystemStorage, default_storage
from django.db import migrations, models

import mapping.models.tokens
from mapping.site.uploads import close_to_others


def close_uploads(apps, schema_editor):
    """What was uploaded before keeps its permissions otherwise, and others on the machine can read it."""
    if isinstance(default_storage, FileSystemStorage):
        close_to_others(default_storage.location)


class Migration(migrations.Migration):
    dependencies = [("mapping", "0002_papers_may_share_a_doi")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="ends_at",
            # Those made before have as long as a new one, from now on.
            field=models.DateTimeField(default=mapping.models.tokens.in_ninety_days),
        ),
        migrations.CreateModel(
            name="PasswordMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["asked_at"]},
        ),
        migrations.RunPython(close_uploads, migrations.RunPython.noop, elidable=True),
    ]
