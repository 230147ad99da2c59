"""Plain functions that make the things tests talk about. Each has sensible defaults; name what
matters to the test.
"""

from itertools import count

from django.utils import timezone

from mapping.models import Code, Membership, Paper, Phase, ResearchQuestion, Section, Study, User
from reviews.models import Answer, Assignment, Mark, RecodingTask, Round, Summary

numbers = count(1)
PASSWORD = "a long enough password"


def make_user(username=None, *, name="", email=None, password=PASSWORD):
    username = username or f"person{next(numbers)}"
    email = f"{username}@example.org" if email is None else email
    return User.objects.create_user(
        username=username, email=email, password=password, name=name or username.title()
    )


def make_member(study, name, role="reviewer", **facts):
    """A new user in the team of a study."""
    user = make_user(name)
    Membership.objects.create(study=study, user=user, role=role, **facts)
    return user


def membership_of(user, study):
    """Their part in the study, whether in force or left; None for strangers."""
    membership = Membership.objects.filter(study=study, user=user).first()
    if membership:
        membership.user, membership.study = user, study
    return membership


def make_study(title=None, *, lead=None, slug=None, with_sections=True, **settings):
    number = next(numbers)
    lead = lead or make_user()
    study = Study.objects.create(
        title=title or f"Study {number}",
        slug=slug or f"study-{number}",
        created_by=lead,
        **settings,
    )
    Membership.objects.create(study=study, user=lead, role="lead")
    phase = Phase.objects.create(study=study, key="coding", name="Coding", kind="coding")
    question = ResearchQuestion.objects.create(
        study=study, key="RQ1", text="What is hard?", position=1
    )
    if with_sections:
        make_usual_sections(phase, question)
    return study


USUAL_CODES = {
    "challenges": ("Data quality", "Model drift", "Talent", "Cost"),
    "maturity-stage": ("Manual", "Automated training", "Automated deployment", "Monitored"),
    "method": ("Case study", "Experiment", "Survey"),
}


def make_usual_sections(phase, question):
    """One section of each kind. Nearly every test starts here: all at once, not a question to the
    database for each.
    """
    kinds = {
        "challenges": "codes",
        "maturity-stage": "stage",
        "method": "code",
        "replicable": "yes_no",
        "cases": "number",
        "conclusion": "text",
    }
    answering = {"challenges": question, "maturity-stage": question}
    sections = Section.objects.bulk_create(
        Section(
            study=phase.study,
            phase=phase,
            key=key,
            kind=kind,
            label=label_of(key),
            position=position,
            research_question=answering.get(key),
            is_required=key == "challenges",
        )
        for position, (key, kind) in enumerate(kinds.items())
    )
    Code.objects.bulk_create(
        Code(section=section, label=label, position=position)
        for section in sections
        for position, label in enumerate(USUAL_CODES.get(section.key, ()))
    )


def label_of(key):
    return key.replace("-", " ").capitalize()


def make_phase(study, key, kind="screening", position=0):
    return Phase.objects.create(
        study=study, key=key, name=key.title(), kind=kind, position=position
    )


def make_section(phase, key, kind="codes", *, label=None, **facts):
    position = facts.pop("position", phase.sections.count())
    return Section.objects.create(
        study=phase.study,
        phase=phase,
        key=key,
        kind=kind,
        label=label or label_of(key),
        position=position,
        **facts,
    )


def make_code(section, label, **facts):
    position = facts.pop("position", section.codes.count())
    return Code.objects.create(section=section, label=label, position=position, **facts)


def make_paper(study, title=None, **facts):
    number = next(numbers)
    return Paper.objects.create(
        study=study,
        key=facts.pop("key", f"paper{number}"),
        title=title or f"Paper number {number}",
        year=facts.pop("year", 2021),
        **facts,
    )


def make_round(study, name=None, *, phase=None, **facts):
    return Round.objects.create(
        study=study,
        phase=phase or study.phases.get(key="coding"),
        name=name or f"Round {next(numbers)}",
        **facts,
    )


def make_assignment(paper, reviewer, *, round=None):
    round = round or Round.objects.filter(study=paper.study).first() or make_round(paper.study)
    return Assignment.objects.create(round=round, paper=paper, reviewer=reviewer)


def make_summary(paper, reviewer, *, submitted=True, answers=None, round=None):
    """A summary with its assignment. `answers` maps section keys to values, as `make_answer` takes
    them.
    """
    assignment = Assignment.objects.filter(
        paper=paper, reviewer=reviewer, **({"round": round} if round else {})
    ).first() or make_assignment(paper, reviewer, round=round)
    summary = Summary.objects.create(
        assignment=assignment,
        submitted_at=timezone.now() if submitted else None,
        codebook_version=paper.study.codebook_version if submitted else None,
    )
    for key, value in (answers or {}).items():
        make_answer(summary, key, value)
    return summary


def make_answer(summary, section_key, value, *, quote="", page=""):
    """A list of labels for codes, a label for one code, None for none of them,
    True or False, a number, a text, or `absent("unclear")`."""
    section = Section.objects.get(study=summary.assignment.round.study, key=section_key)
    answer = Answer(summary=summary, section=section, version=1)
    if isinstance(value, absent):
        answer.absence = value.why
    elif value is None or (section.kind == "codes" and not value):
        answer.none_apply = True
    elif section.kind == "yes_no":
        answer.yes_no = value
    elif section.kind == "number":
        answer.number = value
    elif section.kind == "text":
        answer.text = value
    answer.save()
    if section.has_codes and not isinstance(value, absent):
        for label in [value] if isinstance(value, str) else value or []:
            code = Code.objects.current().get(section=section, label=label)
            Mark.objects.create(answer=answer, code=code, quote=quote, page=page)
    return answer


class absent:
    """Why an answer is empty on purpose."""

    def __init__(self, why):
        self.why = why


def make_task(paper, reviewer, *, section="challenges", code=None, change=None):
    """A section of somebody's summary to look at again."""
    return RecodingTask.objects.create(
        assignment=Assignment.objects.get(paper=paper, reviewer=reviewer),
        section=Section.objects.get(study=paper.study, key=section),
        code=code,
        change=change,
    )
