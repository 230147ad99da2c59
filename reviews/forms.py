"""The summary as a form: one crispy form per section, named by the section's key, all of them in one page."""

from dataclasses import replace
from hashlib import sha256

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, LayoutObject
from django import forms
from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string

from mapping.models import Judgement

from .content import BLANK, Content, MarkContent, is_id, tidy

CONFIDENCE = [(1, "1 a guess"), (2, "2"), (3, "3"), (4, "4"), (5, "5 certain")]
PAGE = {"class": "form-control", "autocomplete": "off", "maxlength": 40}
LONG = {"rows": 2, "dir": "auto", "class": "form-control"}


class Part(LayoutObject):
    """A piece of the section with a template of its own."""

    def __init__(self, template):
        self.template = template

    def render(self, form, context, template_pack=None, **kwargs):
        return render_to_string(self.template, {"form": form, "sheet": form.sheet})


class SectionForm(forms.Form):
    """One section of one summary: from a SectionSheet to fields and back to a Content.

    Marks repeat: each is four fields of the same names (mark, quote, page, rationale), lined up by their order.
    """

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    quote = forms.CharField(label="Quote", required=False, widget=forms.Textarea(LONG))
    page = forms.CharField(label="Page", required=False, widget=forms.TextInput(PAGE))
    rationale = forms.CharField(label="Why", required=False, widget=forms.Textarea(LONG))

    def __init__(self, sheet, data=None):
        self.sheet = sheet
        super().__init__(data, prefix=sheet.key, initial=initial(sheet))
        self.fields["absence"] = forms.ChoiceField(choices=self.absences, required=False, widget=forms.RadioSelect)
        if sheet.kind == "text":
            widget = forms.Textarea({"rows": 4, "dir": "auto"})
            self.fields["text"] = forms.CharField(label=sheet.label, required=False, widget=widget)
        if sheet.kind == "number":
            # As text: a browser throws away what does not look like a number to it, and so would we.
            widget = forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
            self.fields["number"] = forms.CharField(label=sheet.label, required=False, widget=widget)
        if sheet.kind == "yes_no":
            choices = [("yes", "yes"), ("no", "no")]
            self.fields["yes_no"] = forms.ChoiceField(choices=choices, required=False, widget=forms.RadioSelect)
        if self.shows_confidence:
            choices = [*CONFIDENCE, ("", "not given")]
            self.fields["confidence"] = forms.ChoiceField(choices=choices, required=False, widget=forms.RadioSelect)
        self.helper = self.layout()

    @property
    def absences(self):
        none = [("none_apply", "none of the codes apply")] if self.sheet.has_codes else []
        return [("", "none of these"), *none, *Judgement.Absence.choices]

    @property
    def shows_confidence(self):
        is_given = self.sheet.content.confidence is not None or self.add_prefix("confidence") in self.data
        return self.sheet.asks_confidence or is_given

    def layout(self):
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.form_show_labels = False  # the heading of the section names its field
        answer = {
            "text": [Field("text", css_class="answer", aria_labelledby=f"{self.sheet.key}-title")],
            "number": [Field("number", css_class="answer", aria_labelledby=f"{self.sheet.key}-title")],
            "yes_no": [Part("_yes-no.html")],
            "stage": [Part("_marks.html"), Part("_scale.html")],
        }.get(self.sheet.kind, [Part("_marks.html"), Part("_choices.html")])
        confidence = [Part("_confidence.html")] if self.shows_confidence else []
        helper.layout = Layout("version", *answer, Part("_absence.html"), *confidence, Part("_section-evidence.html"))
        return helper

    @property
    def chosen(self):
        """The ids of the codes that are ticked."""
        if not self.is_bound:
            return self.sheet.content.codes
        return [int(value) for value in self.data.getlist(self.add_prefix("codes")) if is_id(value)]

    @property
    def marks(self):
        """`[(option, [marks])]` as they stand in the form."""
        content = replace(BLANK, marks=tuple(self.posted_marks())) if self.is_bound else self.sheet.content
        return self.sheet.marks_of(content)

    def posted_marks(self):
        rows = [self.data.getlist(self.add_prefix(f"mark-{name}")) for name in ("code", "quote", "page", "rationale")]
        ticked = self.chosen
        kept = [
            MarkContent(int(code), *map(tidy, evidence))
            for code, *evidence in zip(*rows, strict=False)
            if is_id(code) and int(code) in ticked
        ]
        return [*kept, *(MarkContent(code) for code in ticked if code not in {mark.code for mark in kept})]

    def clean(self):
        rows = {
            len(self.data.getlist(self.add_prefix(f"mark-{name}"))) for name in ("code", "quote", "page", "rationale")
        }
        named = self.data.getlist(self.add_prefix("codes")) + self.data.getlist(self.add_prefix("mark-code"))
        if len(rows) > 1 or not all(is_id(value) for value in named if value):
            raise ValidationError(f"{self.sheet.label}: the marks arrived broken. Reload the page and try again.")
        try:
            self.content = Content.of(self.values()) if not self.errors else BLANK
        except ValueError as error:
            raise ValidationError(f"{self.sheet.label}: {error}") from None

    def values(self):
        facts = self.cleaned_data
        absence = facts.get("absence") or ""
        none_apply = absence == "none_apply"
        return {
            "absence": "" if none_apply else absence,
            "none_apply": none_apply,
            "text": facts.get("text"),
            "number": facts.get("number") or None,
            "yes_no": {"yes": True, "no": False}.get(facts.get("yes_no")),
            "confidence": int(facts["confidence"]) if facts.get("confidence") else None,
            "marks": self.posted_marks(),
            **{name: facts.get(name) for name in ("quote", "page", "rationale")},
        }

    @property
    def shown_evidence(self):
        return {name: self[name].value() for name in ("quote", "page", "rationale")}

    @property
    def seen(self):
        """The version that stood beside the kept edits."""
        value = self.data.get(self.add_prefix("seen"), "")
        return int(value) if is_id(value) else self.cleaned_data["version"]

    @property
    def kept_edits(self):
        """The kept edits that the writer had before their eyes."""
        return [int(value) for value in self.data.getlist(self.add_prefix("kept")) if is_id(value)]


