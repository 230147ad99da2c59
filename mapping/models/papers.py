from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left
from django.urls import reverse
from django.utils import timezone

from mapping.models.fields import LimitedTextField
from mapping.models.studies import Study
from mapping.parsers.lengths import PAPER
from mapping.parsers.paper_fields import FIELDS


class PaperImport(models.Model):
    """One file of references: first previewed, then confirmed, undone while nobody has coded its
    papers.
    """

    class State(models.TextChoices):
        PREVIEWED = "previewed", "previewed"
        CONFIRMED = "confirmed", "confirmed"
        UNDONE = "undone", "undone"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="paper_imports")
    file_name = models.CharField(max_length=255)
    source = models.CharField(
        max_length=100, blank=True, help_text="Where the file came from: Scopus, snowballing …"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEWED)
    records = models.JSONField(default=list, help_text="What was read, kept until confirmed.")
    problems = models.JSONField(default=list, help_text="Refused entries: file, line, reason.")
    choices = models.JSONField(
        default=dict,
        blank=True,
        help_text=(
            "Entries that look like others: place among the records -> true to take it, "
            "false to leave it out."
        ),
    )
    new = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self):
        return self.file_name


def pdf_path(paper, filename):
    # The uploaded name may say who coded what; ours says nothing.
    return str(Path("papers") / str(paper.study_id) / f"{uuid4().hex}.pdf")


def listed(text):
    """The parts of a text that keeps several, separated by semicolons or, where somebody typed so,
    by line ends.
    """
    return [part for part in map(str.strip, text.replace("\n", ";").split(";")) if part]


class PaperQuerySet(models.QuerySet):
    def matching(self, words):
        """Full-text search in the fields that are searched; the last word may be unfinished."""
        words = " ".join(words.replace("\0", " ").split())  # PostgreSQL takes no NUL in a text
        if not words:
            return self
        terms = ["".join(c for c in word if c.isalnum() or c in "-_") for word in words.split()]
        raw = " & ".join(f"'{term}':*" for term in terms if term)
        plain = Q(doi__iexact=words) | Q(key__iexact=words)
        if raw:
            plain |= Q(search=SearchQuery(raw, search_type="raw", config="simple"))
        return self.filter(plain)

    def available_in(self, phase):
        """The papers of the study that no settled decision of an earlier phase has excluded."""
        position = "findings__section__phase__position"
        earlier = Q(**{f"{position}__lt": phase.position}) | Q(
            **{position: phase.position}, findings__section__phase__lt=phase.pk
        )
        excluded = self.model.objects.filter(
            earlier,
            findings__marks__code__excludes_paper=True,
            findings__section__study=phase.study_id,
        )
        return self.filter(study=phase.study_id).exclude(pk__in=excluded.values("pk"))


class Paper(models.Model):
    """One publication in a study. What its fields are elsewhere, on forms and in files, stands in
    `mapping/parsers/paper_fields.py`.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="papers")
    key = models.CharField(max_length=200)
    title = LimitedTextField(longest=PAPER["title"])
    authors = LimitedTextField(
        longest=PAPER["authors"], blank=True, help_text="“Family, Given”, separated by semicolons."
    )
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    venue = LimitedTextField(longest=PAPER["venue"], blank=True)
    doi = models.CharField("DOI", max_length=300, blank=True)
    shares_doi = models.BooleanField(
        "shares its DOI",
        default=False,
        help_text="A lead said that this is another publication than the one with the same DOI.",
    )
    url = models.URLField("URL", max_length=1000, blank=True)
    abstract = LimitedTextField(longest=PAPER["abstract"], blank=True)
    kind = models.CharField(max_length=40, blank=True, help_text="article, inproceedings …")
    volume = models.CharField(max_length=100, blank=True)
    number = models.CharField(max_length=100, blank=True)
    pages = models.CharField(max_length=100, blank=True)
    publisher = LimitedTextField(longest=PAPER["publisher"], blank=True)
    keywords = LimitedTextField(longest=PAPER["keywords"], blank=True)
    extra = models.JSONField(
        default=dict, blank=True, help_text="Fields of the entry that have no column."
    )
    pdf = models.FileField("PDF", upload_to=pdf_path, blank=True, max_length=300)
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    search = models.GeneratedField(
        expression=SearchVector(*(one.name for one in FIELDS if one.is_searched), config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = PaperQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        indexes = [
            GinIndex(fields=["search"], name="paper_search"),
            # The head of the title: a whole one may be longer than an index entry can be.
            models.Index(F("study"), Left("title", 200), F("id"), name="paper_by_title"),
            models.Index(
                F("study"),
                Left("authors", 200),
                Left("title", 200),
                F("id"),
                name="paper_by_authors",
            ),
            models.Index(
                F("study"), Left("venue", 200), Left("title", 200), F("id"), name="paper_by_venue"
            ),
            models.Index(fields=["study", "year"], name="paper_by_year"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(key__regex=r"^[^/[:cntrl:]]+$"),
                name="paper_key_fits_an_address",
                violation_error_message=(
                    "A key cannot be empty, nor hold slashes or control characters."
                ),
            ),
            models.UniqueConstraint(
                fields=["study", "key"],
                name="one_paper_per_key",
                violation_error_message="Another paper of this study has this key.",
            ),
            models.UniqueConstraint(
                fields=["study", "doi"],
                condition=~Q(doi="") & Q(shares_doi=False),
                name="one_paper_per_doi",
                violation_error_message="Another paper of this study has this DOI.",
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("paper", args=[self.study.slug, self.key])

    @property
    def author_list(self):
        return listed(self.authors)

    @property
    def short_authors(self):
        """As one cites it: “John”, “John and Olsson”, “John et al.”"""
        families = [author.split(",")[0].strip() for author in self.author_list]
        if len(families) > 2:
            return f"{families[0]} et al."
        return " and ".join(families)


class PaperSource(models.Model):
    """Where a paper was found. A duplicate adds a source, not a paper."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="sources")
    paper_import = models.ForeignKey(
        PaperImport, null=True, blank=True, on_delete=models.PROTECT, related_name="paper_sources"
    )
    source = models.CharField(max_length=100, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)
    entry_key = models.CharField(max_length=200, blank=True)
    is_duplicate = models.BooleanField(default=False, help_text="The paper was there already.")

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.source or self.file_name or "by hand"
