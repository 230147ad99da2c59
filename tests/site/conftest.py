import pytest
from django.contrib import admin


@pytest.fixture
def sidebar_once(monkeypatch):
    """The sidebar names the lists, whatever is asked of one of them: it is worked out and drawn for
    the first page of each address and of each form sent, not for every further question.
    """
    drawn, context_of = set(), admin.site.each_context

    def each_context(request):
        if (request.path, request.method) not in drawn:
            drawn.add((request.path, request.method))
            return context_of(request)
        with monkeypatch.context() as without:
            without.setattr(admin.site, "get_app_list", lambda request: [])
            without.setattr(admin.site, "enable_nav_sidebar", False)
            return context_of(request)

    monkeypatch.setattr(admin.site, "each_context", each_context)