def initial(sheet):
    content = sheet.content
    return {
        "version": sheet.version,
        "absence": "none_apply" if content.none_apply else content.absence,
        "text": content.text,
        "number": "" if content.number is None else str(content.number),
        "yes_no": {True: "yes", False: "no"}.get(content.yes_no, ""),
        "confidence": content.confidence or "",
        "quote": content.quote,
        "page": content.page,
        "rationale": content.rationale,
    }


def rendered(sheet, form=None):
    """The section as HTML. What was not just refused comes from the cache: the same sheet gives the same HTML."""
    if form is not None or settings.DEBUG:
        return render_section(sheet, form or SectionForm(sheet))
    key = sha256(repr(sheet).encode()).hexdigest()
    return caches["sections"].get_or_set(key, lambda: render_section(sheet, SectionForm(sheet)))


def render_section(sheet, form):
    return render_to_string("_section.html", {"sheet": sheet, "form": form})


class ProposalForm(forms.Form):
    label = forms.CharField(label="Label", max_length=300)
    definition = forms.CharField(label="Definition", widget=forms.Textarea({"rows": 2}), help_text="One sentence.")
    reason = forms.CharField(
        label="Why none of the codes fits", widget=forms.Textarea({"rows": 2}), help_text="For the lead, who decides."
    )


class ReopenForm(forms.Form):
    reason = forms.CharField(
        label="Why it is reopened",
        widget=forms.Textarea({"rows": 3}),
        help_text="The reviewer will read it, and it stays in the study's log.",
    )
