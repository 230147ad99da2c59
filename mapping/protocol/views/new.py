from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mapping.models import Study
from mapping.protocol import files as protocol_files
from mapping.site.answers import answer, posted, uploaded
from mapping.site.fields import LabelField, LongTextField

DESCRIPTIONS = {
    "mlops": (
        "Motivation, benefits, approaches, tools, challenges and maturity of MLOps, and "
        "responsible AI."
    ),
    "software-engineering": (
        "Research type, contribution, method, venue and topic, after Petersen et al. (2015)."
    ),
    "blank": "One coding phase and no sections: you write your own.",
}
FILE, STUDY = "file", "study"


class NewStudyForm(forms.Form):
    title = LabelField(max_length=300)
    description = LongTextField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What the study is about. It can wait.",
    )
    start = forms.ChoiceField(
        choices=[(name, name) for name in (*protocol_files.BUILT_IN, FILE, STUDY)], initial="mlops"
    )
    file = forms.FileField(
        required=False,
        label="Protocol file",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )
    study = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="choose one", to_field_name="slug"
    )

    problems = ()

    def __init__(self, posted, files, *, user):
        super().__init__(posted, files)
        self.fields["study"].queryset = Study.objects.of(user)

    def clean(self):
        facts = super().clean()
        start = facts.get("start")
        if start == FILE and "file" not in self.errors:
            facts["protocol"] = self.read_file(facts.get("file"))
        elif start == STUDY and "study" not in self.errors:
            if facts.get("study") is None:
                self.add_error("study", "Choose the study to start from.")
            else:
                facts["protocol"] = protocol_files.read(
                    protocol_files.dump(facts["study"])
                ).in_use()
        elif start in protocol_files.BUILT_IN:
            facts["protocol"] = protocol_files.built_in(start)
        return facts

    def read_file(self, file):
        if file is None:
            self.add_error("file", "Choose a protocol file.")
            return None
        try:
            # One byte more than may be there: enough to see that there is too much.
            return protocol_files.read(file.read(protocol_files.LIMIT + 1), file.name).in_use()
        except protocol_files.ProtocolError as refused:
            self.problems = refused.problems
            self.add_error(
                "file",
                (
                    f"{refused.file} was not taken, and nothing was written. Choose it again when "
                    "it is mended."
                ),
            )
            return None

    def template_name_of_study(self):
        facts = self.cleaned_data
        return {
            FILE: facts["file"] and facts["file"].name,
            STUDY: facts["study"] and facts["study"].slug,
        }.get(facts["start"], facts["start"])


@require_http_methods(["GET", "POST"])
def new(request):
    form = NewStudyForm(posted(request), uploaded(request), user=request.user)
    if form.is_valid():
        study = create(form, request.user)
        if study:
            for note in form.cleaned_data["protocol"].notes:
                messages.warning(request, note)
            messages.success(
                request, "The study is there, and you lead it. Look through its template first."
            )
            return redirect("template", study.slug)
    templates = [
        {
            "name": name,
            "title": template.title,
            "description": DESCRIPTIONS[name],
            "sections": template.sections,
        }
        for name, template in (
            (name, protocol_files.built_in(name)) for name in protocol_files.BUILT_IN
        )
    ]
    context = {
        "form": form,
        "templates": templates,
        "has_studies": form.fields["study"].queryset.exists(),
    }
    return answer(request, "protocol/new.html", context, refused=form.is_bound)


def create(form, user):
    """The new study, or None: then the form says why."""
    facts = form.cleaned_data
    try:
        return protocol_files.create_study(
            title=facts["title"],
            lead=user,
            by=user,
            protocol=facts["protocol"],
            # What a file says of another study is its own; what was typed here, or nothing, is this
            # one's.
            description=facts["description"],
            template_name=form.template_name_of_study(),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return None
