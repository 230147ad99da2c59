from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from mapping.views.account import sign_in_for


class ConcordAdmin(admin.AdminSite):
    """Outside of the package `admin`: importing the package registers its pages, and needs this site to do so."""

    site_header = site_title = "Concord"
    index_title = "Admin site"
    site_url = "/"
    enable_nav_sidebar = True

    @method_decorator(login_not_required)
    def login(self, request, extra_context=None):
        """One sign-in for everything, with its limits."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("The admin site is for those who run this server.")
        return redirect(sign_in_for(request.GET.get("next") or request.path))

    def password_change(self, request, extra_context=None):
        """One page for everything, with its limit."""
        return redirect("password-change")
