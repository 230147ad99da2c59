"""Import and export of papers as a table, and the base class that the tables of codes share."""

from collections import Counter

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from import_export import fields, resources

from mapping.admin.formats import LINE, texts_in_files
from mapping.admin.results import LinedResult, PlainDiff
from mapping.exchange.table import safe
from mapping.models import LogEntry, Paper, PaperSource, Study
from mapping.papers.keys import key_refusal, tidied_key
from mapping.parsers.keys import normalised_doi
from mapping.parsers.paper_fields import in_order
from mapping.site import analyze


class TableResource(resources.ModelResource):
    """Rows identified by the study's slug and a name within it; formulas are escaped in exports,
    and unescaped in imports.
    """

    previewed = 0
    needed = []
    ignored = notes = left_aside = saved = ()

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
        self.written = Counter()
        missing = [name for name in self.needed if name not in dataset.headers]
        if missing:
            del dataset[:]  # no row can be read: the columns are what is wrong
            raise ValidationError(
                f"Missing column{'s' * (len(missing) > 1)}: {', '.join(missing)}."
            )
        # Labels and keys are read, then written: whoever changes these studies now waits.
        found = Study.objects.select_for_update(no_key=True).filter(slug__in=set(dataset["study"]))
        self.studies = {study.slug: study for study in found.order_by("pk")}
        # By heading: what is not asked for is not read, and the preview says so.
        self.ignored = [name for name in dataset.headers if name not in {*self.fields, LINE}]
        self.notes = getattr(dataset, "notes", [])
        self.lines = {}

    def before_import_row(self, row, **kwargs):
        if row["study"] not in self.studies:
            raise ValidationError(
                {"study": f"There is no study “{row['study']}”." if row["study"] else "Missing."}
            )

    def import_field(self, field, instance, row, is_m2m=False, **kwargs):
        before = field.get_value(instance) if field.attribute else None
        now = row.get(field.column_name)
        if isinstance(before, str) and (
            now == before or (before and now in texts_in_files(before))
        ):
            return  # a file is trimmed: what went out and came back untouched stays as it is
        try:
            super().import_field(field, instance, row, is_m2m, **kwargs)
        except ArithmeticError as error:
            raise ValueError(f"“{row[field.column_name]}” is not a number.") from error

    def errors_of_fields(self, instance, errors, *, besides):
        """The model's errors of each field but these, without a query."""
        errors = dict(errors or {})
        try:
            instance.full_clean(
                exclude={*besides, *errors}, validate_unique=False, validate_constraints=False
            )
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        return errors

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
                self.studies[slug],
                user,
                "import-in-admin",
                (
                    f"{user} imported {what} from {file_name} in the admin site: {new} new, "
                    f"{changed} changed."
                ),
                file=file_name,
                new=new,
                changed=changed,
            )


class PaperResource(TableResource):
    """Queries the database once for all rows, and writes in batches."""

    study = fields.Field(column_name="study", attribute="study__slug", readonly=True)
    needed = ["study", "key"]

    class Meta(TableResource.Meta):
        model = Paper
        import_id_fields = ["study", "key"]
        use_bulk = True
        batch_size = 1000
        fields = [
            "study",
            *(
                one.name
                for one in in_order(
                    *("key", "title", "authors", "year", "venue", "doi"),
                    *("url", "abstract", "keywords"),
                )
            ),
        ]
        export_order = fields

    def get_queryset(self):
        return super().get_queryset().select_related("study").defer("extra", "search")

    def before_import(self, dataset, **kwargs):
        super().before_import(dataset, **kwargs)
        studies = {study.pk: study for study in self.studies.values()}
        of_studies = Paper.objects.filter(study__in=studies).defer("extra", "search")
        keys = {tidied_key(key) for key in dataset["key"]}
        named = of_studies.annotate(small_key=Lower("key")).filter(
            small_key__in={key.lower() for key in keys}
        )
        self.papers = {(paper.study_id, paper.key): paper for paper in named}
        self.written_keys = {(paper.study_id, paper.small_key): paper.key for paper in named}
        for paper in self.papers.values():
            paper.study = studies[paper.study_id]
        dois = (
            of_studies.exclude(doi="").filter(shares_doi=False).values_list("study", "doi", "key")
        )
        self.keys = {(study, doi): key for study, doi, key in dois}
        self.saved = []

    def before_import_row(self, row, **kwargs):
        super().before_import_row(row, **kwargs)
        row["key"] = tidied_key(row["key"])
        if reason := key_refusal(row["key"]):
            raise ValidationError({"key": reason})
        self.require_once(row, "key", row["study"], row["key"].lower())
        study = self.studies[row["study"]].pk
        # in other capitals it is the paper that is there
        if (study, row["key"]) not in self.papers:
            row["key"] = self.written_keys.get((study, row["key"].lower()), row["key"])

    def get_instance(self, instance_loader, row):
        return self.papers.get((self.studies[row["study"]].pk, row["key"]))

    def after_init_instance(self, instance, new, row, **kwargs):
        doi = row.get("doi")
        if doi and doi not in texts_in_files(instance.doi):
            row["doi"] = normalised_doi(doi) or doi

    def init_instance(self, row=None):
        return Paper(study=self.studies[row["study"]])

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        """Every field as the model has it. What the database would be asked for row by row is known
        here already: the study, and that keys and DOIs are not taken.
        """
        besides = ["study", "extra", "search", "pdf"]
        errors = self.errors_of_fields(instance, import_validation_errors, besides=besides)
        if self.is_taken(instance):
            errors.setdefault("__all__", []).append(_DOI_TAKEN)
        if errors:
            raise ValidationError(errors)

    def is_taken(self, paper):
        """Whether another paper of the study, or of this file, has the DOI, and does not
        share it.
        """
        if not paper.doi or paper.shares_doi:
            return False
        return self.keys.setdefault((paper.study_id, paper.doi), paper.key) != paper.key

    def after_save_instance(self, instance, row, **kwargs):
        self.saved.append((instance, row.get(LINE)))

    def after_import(self, dataset, result, *, file_name="", **kwargs):
        super().after_import(dataset, result, file_name=file_name, **kwargs)
        pks = [paper.pk for paper, _ in self.saved]
        found = set(PaperSource.objects.filter(paper__in=pks).values_list("paper", flat=True))
        sources = [
            PaperSource(paper=paper, source="admin site", file_name=file_name or "", line=line)
            for paper, line in self.saved
            if paper.pk not in found
        ]
        PaperSource.objects.bulk_create(sources, batch_size=2000)
        if not kwargs.get("dry_run"):
            analyze.tell_of(len(self.saved), Paper, PaperSource)


_DOI_TAKEN = next(
    constraint.violation_error_message
    for constraint in Paper._meta.constraints
    if constraint.name == "one_paper_per_doi"
)
