"""The tables as JSON, for scripts: the same rows as the files, narrowed by the same doors."""

import json
from decimal import Decimal

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mapping import access
from mapping.exchange.table import cell, plain
from mapping.people import tokens as people_tokens
from mapping.people.forms import TokenForm
from mapping.site.addresses import public
from mapping.site.answers import answer
from mapping.site.requests import wants_json
from reviews.exchange.scope import scope_for
from reviews.exchange.views.export import asks_pseudonyms, tables_for


@never_cache
@require_safe
def api(request, slug):
    return page(request, access.study_to_read(request.user, slug))


def page(request, membership, *, secret="", form=None):
    scope = scope_for(membership)
    tables = [
        (name.removesuffix(".csv"), table, table.columns_of(scope))
        for name, table in tables_for(membership).items()
    ]
    tokens = membership.api_tokens.order_by("revoked_at", "-created_at")[:100]
    context = {"membership": membership, "tables": tables, "tokens": tokens, "secret": secret}
    context["example"] = public(f"/s/{membership.study.slug}/api/codings.json")
    context["form"] = form or TokenForm()
    return answer(request, "exchange/api.html", context, refused=context["form"].is_bound)


@never_cache
@require_POST
def new_token(request, slug):
    membership = access.study_to_read(request.user, slug)
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            _, secret = people_tokens.grant(membership, **form.facts())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return page(request, membership, secret=secret)
    return page(request, membership, form=form)


@require_POST
def revoke_token(request, slug, token):
    membership = access.study_to_read(request.user, slug)
    get_object_or_404(membership.api_tokens, pk=token).revoke()
    return redirect("api", slug)


@login_not_required
@never_cache
@require_safe
def api_file(request, slug, name):
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        member = people_tokens.member_with(secret.strip())
        if member is None:
            return refused("This token is not known, has ended, or was revoked.")
        user = member.user
        if member.study.slug != slug:
            raise Http404("No such study.")
    elif request.user.is_authenticated:
        user = request.user
    elif scheme or wants_json(request):
        return refused("Send a token: Authorization: Bearer concord_….")
    else:
        return redirect_to_login(request.get_full_path())
    membership = access.study_to_read(user, slug)
    table = tables_for(membership).get(f"{name}.csv")
    if table is None:
        return JsonResponse(
            {"error": "not-found", "message": f"There is no table “{name}”."}, status=404
        )
    scope = scope_for(membership, with_pseudonyms=asks_pseudonyms(request))
    return StreamingHttpResponse(pieces(table, scope), content_type="application/json")


def refused(message):
    answer = JsonResponse({"error": "unauthorised", "message": message}, status=401)
    answer["WWW-Authenticate"] = 'Bearer realm="Concord"'
    return answer


def pieces(table, scope):
    """`{"file": …, "columns": […], "rows": [{column: value}]}`, row by row."""
    header = table.header(scope)
    head = {"file": table.name, "columns": header}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
    for place, row in enumerate(table.rows(scope)):
        values = dict(zip(header, map(as_json, row), strict=True))
        yield ("," if place else "") + "\n" + json.dumps(values, ensure_ascii=False)
    yield "\n]}\n"


def as_json(value):
    """As in the file, but nothing is escaped, and numbers and truths stay what they are."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return plain(cell(value))
