"""What one reviewer says of a section: saved by the act or through the page, and read again from
the database.
"""

from mapping.models import Code, Section
from reviews.coding import drafts
from reviews.models import Answer, Summary
from tests.reading import form_in


def save(summary, key, *, based_on=0, by=None, **content):
    """Save one section as its reviewer, or as `by`; by keyword what it says, as `Judgement`
    has it.
    """
    section = Section.objects.get(study=summary.assignment.round.study, key=key)
    by = by or summary.assignment.reviewer
    return drafts.save_answer(
        summary, section, content.pop("content", content), based_on=based_on, by=by
    )


def code(study, label):
    return Code.objects.get(section__study=study, label=label)


def marks(*codes, **evidence):
    return [{"code": code.pk, **evidence} for code in codes]


def fill(client, url, **changes):
    """Open the page, change fields, press Save draft; names are `section__field`."""
    fields = form_in(client.get(url), "summary-form")
    for name, value in changes.items():
        section, _, field = name.rpartition("__")
        fields[f"{section.replace('_', '-')}-{field}"] = value
    return client.post(url, {**fields, "act": "save"})


def said(whose, key):
    """What stands there of one section: `whose` is a summary, or an assignment with one summary."""
    of_it = {"summary": whose} if isinstance(whose, Summary) else {"summary__assignment": whose}
    return drafts.content_of(Answer.objects.filter(**of_it, section__key=key).first())
