from urllib.parse import quote

from django import template
from django.urls import reverse

from mapping.models import Judgement
from reviews import remarking
from reviews.settled import Settled

register = template.Library()


@register.simple_tag
def pdf_at(page, mark):
    """The paper's PDF at the page that a quote names; readers that can search find the quote. Nothing without a PDF."""
    if not page.paper.pdf:
        return ""
    digits = "".join(c if c.isdecimal() else " " for c in mark.page or "").split()
    # A quote that was cut or mended is still found by how it begins.
    begins = quote(" ".join(mark.quote.split()[:6])) if mark.quote else ""
    where = [f"page={digits[0]}"] if digits else []
    where += [f"search={begins}"] if begins else []
    address = reverse("pdf", args=[page.study.slug, page.paper.key])
    return f"{address}#{'&'.join(where)}" if where else address


@register.filter
def called(page, user):
    return page.person(user)


@register.filter
def typed(page, text):
    """What somebody typed, without the names that this study hides."""
    return page.typed(text)


@register.simple_tag
def settled_words(page, resolution):
    """What was settled on then, in words."""
    settled = Settled.from_json(resolution.content["settled"])
    if settled.absence:
        return Judgement.Absence(settled.absence).label
    if settled.codes:
        return ", ".join(page.labels.get(code, "a code of the past") for code in settled.codes)
    if settled.number is not None:
        return str(settled.number)
    if settled.yes_no is not None:
        return "yes" if settled.yes_no else "no"
    return settled.text or "none of the codes"


@register.inclusion_tag("_bell.html")
def bell(user):
    return {"count": remarking.unseen_count(user)}
