from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class MappingConfig(AppConfig):
    name = "mapping"
    verbose_name = "The study and its map"


class AdminSiteConfig(admin_apps.AdminConfig):
    default = False
    default_site = "mapping.people.admin_site.ConcordAdmin"
