"""Codes of one section key as a table. Status is shown; it changes on the codebook page."""

from collections import defaultdict

from django.contrib import admin
from django.core.exceptions import ValidationError
from import_export import fields

from mapping.admin.formats import LINE
from mapping.admin.resources import TableResource
from mapping.codebook import changes as codebook_changes
from mapping.codebook import versions
from mapping.models import Approach, Challenge, Code, CodebookChange, MaturityStage, Section
from mapping.parsers.lookalikes import sameness, visible

IN_THE_CODEBOOK = {Code.Status.ACTIVE, Code.Status.RETIRED}
RELATIONS = ["section", "parent", "merged_into", "proposed_by"]
STATUS_CHANGES = "A status changes on the codebook page, where its marks are looked after."


class CodeResource(TableResource):
    """Codes of one section key over all studies. A new row adds a code, a known label is
    re-defined: both are steps of the codebook.

    Whatever is not in the codebook (proposed, declined, merged away) goes out too, and comes back
    as it is or not at all.
    """

    study = fields.Field(column_name="study", attribute="section__study__slug", readonly=True)
    section = fields.Field(column_name="section", attribute="section__key", readonly=True)
    status = fields.Field(column_name="status", attribute="status", readonly=True)
    needed = ["study", "section", "label"]
    new = ()

    class Meta(TableResource.Meta):
        import_id_fields = ["study", "section", "label"]
        fields = [
            *(
                "study",
                "section",
                "label",
                "definition",
                "when_not",
                "example",
                "position",
                "status",
            ),
        ]
        export_order = fields

    def get_queryset(self):
        return super().get_queryset().select_related("section__study")

    def before_import(self, dataset, **kwargs):
        super().before_import(dataset, **kwargs)
        self.user = kwargs["user"]
        found = Section.objects.filter(
            study__in=self.studies.values(), key=self._meta.model.SECTION_KEY
        )
        self.sections = {section.study_id: section for section in found.select_related("study")}
        self.waiting = self.by_label()
        self.left_aside, self.new = [], []

    def by_label(self):
        """`{(section, label): codes}` that this person may see, in the order in which they
        go out.
        """
        found = defaultdict(list)
        page = admin.site.get_model_admin(self._meta.model)
        codes = page.open_to(
            self._meta.model.objects.order_by("section", "position", "pk"), self.user
        )
        for code in codes.filter(section__in=self.sections.values()).select_related(
            "section__study"
        ):
            found[code.section_id, sameness(code.label)].append(code)
        return found

    def before_import_row(self, row, **kwargs):
        super().before_import_row(row, **kwargs)
        key = self._meta.model.SECTION_KEY
        if row["section"] != key:
            raise ValidationError({"section": f"Here it must be “{key}”, not “{row['section']}”."})
        if self.studies[row["study"]].pk not in self.sections:
            raise ValidationError(
                {"section": f"The study “{row['study']}” has no section “{key}”."}
            )
        if not row["label"]:
            raise ValidationError({"label": "Missing."})
        if not row.get("position", "0"):
            row["position"] = "0"
        row["label"] = visible(row["label"])

    def get_instance(self, instance_loader, row):
        """The code of this label. Of several, such as the same words proposed by two, the next one
        with this status; None for a new code, and for one that is left aside.
        """
        same = self.waiting[self.section_of(row).pk, sameness(row["label"])]
        status = row.get("status", "")
        wanted = {status} if status else IN_THE_CODEBOOK
        fitting = [code for code in same if code.status in wanted]
        exact = [code for code in fitting if code.label == row["label"]]
        code = next(iter(exact or fitting), None)
        if code:
            same.remove(code)
            self.lines.setdefault((row["study"], sameness(row["label"])), row.get(LINE))
        self.is_left_aside = code is None and self.has_no_place(row, same)
        return code

    def section_of(self, row):
        return self.sections[self.studies[row["study"]].pk]

    def has_no_place(self, row, same):
        """Whether this row is of a code that only other acts can make; refused where it would
        change the status of one that is here.
        """
        status = row.get("status", "")
        is_known = any(code.status in IN_THE_CODEBOOK for code in same)
        if status and (is_known or status not in Code.Status.values):
            raise ValidationError({"status": STATUS_CHANGES})
        if status in {"", Code.Status.ACTIVE}:
            self.require_once(row, "label", row["study"], sameness(row["label"]))
            return False
        self.left_aside.append(f"{row['label']} ({status})")
        return True

    def skip_row(self, instance, original, row, import_validation_errors=None):
        return self.is_left_aside or super().skip_row(
            instance, original, row, import_validation_errors
        )

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        if instance.status not in IN_THE_CODEBOOK:
            raise ValidationError({"status": f"What is {instance.status} is not re-defined here."})
        if instance.pk:
            super().validate_instance(instance, import_validation_errors, validate_unique)
        # That a new label is free is known already: no code of the section has it, nor another row.
        elif errors := self.errors_of_fields(instance, import_validation_errors, besides=RELATIONS):
            raise ValidationError(errors)

    def after_import(self, dataset, result, **kwargs):
        self.add_new()
        super().after_import(dataset, result, **kwargs)
        result.left_aside = self.left_aside

    def add_new(self):
        """The new codes at once, each a step of the codebook; the log has one line for the
        import.
        """
        if not self.new:
            return
        self._meta.model.objects.bulk_create(self.new, batch_size=1000)
        for section in self.sections.values():
            steps = [
                CodebookChange(
                    act=CodebookChange.Act.ADD,
                    section=section,
                    code=code,
                    **codebook_changes.addition(code),
                )
                for code in self.new
                if code.section_id == section.pk
            ]
            if steps:
                versions.record_many(section.study, steps, by=self.user, reason="in the admin site")

    def init_instance(self, row=None):
        return self._meta.model(section=self.section_of(row))

    def after_init_instance(self, instance, new, row, **kwargs):
        if not new:
            row["label"] = instance.label  # other case is the same code, not a new name
        self.before = {} if new else {name: getattr(instance, name) for name in WORDS}

    def do_instance_save(self, instance, is_create):
        if is_create:
            self.new.append(instance)
        else:
            changed = {
                name: was for name, was in self.before.items() if was != getattr(instance, name)
            }
            record_words(instance, before=changed, by=self.user)
            instance.save()


WORDS = ["label", "definition", "when_not", "example", "position"]


def record_words(code, *, before, by):
    """One step of the codebook for what the admin site wrote; `before` holds the former words."""
    after = {name: getattr(code, name) for name in before}
    number = str(code.number)
    return codebook_changes.record_edited(
        code,
        before.get("label", code.label),
        {"codes": {number: before}},
        {"codes": {number: after}},
        by=by,
        reason="in the admin site",
    )


class ChallengeResource(CodeResource):
    class Meta(CodeResource.Meta):
        model = Challenge


class ApproachResource(CodeResource):
    class Meta(CodeResource.Meta):
        model = Approach


class MaturityStageResource(CodeResource):
    class Meta(CodeResource.Meta):
        model = MaturityStage
