from django.db import models


class Stamp(models.Model):
    """How often something changed in a study. The database itself counts, whichever way the change
    came: see the migration that made it. Without a foreign key, so that writing it waits for nobody
    who holds the study.
    """

    study = models.BigIntegerField("the study's id", primary_key=True)
    number = models.BigIntegerField(default=0)

    def __str__(self):
        return f"{self.study}: {self.number}"
