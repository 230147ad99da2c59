"""Papers and codes as tables: what a row means, and what it is refused for."""

from collections import Counter

from django.core.exceptions import ValidationError
from django.utils.html import format_html
from import_export import fields, resources, results, widgets

from mapping import codebook
from mapping.converters import key_refusal, tidied_key
from mapping.exporting import safe
from mapping.models import (
    Approach,
    Challenge,
    Code,
    LogEntry,
    MaturityStage,
    Paper,
    PaperSource,
    Section,
    Study,
)
from mapping.parsers.keys import normalised_doi
from mapping.parsers.spelling import sameness, visible

from .formats import LINE


class LinedResult(results.Result):
    """Refusals name the line of the file, not the how-manieth row was read."""

    def append_invalid_row(self, number, row, validation_error):
        super().append_invalid_row(row.get(LINE, number), row, validation_error)

    def append_error_row(self, number, row, errors):
        super().append_error_row(row.get(LINE, number), row, errors)


class PlainDiff:
    """What a row would change, for the preview."""

    def __init__(self, resource, instance, new):
        self.before = [] if new else self.values(resource, instance)

    def values(self, resource, instance):
        return [str(resource.export_field(field, instance) or "") for field in resource.get_user_visible_fields()]

    def compare_with(self, resource, instance, dry_run=False):
        self.after = self.values(resource, instance) if instance else []

    def as_html(self):
        if not self.before:
            return self.after
        pairs = zip(self.before, self.after, strict=True)
        return [now if was == now else format_html("<del>{}</del> <ins>{}</ins>", was, now) for was, now in pairs]


class TableResource(resources.ModelResource):
    """Rows found by the study's slug and a name within it; formula-safe on the way out, plain again on the way in."""

    study = fields.Field(column_name="study", attribute="study", widget=widgets.ForeignKeyWidget(Study, "slug"))
    needed = []

    class Meta:
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def get_result_class(self):
        return LinedResult

    def get_diff_class(self):
        return PlainDiff

    def export_field(self, field, instance, **kwargs):
        return safe(super().export_field(field, instance, **kwargs))

    def before_import(self, dataset, **kwargs):
        missing = [name for name in self.needed if name not in dataset.headers]
        if missing:
            raise ValidationError(f"Missing column{'s' * (len(missing) > 1)}: {', '.join(missing)}.")
        self.studies = {study.slug: study for study in Study.objects.filter(slug__in=set(dataset["study"]))}
        # By heading: what is not asked for is not read, and the preview says so.
        self.ignored = [name for name in dataset.headers if name not in {*self.fields, LINE}]
        self.notes = getattr(dataset, "notes", [])
        self.lines = {}
        self.written = Counter()

    def before_import_row(self, row, **kwargs):
        if row["study"] not in self.studies:
            raise ValidationError({"study": f"There is no study “{row['study']}”." if row["study"] else "Missing."})

    def import_field(self, field, instance, row, is_m2m=False, **kwargs):
        try:
            super().import_field(field, instance, row, is_m2m, **kwargs)
        except ArithmeticError as error:
            raise ValueError(f"“{row[field.column_name]}” is not a number.") from error

    def require_once(self, row, column, *name):
        first = self.lines.setdefault(name, row.get(LINE))
        if first != row.get(LINE):
            raise ValidationError({column: f"“{row[column]}” stands in line {first} already."})

    def after_import_row(self, row, row_result, **kwargs):
        if row_result.import_type in {row_result.IMPORT_TYPE_NEW, row_result.IMPORT_TYPE_UPDATE}:
            self.written[row["study"], row_result.import_type] += 1

    def after_import(self, dataset, result, *, user, file_name, **kwargs):
        result.ignored, result.notes = self.ignored, self.notes
        for slug in {slug for slug, _ in self.written}:
            new, changed = self.written[slug, "new"], self.written[slug, "update"]
            what = self._meta.model._meta.verbose_name_plural
            LogEntry.objects.record(
                self.studies[slug], user, "import-in-admin",
                f"{user} imported {what} from {file_name} in the admin site: {new} new, {changed} changed.",
                file=file_name, new=new, changed=changed,
            )  # fmt: skip


