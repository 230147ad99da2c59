"""A study out of its bundle: upload it, see what it holds, import it whole."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_http_methods

from mapping.models import Code, Finding, LogEntry, Membership, Paper, Section, User
from mapping.site.answers import answer, posted, uploaded
from mapping.site.fields import LimitedFileField
from reviews.exchange.bundle import uploads
from reviews.exchange.bundle.restore import restore
from reviews.models import Mark, Remark, Round, Summary

COUNTED = (
    (Paper, "papers"),
    (Section, "sections"),
    (Code, "codes"),
    (Round, "rounds"),
    (Summary, "submitted summaries"),
    (Mark, "marks"),
    (Finding, "findings"),
    (Remark, "remarks"),
    (LogEntry, "lines of the log"),
)
GONE = "This preview has ended. Choose the bundle again: nothing was imported."


class BundleForm(forms.Form):
    file = LimitedFileField(
        label="Bundle",
        limit=settings.IMPORT_LIMIT,
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        help_text=(
            f"The ZIP of a study's export page. At most {filesizeformat(settings.IMPORT_LIMIT)}."
        ),
    )


@require_http_methods(["GET", "POST"])
def import_study(request):
    act = request.POST.get("act", "") if request.method == "POST" else ""
    if act == "import":
        return taken(request)
    if act == "put away":
        return put_away(request)
    form = BundleForm(posted(request), uploaded(request))
    if form.is_valid():
        try:
            site = restore(form.cleaned_data["file"], by=request.user, is_dry_run=True)
        except ValidationError as error:
            form.add_error("file", ValidationError([*error.messages, "Nothing was imported."]))
        else:
            return answer(
                request,
                "exchange/import-study.html",
                {"preview": preview(site, form.cleaned_data["file"], request)},
            )
    return answer(request, "exchange/import-study.html", {"form": form}, refused=form.is_bound)


def preview(site, file, request):
    """What the bundle holds, and the token that lets its import go on."""
    parts = {part.user.username: part for part in site.made.get(Membership, [])}
    people = [
        {"there": there, "user": user, "part": parts.get(user.username)}
        for there, user in site.people.items()
    ]
    about = site.bundle.about()
    file.seek(0)
    return {
        "token": uploads.hold(file, request.user),
        "file": file.name,
        "study": site.study,
        "there": about["slug"],
        "is_whole": about.get("is_whole"),
        "has_pseudonyms": about.get("has_pseudonyms"),
        "counts": [(words, number_of(site, model)) for model, words in COUNTED],
        "people": people,
    }


def number_of(site, model):
    return len(site.sections) if model is Section else len(site.made.get(model, ()))


def taken(request):
    token, me = request.POST.get("token", ""), request.POST.get("me", "")
    try:
        with transaction.atomic():
            # The same press twice waits here, and then finds nothing more to import.
            user = User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
            with uploads.held(token, user) as file:
                site = restore(file, by=user, known={me: user} if me else {}, lead=user)
            uploads.forget(token, user)
    except uploads.UploadExpired:
        return refused(request, GONE)
    except ValidationError as error:
        return refused(request, *error.messages, "Nothing was imported.")
    messages.success(
        request, f"“{site.study}” is here, with everything of its bundle, and you lead it."
    )
    return redirect(site.study)


def put_away(request):
    try:
        uploads.forget(request.POST.get("token", ""), request.user)
    except uploads.UploadExpired:
        return refused(request, GONE)
    messages.success(request, "The bundle was put away; nothing was imported.")
    return redirect("import-study")


def refused(request, *words):
    return answer(
        request,
        "exchange/import-study.html",
        {"form": BundleForm(), "problems": words},
        refused=True,
    )
