from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from mapping.people.views.account import sign_in_for


class OfferedAutocomplete(AutocompleteJsonView):
    """Django autocompletes every relation of every model; this allows those that a form offers."""

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
    """The admin site. It is outside of the package `admin`, whose import registers its pages
    here.
    """

    site_header = site_title = "Concord"
    index_title = "Admin site"
    site_url = "/"
    enable_nav_sidebar = True

    def autocomplete_view(self, request):
        return OfferedAutocomplete.as_view(admin_site=self)(request)

    @method_decorator(login_not_required)
    def login(self, request, extra_context=None):
        """Redirect to the one sign-in page, with its rate limits."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("The admin site is for those who run this server.")
        return redirect(sign_in_for(request.GET.get("next") or request.path))

    def password_change(self, request, extra_context=None):
        """Redirect to the one page for it, with its rate limit."""
        return redirect("password-change")
