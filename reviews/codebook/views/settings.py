from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from mapping import access
from mapping.site.answers import answer, posted
from reviews.codebook import study_settings
from reviews.codebook.template_forms import SettingsForm


@require_http_methods(["GET", "POST"])
def settings(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    form = SettingsForm(posted(request), study=study)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        act = study_settings.change_settings
        if form.perform(act, study=study, by=request.user, facts=form.facts(), seen=seen):
            messages.success(request, "The settings are saved.")
            return redirect("settings", study.slug)
    context = {
        "membership": membership,
        "form": form,
        "has_begun": study_settings.has_begun(study),
        "still_open": study_settings.still_open(study),
    }
    return answer(request, "codebook/settings.html", context, refused=form.is_bound)


@require_POST
def release(request, slug):
    """Release the findings, or take the release back."""
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    if "withdraw" in request.POST:
        study_settings.withdraw_release(study, by=request.user)
        messages.success(request, "The findings are for leads again.")
    else:
        study_settings.release(study, by=request.user)
        messages.success(
            request, "The findings are released. “Take the release back” below undoes it."
        )
    return redirect("settings", study.slug)
