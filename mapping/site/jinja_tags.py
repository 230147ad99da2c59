"""`{% load jinja %}`: a Jinja2 template inside one of Django's."""

from django import template

from mapping.site.jinja import jinja_template

register = template.Library()
register.simple_tag(jinja_template)
