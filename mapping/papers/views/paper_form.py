"""Pages to add, edit and delete a paper by hand."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mapping import access
from mapping.papers import changes as paper_changes
from mapping.papers.forms import PaperForm
from mapping.site.answers import answer, posted


@require_http_methods(["GET", "POST"])
def add_paper(request, slug):
    membership = access.study_to_lead(request.user, slug)
    form = PaperForm(posted(request), study=membership.study)
    if form.is_valid():
        try:
            paper = paper_changes.add_paper(
                form.save(commit=False), source=form.cleaned_data["source"], by=request.user
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The paper is in the study.")
            return redirect(paper)
    return answer(
        request,
        "papers/paper-form.html",
        {"membership": membership, "form": form},
        refused=form.is_bound,
    )


@require_http_methods(["GET", "POST"])
def edit_paper(request, slug, key):
    try:
        membership = access.study_to_lead(request.user, slug)
        study = membership.study
    except PermissionDenied as refusal:
        return tell_the_lead(request, slug, key, refusal)
    paper = access.paper_in(study, key)
    form = PaperForm(posted(request), instance=paper, study=study)
    if form.is_valid():
        changed = form.changed_columns
        try:
            paper = paper_changes.edit_paper(
                form.save(commit=False), changed=changed, by=request.user
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "Saved." if changed else "Nothing was changed.")
            return redirect(paper)
    # The form writes what was typed into its paper: the page still speaks of the one that is kept.
    kept = access.paper_in(study, key)
    return answer(
        request,
        "papers/paper-form.html",
        {"membership": membership, "form": form, "paper": kept},
        refused=form.is_bound,
    )


def tell_the_lead(request, slug, key, refusal):
    """403 with a link to suggest a correction, for members who code but may not edit."""
    membership = access.study_to_code(request.user, slug)
    paper = access.paper_in(membership.study, key)
    suggest_url = reverse("suggest-correction", args=[slug, paper.key])
    return render(
        request, "403.html", {"exception": refusal, "suggest_url": suggest_url}, status=403
    )


@require_http_methods(["GET", "POST"])
def delete_paper(request, slug, key):
    membership = access.study_to_lead(request.user, slug)
    paper = access.paper_in(membership.study, key)
    refusal = ""
    if request.method == "POST":
        try:
            paper_changes.delete_paper(paper, by=request.user)
        except ValidationError as error:
            refusal = " ".join(error.messages)
        else:
            messages.success(request, f"“{paper.title}” was removed.")
            return redirect("papers", slug)
    context = {"membership": membership, "paper": paper, "refusal": refusal}
    return answer(request, "papers/delete-paper.html", context, refused=bool(refusal))
