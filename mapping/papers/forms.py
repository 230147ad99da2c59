"""Forms for papers and their PDFs."""

from types import SimpleNamespace

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat

from mapping.models import Paper
from mapping.papers.changes import pdf_refusal
from mapping.papers.duplicates import comparable_papers
from mapping.papers.importing import free_keys
from mapping.papers.keys import key_refusal, tidied_key
from mapping.parsers.keys import normalised_doi
from mapping.parsers.paper_fields import FIELDS, in_order
from mapping.parsers.titles import SAME_DOI, find_duplicates

_IN_ORDER = in_order(
    *("title", "authors", "year", "venue", "doi", "key", "url", "abstract", "keywords")
)


class PdfForm(forms.Form):
    pdf = forms.FileField(
        label="PDF",
        help_text=(
            f"Up to {filesizeformat(settings.PDF_LIMIT)}. Only members of this study can open it."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,.pdf"}),
    )

    def clean_pdf(self):
        upload = self.cleaned_data["pdf"]
        refusal = pdf_refusal(upload)
        if refusal:
            raise ValidationError(refusal)
        return upload


class PaperForm(forms.ModelForm):
    """Add or edit a paper of `study` by hand. Asks for confirmation before it adds a paper that
    seems to be there already.
    """

    url = forms.URLField(label="URL", required=False, max_length=1000, assume_scheme="https")
    source = forms.CharField(
        label="Found in", required=False, max_length=100, help_text="Snowballing, an expert …"
    )
    is_another = forms.BooleanField(
        label="It is another publication",
        required=False,
        help_text="Tick this to keep both papers.",
    )

    class Meta:
        model = Paper
        fields = tuple(one.name for one in _IN_ORDER)
        widgets = {
            one.name: forms.Textarea(attrs={"rows": one.lines})
            if one.lines > 1
            else forms.TextInput()
            for one in _IN_ORDER
            if one.longest
        }
        help_texts = {
            "key": "Names the paper in addresses and files. Left empty: like john2021towards."
        }

    def __init__(self, *args, study, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.study = study
        self.fields["key"].required = False
        self.fields["year"].widget.attrs |= {"min": 1500, "max": 2100}
        if not self.instance._state.adding:
            del self.fields["source"]
        if not (self.is_bound and "is_another" in self.data):
            self.fields["is_another"].widget = forms.HiddenInput()

    def _get_validation_exclusions(self):
        # These are no fields here, yet key and DOI are unique within the study.
        return super()._get_validation_exclusions() - {"study", "shares_doi"}

    def clean_year(self):
        year = self.cleaned_data["year"]
        if year is not None and not 1500 <= year <= 2100:
            raise ValidationError("A year between 1500 and 2100, please.")
        return year

    def clean_doi(self):
        typed = self.cleaned_data["doi"]
        doi = normalised_doi(typed)
        if typed and not doi:
            raise ValidationError("A DOI looks like 10.1109/SEAA53835.2021.00050.")
        return doi

    def clean_key(self):
        key = tidied_key(self.cleaned_data["key"])
        refusal = key and key_refusal(key)
        if refusal:
            raise ValidationError(refusal)
        if key and "key" in self.changed_data:
            fellows = Paper.objects.filter(study=self.instance.study, key__iexact=key)
            near = fellows.exclude(key=key).exclude(pk=self.instance.pk).first()
            if near:
                raise ValidationError(
                    f"Another paper of this study has this key in other capitals: “{near.key}”."
                )
        return key

    def clean(self):
        facts = super().clean()
        if self.errors:
            return facts
        others = Paper.objects.filter(study=self.instance.study).exclude(pk=self.instance.pk)
        authors = [name.strip() for name in facts["authors"].split(";") if name.strip()]
        if not facts["key"]:
            entry = {"key": "", "authors": authors, "year": facts["year"], "title": facts["title"]}
            facts["key"] = next(free_keys([entry], others.values_list("key", flat=True)))
        self.settle_doi(facts, others)
        if self.instance._state.adding and not facts["is_another"]:
            self.refuse_duplicate(facts, authors)
        return facts

    def settle_doi(self, facts, others):
        """Two papers may share a DOI only where somebody said so: here, or when they were
        imported.
        """
        is_taken = bool(facts["doi"]) and others.filter(doi=facts["doi"], shares_doi=False).exists()
        was_said = self.instance.shares_doi and "doi" not in self.changed_data
        self.shared_doi_before = self.instance.shares_doi
        self.instance.shares_doi = is_taken and (facts["is_another"] or was_said)
        if is_taken and not self.instance.shares_doi:  # refused by its constraint
            self.fields["is_another"].widget = forms.CheckboxInput()

    @property
    def changed_columns(self):
        """The columns of the paper that were changed, once the form is valid."""
        changed = [name for name in self.changed_data if name in self.Meta.fields]
        return changed + ["shares_doi"] * (self.instance.shares_doi != self.shared_doi_before)

    def refuse_duplicate(self, facts, authors):
        compared = {one.name: facts[one.name] for one in FIELDS if one.is_compared}
        typed = SimpleNamespace(**compared | {"authors": authors})
        match = find_duplicates([typed], comparable_papers(self.instance.study))[0]
        if match and match.why != SAME_DOI:
            self.fields["is_another"].widget = forms.CheckboxInput()
            raise ValidationError(f"This paper seems to be here already: {match}.")
