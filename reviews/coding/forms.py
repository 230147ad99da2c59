"""The summary as a form: one form per section, named by the section's key, all of them in one page.

How a section looks is in `section_html.py`; this reads what comes back.
"""

from dataclasses import replace

from django import forms
from django.core.exceptions import ValidationError

from mapping.judgement.kinds import KINDS, YES_NO
from mapping.judgement.values import BLANK, Evidence, Judgement, Mark
from mapping.site.fields import LongTextField
from mapping.site.numbers import WholeNumberField, is_id, whole_number
from reviews.coding.section_html import CONFIDENCE, absences, section_html, values_of


class SectionForm(forms.Form):
    """One section of one summary: from a SectionSheet to fields and back to a Judgement.

    Marks repeat: each is fields of the same names (its code and its evidence), lined up by their
    order.
    """

    version = WholeNumberField()

    def __init__(self, sheet, data):
        self.sheet = sheet
        super().__init__(data, prefix=sheet.key)
        for name in Evidence.FIELDS:
            self.fields[name] = forms.CharField(required=False)
        self.fields["absence"] = forms.ChoiceField(choices=absences(sheet), required=False)
        kind = sheet.kind_of
        if kind.words:
            choices = [(word, word) for word in kind.words.values()]
            self.fields[kind.field] = forms.ChoiceField(choices=choices, required=False)
        elif not kind.has_codes:
            self.fields[kind.field] = forms.CharField(label=sheet.label, required=False)
        if self.shows_confidence:
            self.fields["confidence"] = forms.ChoiceField(
                choices=[*CONFIDENCE, ("", "not given")], required=False
            )

    @property
    def shows_confidence(self):
        is_given = (
            self.sheet.content.confidence is not None or self.add_prefix("confidence") in self.data
        )
        return self.sheet.asks_confidence or is_given

    @property
    def chosen(self):
        """The ids of the codes that are ticked."""
        return [int(value) for value in self.data.getlist(self.add_prefix("codes")) if is_id(value)]

    def posted_marks(self):
        ticked = self.chosen
        kept = [
            Mark(int(code), Evidence(*evidence).tidied())
            for code, *evidence in zip(*self.mark_fields(), strict=False)
            if is_id(code) and int(code) in ticked
        ]
        return (
            *kept,
            *(Mark(code) for code in ticked if code not in {mark.code for mark in kept}),
        )

    def mark_fields(self):
        """The values of each field of the marks, in their order."""
        return [
            self.data.getlist(self.add_prefix(f"mark-{name}"))
            for name in ("code", *Evidence.FIELDS)
        ]

    def clean(self):
        lengths = {len(several) for several in self.mark_fields()}
        named = self.data.getlist(self.add_prefix("codes")) + self.data.getlist(
            self.add_prefix("mark-code")
        )
        if len(lengths) > 1 or not all(is_id(value) for value in named if value):
            raise ValidationError(
                f"{self.sheet.label}: the marks arrived broken. Reload the page and try again."
            )
        try:
            self.content = Judgement.of(self.values()) if not self.errors else BLANK
        except ValueError as error:
            raise ValidationError(f"{self.sheet.label}: {error}") from None

    def values(self):
        facts = self.cleaned_data
        absent = Judgement.absent(facts.get("absence") or "")
        return {
            "absence": absent.absence,
            "none_apply": absent.none_apply,
            "text": facts.get("text"),
            "number": facts.get("number") or None,
            "yes_no": KINDS[YES_NO].from_cell(facts.get("yes_no")),
            "confidence": int(facts["confidence"]) if facts.get("confidence") else None,
            "marks": self.posted_marks(),
            **{name: facts.get(name) for name in Evidence.FIELDS},
        }

    @property
    def seen(self):
        """The version that stood beside the kept edits."""
        seen = whole_number(self.data.get(self.add_prefix("seen")))
        return self.cleaned_data["version"] if seen is None else seen

    @property
    def kept_edits(self):
        """The kept edits that the writer had before their eyes."""
        return [int(value) for value in self.data.getlist(self.add_prefix("kept")) if is_id(value)]


def rendered(sheet, form=None):
    """The section as HTML: with what was said of it, or with what was just posted and refused."""
    if form is None:
        return section_html(sheet)
    # A field that did not arrive is empty.
    posted = {name: form[name].value() or "" for name in form.fields}
    posted |= {
        "evidence": Evidence.from_mapping(posted),
        "chosen": form.chosen,
        "marks": sheet.marks_of(replace(BLANK, marks=form.posted_marks())),
    }
    problems = [error for errors in form.errors.values() for error in errors]
    return section_html(
        sheet, values_of(sheet) | posted, problems=problems, asks_confidence=form.shows_confidence
    )


class ProposalForm(forms.Form):
    label = forms.CharField(label="Label", max_length=300)
    definition = LongTextField(
        label="Definition", widget=forms.Textarea({"rows": 2}), help_text="One sentence."
    )
    reason = LongTextField(
        label="Why none of the codes fits",
        widget=forms.Textarea({"rows": 2}),
        help_text="For the lead, who decides.",
    )


class ReopenForm(forms.Form):
    reason = LongTextField(
        label="Why it is reopened",
        widget=forms.Textarea({"rows": 3}),
        help_text="The reviewer will read it, and it stays in the study's log.",
    )
