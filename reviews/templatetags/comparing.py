from django import template
from django.urls import reverse

from mapping.models import Judgement
from reviews import remarking
from reviews.settled import Settled

register = template.Library()


@register.simple_tag
def pdf_at(page, where):
    """The paper's PDF at the page that a quote names, or nothing without a PDF or a page."""
    if not page.paper.pdf:
        return ""
    digits = "".join(c if c.isdigit() else " " for c in where or "").split()
    address = reverse("pdf", args=[page.study.slug, page.paper.key])
    return f"{address}#page={digits[0]}" if digits else address


@register.simple_tag
def merge_link(address, code):
    """The codebook's page that merges this code; `address` has CODE in its place, or none and takes a parameter."""
    return address.replace("/CODE/", f"/{code}/") if "/CODE/" in address else f"{address}?code={code}"


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
