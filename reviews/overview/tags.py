from django import template

from reviews.overview import rail as places

register = template.Library()


@register.inclusion_tag("overview/_rail.html", takes_context=True)
def rail(context):
    """The study's pages for this member. Needs `study` as a door returned it, with its
    membership.
    """
    return {"rail": places.entries(context["study"], context["request"].path)}
