"""`{% load nouns %}`: nouns that agree with their number."""

from django import template

from mapping import counted

register = template.Library()


@register.filter
def beside(noun, number):
    """`{{ "papers"|beside:total }}`: "paper" where there is one."""
    return counted.noun_for(number, str(noun))
