from django import template

from reviews.overview import rail as places

register = template.Library()


@register.inclusion_tag("overview/_rail.html", takes_context=True)
def rail(context):
    """The study's pages for this member. Needs `membership`."""
    return {"rail": places.entries(context["membership"], context["request"].path)}
