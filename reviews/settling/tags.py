from urllib.parse import quote

from django import template
from django.urls import reverse

from reviews.settling import discussion
from reviews.settling.decisions import as_of_today, in_words

register = template.Library()


@register.simple_tag
def pdf_at(page, evidence):
    """The paper's PDF at the page that a quote names; readers that can search find the quote.
    Nothing without a PDF.
    """
    if not page.paper.pdf:
        return ""
    digits = "".join(c if c.isdecimal() else " " for c in evidence.page or "").split()
    # A quote that was cut or mended is still found by how it begins.
    begins = quote(" ".join(evidence.quote.split()[:6])) if evidence.quote else ""
    where = [f"page={digits[0]}"] if digits else []
    where += [f"search={begins}"] if begins else []
    address = reverse("pdf", args=[page.study.slug, page.paper.key])
    return f"{address}#{'&'.join(where)}" if where else address


@register.filter
def called(page, user):
    return page.person(user)


@register.filter
def label_of(page, code):
    """The code's label, with a word where it is no longer in use."""
    return page.labels[code.pk]


@register.filter
def typed(page, text):
    """What somebody typed, without the names that this study hides."""
    return page.typed(text)


@register.simple_tag
def settled_words(page, resolution, is_now=False):
    """What was settled on then, in words; `is_now`: as the finding stands, with merged codes where
    they went.
    """
    return in_words(
        as_of_today(resolution, page.went_to if is_now else page.codes_then), page.labels
    )


@register.inclusion_tag("settling/_bell.html")
def bell(user):
    return {"count": discussion.unseen_count(user)}
