"""`{% load nouns %}`: nouns that agree with their number."""

from django import template

from mapping.site import plurals

register = template.Library()


@register.filter
def beside(noun, number):
    """`{{ "papers"|beside:total }}`: "paper" where there is one."""
    return plurals.noun_for(number, str(noun))
