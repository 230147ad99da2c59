"""Corrections of a paper's entry: suggested by reviewers, taken over or left by leads."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from mapping import access
from mapping.site.answers import answer, posted
from reviews.overview import corrections


class CorrectionForm(forms.Form):
    field = forms.ChoiceField(
        label="What is missing or wrong", choices=list(corrections.NAMES.items())
    )
    text = forms.CharField(
        label="What should stand there",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        error_messages={"required": "Say what should stand there."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def suggest_correction(request, slug, key):
    membership = access.study_to_code(request.user, slug)
    paper = access.paper_in(membership.study, key)
    if membership.is_lead:
        return redirect("edit-paper", slug, paper.key)
    form = CorrectionForm(
        posted(request), initial={"field": "authors" if paper.abstract else "abstract"}
    )
    if form.is_valid():
        try:
            corrections.suggest(paper, **form.cleaned_data, by=request.user)
        except ValidationError as error:
            form.add_error("text", error.messages)
        else:
            messages.success(
                request,
                "The leads will see it on their overview. The entry stays as it is until then.",
            )
            return redirect(paper)
    return answer(
        request,
        "overview/suggest-correction.html",
        {"membership": membership, "paper": paper, "form": form},
        refused=form.is_bound,
    )


@require_POST
def answer_correction(request, slug, key, suggestion):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    paper = access.paper_in(study, key)
    suggestions = study.log.filter(paper=paper, act=corrections.SUGGEST)
    suggestion = get_object_or_404(suggestions, pk=suggestion).pk
    is_taken = request.POST.get("act") == "take"
    try:
        corrections.answer(paper, suggestion, is_taken=is_taken, by=request.user)
    except corrections.AlreadyAnswered:
        messages.info(request, "Somebody has answered this already. Nothing was changed.")
    except ValidationError as error:
        messages.error(request, f"Nothing was changed: {' '.join(error.messages)}")
    else:
        messages.success(
            request, "It is in the paper's entry now." if is_taken else "It was left as it is."
        )
    return redirect(paper)