class PaperResource(TableResource):
    needed = ["study", "key"]

    class Meta(TableResource.Meta):
        model = Paper
        import_id_fields = ["study", "key"]
        fields = [
            *("study", "key", "title", "authors", "year", "venue", "doi", "url", "abstract", "keywords"),
            *("kind", "volume", "number", "pages", "publisher"),
        ]
        export_order = fields

    def get_queryset(self):
        return super().get_queryset().select_related("study")

    def before_import_row(self, row, **kwargs):
        super().before_import_row(row, **kwargs)
        row["key"] = tidied_key(row["key"])
        if reason := key_refusal(row["key"]):
            raise ValidationError({"key": reason})
        if row.get("doi"):
            row["doi"] = normalised_doi(row["doi"]) or row["doi"]
        self.require_once(row, "key", row["study"], row["key"])

    def get_instance(self, instance_loader, row):
        return Paper.objects.filter(study=self.studies[row["study"]], key=row["key"]).select_related("study").first()

    def after_save_instance(self, instance, row, *, file_name="", **kwargs):
        if not instance.sources.exists():
            PaperSource.objects.create(
                paper=instance, source="admin site", file_name=file_name or "", line=row.get(LINE)
            )


class CodeResource(TableResource):
    """Codes of one section key over all studies. A new row adds a code, a known label is re-defined: both are steps of
    the codebook. Status is shown, and changed on the codebook page."""

    study = fields.Field(column_name="study", attribute="section__study__slug", readonly=True)
    section = fields.Field(column_name="section", attribute="section__key", readonly=True)
    status = fields.Field(column_name="status", attribute="status", readonly=True)
    needed = ["study", "section", "label"]

    class Meta(TableResource.Meta):
        import_id_fields = ["study", "section", "label"]
        fields = ["study", "section", "label", "definition", "when_not", "example", "position", "status"]
        export_order = fields

    def get_queryset(self):
        return super().get_queryset().select_related("section__study")

    def before_import(self, dataset, **kwargs):
        super().before_import(dataset, **kwargs)
        self.user = kwargs["user"]
        # Labels are read, then written: whoever changes these codebooks now waits.
        list(
            Study.objects.select_for_update(no_key=True)
            .filter(pk__in=[s.pk for s in self.studies.values()])
            .order_by("pk")
        )
        found = Section.objects.filter(study__in=self.studies.values(), key=self._meta.model.SECTION_KEY)
        self.sections = {section.study_id: section for section in found.select_related("study")}

    def before_import_row(self, row, **kwargs):
        super().before_import_row(row, **kwargs)
        key = self._meta.model.SECTION_KEY
        if row["section"] != key:
            raise ValidationError({"section": f"Here it must be “{key}”, not “{row['section']}”."})
        if self.studies[row["study"]].pk not in self.sections:
            raise ValidationError({"section": f"The study “{row['study']}” has no section “{key}”."})
        if not row["label"]:
            raise ValidationError({"label": "Missing."})
        if not row.get("position", "0"):
            row["position"] = "0"
        row["label"] = visible(row["label"])
        self.require_once(row, "label", row["study"], sameness(row["label"]))

    def get_instance(self, instance_loader, row):
        section = self.sections[self.studies[row["study"]].pk]
        known = Code.Status.ACTIVE, Code.Status.RETIRED
        found = self._meta.model.objects.filter(section=section, status__in=known)
        code = codebook.alike(row["label"], found.select_related("section__study"))
        status = row.get("status")
        if status and status != (code.status if code else Code.Status.ACTIVE):
            raise ValidationError(
                {"status": "A status changes on the codebook page, where its marks are looked after."}
            )
        return code

    def init_instance(self, row=None):
        return self._meta.model(section=self.sections[self.studies[row["study"]].pk])

    def after_init_instance(self, instance, new, row, **kwargs):
        if not new:
            row["label"] = instance.label  # other case is the same code, not a new name
        self.before = {} if new else {name: getattr(instance, name) for name in WORDS}

    def do_instance_save(self, instance, is_create):
        if is_create:
            instance.save(force_insert=True)
            record_words(instance, before=None, by=self.user)
        else:
            changed = {name: was for name, was in self.before.items() if was != getattr(instance, name)}
            record_words(instance, before=changed, by=self.user)
            instance.save()


WORDS = ["label", "definition", "when_not", "example", "position"]


def record_words(code, *, before, by):
    """One step of the codebook for what the admin site wrote: `before` holds the former words, None for a new code."""
    if before is None:
        return codebook.record_added(code, by=by, reason="in the admin site")
    after = {name: getattr(code, name) for name in before}
    pk = str(code.pk)
    return codebook.record_edited(
        code, before.get("label", code.label), {"codes": {pk: before}}, {"codes": {pk: after}}, by=by,
        reason="in the admin site",
    )  # fmt: skip


class ChallengeResource(CodeResource):
    class Meta(CodeResource.Meta):
        model = Challenge


class ApproachResource(CodeResource):
    class Meta(CodeResource.Meta):
        model = Approach


class MaturityStageResource(CodeResource):
    class Meta(CodeResource.Meta):
        model = MaturityStage
