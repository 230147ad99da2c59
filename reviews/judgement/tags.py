from django import template

from mapping.judgement.absences import LABELS, NONE_APPLY_LABEL, label_of, listed

register = template.Library()


@register.inclusion_tag("judgement/_judged.html")
def judged(sheet, content):
    """What `content` says, in the words of the sheet's codes."""
    absence = NONE_APPLY_LABEL if content.none_apply else LABELS.get(content.absence, "")
    return {"content": content, "marks": sheet.marks_of(content), "absence": absence}


register.filter("absence_label", label_of)


@register.simple_tag
def absences_listed():
    """“not reported, unclear and …”"""
    return listed(LABELS.values())


@register.simple_tag
def absence_names_listed():
    """The names in files, in Markdown."""
    return listed((f"`{name}`" for name in LABELS), "or")
