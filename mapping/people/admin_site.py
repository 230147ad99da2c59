from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from mapping.people.views.account import sign_in_for


class OfferedAutocomplete(AutocompleteJsonView):
    """Django completes every relation of every model; here those whose form asks for it."""

    def process_request(self, request):
        asked = tuple(request.GET.get(name) for name in ("app_label", "model_name", "field_name"))
        offered = {
            (model._meta.app_label, model._meta.model_name, name)
            for model, page in self.admin_site._registry.items()
            for name in page.get_autocomplete_fields(request)
        }
        if asked not in offered:
            raise PermissionDenied
        return super().process_request(request)


class ConcordAdmin(admin.AdminSite):
    """Outside of the package `admin`: importing the package registers its pages, and needs this
    site to do so.
    """

    site_header = site_title = "Concord"
    index_title = "Admin site"
    site_url = "/"
    enable_nav_sidebar = True

    def autocomplete_view(self, request):
        return OfferedAutocomplete.as_view(admin_site=self)(request)

    @method_decorator(login_not_required)
    def login(self, request, extra_context=None):
        """One sign-in for everything, with its limits."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("The admin site is for those who run this server.")
        return redirect(sign_in_for(request.GET.get("next") or request.path))

    def password_change(self, request, extra_context=None):
        """One page for everything, with its limit."""
        return redirect("password-change")
