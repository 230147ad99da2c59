"""Pages to import reference files: upload or paste, preview, confirm, undo."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat, pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from mapping import access
from mapping.models import PaperImport
from mapping.papers import duplicates, importing
from mapping.site.answers import answer, filter_of, posted, uploaded
from mapping.site.fields import FilesField

ROWS_PER_PAGE = 100
POSSIBLE = "possible"
OUTCOMES = {
    "new": "new",
    POSSIBLE: "possibly the same",
    "duplicate": "duplicate",
    "refused": "refused",
    "note": "note",
}


class ImportForm(forms.Form):
    files = FilesField(
        label="Files",
        required=False,
        limit=settings.IMPORT_LIMIT,
        help_text=(
            "BibTeX, RIS, CSV or Excel; one or more, together up to "
            f"{filesizeformat(settings.IMPORT_LIMIT)}."
        ),
    )
    text = forms.CharField(
        label="or paste BibTeX or RIS",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    source = forms.CharField(
        label="Found in",
        required=False,
        max_length=100,
        help_text=(
            "Scopus, ACM, snowballing … kept with every paper, so that the search can be reported."
        ),
    )

    def clean(self):
        facts = super().clean()
        if not self.errors and not facts.get("files") and not facts.get("text", "").strip():
            raise ValidationError("Choose a file or paste some references first.")
        return facts

    def contents(self):
        """(name, bytes) of everything that was uploaded or pasted."""
        for upload in self.cleaned_data["files"]:
            yield upload.name, upload.read()
        if self.cleaned_data["text"].strip():
            yield "pasted text", self.cleaned_data["text"].encode()


@require_http_methods(["GET", "POST"])
def import_papers(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    form = ImportForm(posted(request), uploaded(request))
    if form.is_valid():
        try:
            with transaction.atomic():
                previews = [
                    importing.preview(
                        study,
                        file_name=name,
                        content=content,
                        source=form.cleaned_data["source"],
                        by=request.user,
                    )
                    for name, content in form.contents()
                ]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if len(previews) == 1:
                return redirect("paper-import", slug, previews[0].pk)
            messages.info(
                request, f"{len(previews)} files were read. Look at each, then import it."
            )
            return redirect("import-papers", slug)
    imports = Paginator(study.paper_imports.select_related("by").defer("records", "problems"), 50)
    context = {
        "membership": membership,
        "form": form,
        "page": imports.get_page(request.GET.get("page")),
    }
    return answer(request, "papers/import-papers.html", context, refused=form.is_bound)


@require_http_methods(["GET", "POST"])
def paper_import(request, slug, import_id):
    """Show the entries of a file; on POST import its new papers, with the choices made on the
    page.
    """
    membership = access.study_to_lead(request.user, slug)
    found = access.paper_import_in(membership.study, import_id)
    if request.method == "POST":
        try:
            if "shown" in request.POST and found.state == PaperImport.State.PREVIEWED:
                duplicates.choose(found, ticked(request.POST))
            found = importing.confirm(found, by=request.user, is_asking=True)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            report(request, found)
        return redirect("paper-import", slug, import_id)
    return answer(request, "papers/paper-import.html", import_context(request, membership, found))


def report(request, found):
    if found.state == PaperImport.State.CONFIRMED:
        messages.success(
            request, f"{found.new} paper{pluralize(found.new)} imported from {found.file_name}."
        )
    else:
        text = (
            "Other papers came in since this preview, and some entries may be the same: look "
            "again, then import."
        )
        messages.warning(request, text)


@require_POST
def choose_entries(request, slug, import_id):
    """Save which entries are papers of their own: those ticked on one page, or all that are listed
    at once.
    """
    membership = access.study_to_lead(request.user, slug)
    found = access.paper_import_in(membership.study, import_id)
    try:
        found = duplicates.choose(found, ticked(request.POST) | all_listed(found, request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    if request.htmx:
        return answer(
            request, "papers/choose-entries.html", import_context(request, membership, found)
        )
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(reverse("paper-import", args=[slug, import_id]) + query)


def ticked(posted):
    """`{place: whether it is ticked}` of the entries on the page."""
    shown = {int(place) for place in posted.getlist("shown") if is_place(place)}
    taken = {int(place) for place in posted.getlist("take") if is_place(place)}
    return {place: place in taken for place in shown}


def is_place(text):
    return text.isascii() and text.isdecimal() and len(text) < 10


def all_listed(found, request):
    """`{place: bool}` of every entry that passes the filters, where all were asked for."""
    wanted = request.POST.get("all")
    if wanted not in {"take", "leave"}:
        return {}
    rows = matching(rows_of(found), request.GET)
    return {row["place"]: wanted == "take" for row in rows if row.get("is_choice")}


def import_context(request, membership, found):
    if found.state == PaperImport.State.PREVIEWED:
        duplicates.apply(found.records, found.choices)
    rows = rows_of(found)
    shown = matching(rows, request.GET)
    choose = reverse("choose-entries", args=[membership.study.slug, found.pk])
    return {
        "membership": membership,
        "paper_import": found,
        "page": Paginator(shown, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "query": request.GET.get("q", ""),
        "filters": [outcome_filter(rows, request.GET.get("outcome"))],
        "shown": len(shown),
        "total": len(rows),
        "possible": sum(row["state"] == "possible" for row in rows),
        "choices": sum(row.get("is_choice", False) for row in shown),
        "choose_url": f"{choose}?{request.GET.urlencode()}",
    }


@require_http_methods(["GET", "POST"])
def undo_import(request, slug, import_id):
    """Show what undoing would remove; do it on POST. A preview is discarded."""
    membership = access.study_to_lead(request.user, slug)
    found = access.paper_import_in(membership.study, import_id)
    refusal = ""
    if request.method == "POST":
        try:
            if found.state == PaperImport.State.PREVIEWED:
                importing.discard(found)
                messages.success(request, f"{found.file_name} was put away; nothing was imported.")
            else:
                count = importing.undo(found, by=request.user)
                messages.success(
                    request,
                    f"{count} paper{pluralize(count)} removed: {found.file_name} is undone.",
                )
            return redirect("import-papers", slug)
        except ValidationError as error:
            refusal = " ".join(error.messages)
    context = {"membership": membership, "paper_import": found, "refusal": refusal}
    if found.state == PaperImport.State.CONFIRMED:
        context["stay"] = importing.found_elsewhere(found).values("paper").distinct().count()
        context["go"] = importing.brought_by(found).count() - context["stay"]
    return answer(request, "papers/undo-import.html", context, refused=bool(refusal))


def rows_of(found):
    """Entries and problems as one list in the order of the file."""
    rows = [entry_row(place, entry) for place, entry in enumerate(found.records)]
    rows += [
        {
            "state": "refused" if problem["is_refusal"] else "note",
            "line": problem["line"],
            "why": problem["reason"],
            "reason": problem["reason"],
        }
        for problem in found.problems
    ]
    return sorted(rows, key=lambda row: (row["line"] or 0, row["state"]))


def entry_row(place, entry):
    return {
        **entry,
        "place": place,
        "text": entry["title"],
        "authors": "; ".join(entry["authors"]),
        "state": state_of(entry),
        "reason": entry["why"].partition("; ")[0] if entry.get("differs") else entry["why"],
        "is_choice": duplicates.is_choice(entry),
        "is_taken": entry["outcome"] == duplicates.NEW,
    }


def state_of(entry):
    """What the entry was recognised as, whatever was decided about it."""
    if duplicates.is_question(entry):
        return POSSIBLE
    return duplicates.DUPLICATE if duplicates.is_choice(entry) else entry["outcome"]


def matching(rows, wanted):
    """The rows of the chosen outcome that contain every searched word."""
    words = wanted.get("q", "").casefold().split()
    if wanted.get("outcome") in OUTCOMES:
        rows = [row for row in rows if row["state"] == wanted["outcome"]]
    return (
        [row for row in rows if all(word in searched_text(row) for word in words)]
        if words
        else rows
    )


def searched_text(row):
    return " ".join(
        str(row.get(name) or "") for name in ("text", "authors", "year", "doi", "key", "why")
    ).casefold()


def outcome_filter(rows, chosen):
    present = {row["state"] for row in rows}
    options = [(outcome, words) for outcome, words in OUTCOMES.items() if outcome in present]
    return filter_of("outcome", "Entries", options, chosen if chosen in OUTCOMES else "")
