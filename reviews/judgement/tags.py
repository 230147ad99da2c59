from django import template

from mapping.models import JudgementFields

register = template.Library()
ABSENCES = dict(JudgementFields.Absence.choices)


@register.inclusion_tag("judgement/_judged.html")
def judged(sheet, content):
    """What `content` says, in the words of the sheet's codes."""
    absence = "none of the codes apply" if content.none_apply else ABSENCES.get(content.absence, "")
    return {"content": content, "marks": sheet.marks_of(content), "absence": absence}
