"""What happened on the site of 5fb52cc between its demo and its dump: see ../README.md.

It runs in that commit alone:

python manage.py shell < story.py
"""

from django.db import connection

from mapping import codebook, granting, importing, inviting, protocol
from mapping.models import ApiToken, Code, Membership, Paper, Study, User
from reviews import (
    assigning,
    closing,
    coding,
    configuring,
    declaring,
    looking,
    outlining,
    recoding,
    remarking,
    resolving,
    revising,
    settling,
    templating,
    undoing,
)
from reviews.comparing import compared
from reviews.models import Assignment, RecodingTask, Summary

REFERENCES = """
@article{lwakatare2020large,
  title={Large-scale machine learning systems in real-world industrial settings},
  author={Lwakatare, Lucy Ellen and Raj, Aiswarya}, year={2020}, doi={10.1016/j.infsof.2020.106368}}
@inproceedings{serban2020adoption,
  title={Adoption and effects of software engineering best practices in ML},
  author={Serban, Alex and van der Blom, Koen}, year={2020}, note={=1+1, "quoted" and ünicode}}
@article{unnamed, author={Nobody}}
"""
DRAFT, WITHDRAWN = "amershi2019software", "sculley2015hidden"


def person(name):
    return User.objects.get(username=name)


def code(section, label):
    return Code.objects.get(section=section, label=label)


def answer(assignment, answers, *, submit=True):
    """`answers`: section key -> content, codes by their labels."""
    summary = coding.open_summary(assignment)
    for key, content in answers.items():
        section = assignment.round.phase.sections.get(key=key)
        given = {name: value for name, value in content.items() if name != "codes"}
        given["marks"] = [
            {"code": code(section, label).pk, "quote": f"A quote on {label}.", "page": "3"}
            for label in content.get("codes", ())
        ]
        coding.save_answer(summary, section, given, based_on=0, by=assignment.reviewer)
    if submit:
        coding.submit(summary, by=assignment.reviewer)
    return summary


def assignment_of(round, key, name):
    return Assignment.objects.get(round=round, paper__key=key, reviewer__username=name)


def settle(study, paper, key, *, way=0, **facts):
    """The option that stands at this place of the comparison."""
    everything = Summary.objects.filter(assignment__round__study=study)
    section = study.sections.get(key=key)
    (said,) = compared(study, everything, [section], papers=[paper.pk])
    option = said.comparison.options[way]
    chosen = resolving.Settled.by(option, section, said.comparison)
    is_adopted = option.basis == "adopted"
    whose = User.objects.get(pk=said.reviewer_called(option.reviewers[0])) if is_adopted else None
    return resolving.resolve(paper, section, settled=chosen, basis=option.basis, adopted_from=whose, **facts)


def change_codebook(study):
    """Every sort of change, one of them taken back; a split that somebody still has to look at."""
    ada, ben = person("ada"), person("ben")
    challenges, tools = study.sections.get(key="challenges"), study.sections.get(key="tools")
    settling.settle(study, by=ada)
    recoding.merge(
        code(challenges, "Insufficient purchasing budget"),
        into=code(challenges, "High AI costs and expectations"),
        by=ada,
        reason="Both are about money.",
    )
    motivation = study.sections.get(key="motivation")
    recoding.merge(
        code(motivation, "Compliance and explainability"),
        into=code(motivation, "Faster delivery"),
        by=ada,
        reason="On trial: one finding has both.",
    )
    retired = recoding.retire(code(challenges, "Highly complex models"), by=ada, reason="Nobody uses it.")
    undoing.undo(retired, by=ada, reason="Somebody may.")
    recoding.edit(
        code(challenges, "Noisy data"), by=ada, facts={"label": "Noisy or messy data"}, reason="As the papers say."
    )
    parent = codebook.add(challenges, by=ada, facts={"label": "People"}, reason="A parent for what follows.")
    for label in ("Too few data scientists", "Lack of domain experts"):
        recoding.edit(code(challenges, label), by=ada, facts={"parent": parent}, reason="Both are about people.")
    codebook.reorder(code(tools, "Docker"), by=ada, up=True)
    moved = codebook.add(tools, by=ada, facts={"label": "Human oversight tools"}, reason="On trial.")
    recoding.move(moved, to=study.sections.get(key="strategies"), by=ada, reason="It is no tool.")
    recoding.split(
        code(challenges, "Model drift"),
        into=[{"label": "Data drift"}, {"label": "Concept drift"}],
        by=ada,
        reason="Two things with two remedies.",
    )
    task = RecodingTask.objects.open().filter(assignment__reviewer=ben).order_by("pk").first()
    new = code(challenges, "Concept drift")
    revising.recode(task, {"marks": [{"code": new.pk, "quote": "drift", "page": "7"}]}, by=ben, based_on=1)


def propose_codes(study):
    """One accepted, one declined, one that waits, in the draft of its proposer."""
    ada, ben = person("ada"), person("ben")
    section = study.sections.get(key="challenges")
    draft = Summary.objects.drafts().get(assignment__paper__key=DRAFT, assignment__reviewer=ben)
    proposed = [
        coding.propose_code(section, label=label, definition="From the text.", reason="The codebook lacks it.", by=ben)
        for label in ("Team boundaries", "Marketing", "Data hunger")
    ]
    marks = [{"code": one.pk, "quote": "From the draft."} for one in proposed]
    answer = draft.answers.filter(section=section).first()
    based_on = answer.version if answer else 0
    coding.save_answer(draft, section, {"marks": marks}, based_on=based_on, by=ben)
    kept = coding.save_answer(draft, section, {"absence": "unclear"}, based_on=based_on, by=ben)
    assert kept.kept_edit
    recoding.accept(proposed[0], by=ada, reason="Right.")
    recoding.decline(proposed[1], by=ada, reason="Out of scope.")


def talk(study):
    ada, ben, cleo = person("ada"), person("ben"), person("cleo")
    paper, section = study.papers.get(key="makinen2021needs"), study.sections.get(key="challenges")
    first = remarking.remark(paper, section, text="@ben where does it say so?", by=cleo)
    remarking.remark(paper, section, text="In the second table, @cleo.", by=ben)
    remarking.resolve_remark(first, by=cleo)
    rule = remarking.remark(paper, section, text="Count what companies report, not what the authors expect.", by=ada)
    remarking.keep_as_rule(rule, code(section, "Difficulty in deploying models"), by=ada)


def decide(study):
    """Adopted, deferred, decided twice, taken back."""
    ada, paper = person("ada"), study.papers.get(key="makinen2021needs")
    why = {"cause": "oversight", "rationale": "The table on page four says so."}
    open_now = [
        said.section
        for said in compared(study, Summary.objects.filter(assignment__round__study=study), papers=[paper.pk])
        if said.comparison.state == "differs" and len(said.comparison.options) > 1
    ]
    keys = [study.sections.get(pk=pk).key for pk in open_now]
    first = settle(study, paper, keys[0], by=ada, **why)
    settle(study, paper, keys[0], way=1, by=ada, seen=first.pk, **why)
    undone = settle(study, paper, keys[1], by=ada, **why)
    resolving.undo(undone, by=ada)
    resolving.defer(paper, study.sections.get(key=keys[1]), note="Ask the authors.", by=ada)


def go_on_with_the_main_round(study):
    """Taken back, reopened and revised, looked at early, never independent."""
    ada, dan = person("ada"), person("dan")
    main = study.rounds.get(name="Main round")
    assigning.withdraw(main.assignments.filter(paper__key=WITHDRAWN, reviewer=dan), by=ada, reason="Dan is away.")
    paper = study.papers.get(key="testi2022mlops")
    reopened = coding.reopen(assignment_of(main, paper.key, "ben"), by=ada, reason="One section was forgotten.")
    tools = study.sections.get(key="tools")
    before = reopened.answers.filter(section=tools).first()
    coding.save_answer(
        reopened,
        tools,
        {"marks": [{"code": code(tools, "MLflow").pk}]},
        based_on=before.version if before else 0,
        by=person("ben"),
    )
    coding.submit(reopened, by=person("ben"))
    paper = study.papers.get(key="paleyes2022challenges")
    assigning.hand_out(main, by=ada, papers=[paper], reviewers=[ada], per_paper=3, seed=3)
    looking.look_early(paper, main.phase, user=ada, reason="The others ask for help with it.")
    answer(
        assignment_of(main, paper.key, "ada"),
        {
            "main-focus": {"text": "What goes wrong in deployment.\nIn two lines."},
            "approaches": {"codes": ["Model monitoring"]},
            "tools": {"none_apply": True},
            "challenges": {"codes": ["Noisy or messy data"], "confidence": 4, "rationale": "Table 1"},
            "maturity-stage": {"absence": "not_applicable"},
        },
    )


def import_references(study):
    """One file taken, one only looked at, one taken and undone."""
    ada = person("ada")
    taken = importing.preview(study, file_name="more.bib", content=REFERENCES.encode(), source="Scopus", by=ada)
    importing.confirm(taken, by=ada)
    importing.preview(study, file_name="again.bib", content=REFERENCES.encode(), by=ada)
    other = importing.preview(study, file_name="undone.bib", content=b"@misc{gone, title={Gone again}}", by=ada)
    importing.undo(importing.confirm(other, by=ada), by=ada)


def open_doors(study):
    """An invitation, a token that the tests know and a revoked one, a declared target."""
    ada = person("ada")
    inviting.invite(study, role="reviewer", by=ada, email="eve@example.org")
    member = study.memberships.get(user=person("olga"))
    token, _ = granting.grant(member, label="The figures of the report")
    ApiToken.objects.filter(pk=token.pk).update(digest=granting.digest_of("concord_the-token-of-the-tests"))
    gone, _ = granting.grant(member, label="Revoked")
    granting.revoke(gone)
    declaring.declare(study.sections.get(key="challenges"), by=ada, coefficient="krippendorff_alpha", target=0.6)


def make_the_second_study():
    """Screening with an exclusion, quality, sections of the other kinds; a round opened again."""
    ada, ben, cleo, dan = (person(name) for name in ("ada", "ben", "cleo", "dan"))
    study = protocol.create_study(
        title="Survey of surveys",
        slug="surveys",
        lead=cleo,
        by=cleo,
        protocol=protocol.built_in("blank"),
        template_name="blank",
    )
    study.memberships.bulk_create(
        Membership(study=study, user=user, role=role)
        for user, role in ((ada, "lead"), (ben, "reviewer"), (dan, "reviewer"), (person("olga"), "observer"))
    )
    for preset in ("screening", "quality"):
        outlining.add_preset(study, preset, by=cleo)
    phase = study.phases.get(key="coding")
    for label, kind in (("Participants", "number"), ("Replicable", "yes_no"), ("Lesson", "text"), ("Depth", "stage")):
        templating.add_section(study, by=cleo, facts={"label": label, "kind": kind, "phase": phase})
    for label in ("Shallow", "Middling", "Deep"):
        codebook.add(study.sections.get(key="depth"), by=cleo, facts={"label": label})
    configuring.change_settings(
        study, by=cleo, facts={"who_settles": "not_coders", "is_anonymous": True, "others_visible": "closed"}
    )
    for number in range(1, 5):
        Paper.objects.create(study=study, key=f"survey{number}", title=f"Survey number {number}", year=2020 + number)
    screen(study, ben, dan, by=cleo)
    judge_quality(study, ben, dan, by=cleo)
    code_the_surveys(study, by=cleo)
    configuring.release(study, by=cleo)


def screen(study, *readers, by):
    """The last paper is excluded by both."""
    round = closing.create_round(study, phase=study.phases.get(key="screening"), name="Screening", by=by)
    assigning.hand_out(round, by=by, papers=list(study.papers.all()), reviewers=readers, per_paper=2, seed=1)
    for one in round.assignments.all():
        label = "Exclude: language" if one.paper.key == "survey4" else "Include"
        answer(one, {"decision": {"codes": [label], "confidence": 5}})
    closing.close_round(round, by=by)


def judge_quality(study, ben, dan, *, by):
    """Closed too early, opened again, closed: Dan never came to the last paper."""
    round = closing.create_round(study, phase=study.phases.get(key="quality"), name="Quality", by=by)
    papers = list(study.papers.exclude(key="survey4"))
    assigning.hand_out(round, by=by, papers=papers, reviewers=[ben, dan], per_paper=2, seed=1)
    sections = list(round.phase.sections.all())
    closing.close_round(round, by=by)
    closing.reopen_round(round, by=by, reason="Too early.")
    for one in round.assignments.in_force().exclude(paper__key="survey3", reviewer=dan):
        given = {
            section.key: {"yes_no": one.paper.key != "survey2" or one.reviewer_id == ben.pk or place % 2 == 0}
            for place, section in enumerate(sections)
        }
        answer(one, given | {sections[-1].key: {"absence": "unclear", "quote": "on request"}})
    closing.close_round(round, by=by)


def code_the_surveys(study, *, by):
    """A number, a truth, a text and a stage, over which two differ; a section comes later."""
    ada, ben, dan = person("ada"), person("ben"), person("dan")
    round = closing.create_round(study, phase=study.phases.get(key="coding"), name="Coding", by=by)
    papers = list(study.papers.filter(key__in=["survey1", "survey2"]))
    assigning.hand_out(round, by=by, papers=papers, reviewers=[ben, dan], per_paper=2, seed=1)
    for one in round.assignments.all():
        is_ben = one.reviewer_id == ben.pk
        answer(
            one,
            {
                "participants": {"number": "12.5" if is_ben else "-3"},
                "replicable": {"yes_no": True, "rationale": "There is a package."},
                "lesson": {"text": "=SUM(A1) is no formula here" if is_ben else "Ask them twice."},
                "depth": {"codes": ["Deep" if is_ben else "Middling"]},
            },
        )
    closing.close_round(round, by=by)
    why = {"cause": "depth_of_reading", "rationale": "Counted again."}
    for key in ("participants", "depth"):
        settle(study, papers[0], key, by=ada, **why)
    templating.add_section(
        study, by=by, facts={"label": "Came later", "kind": "yes_no", "phase": round.phase, "is_required": True}
    )
    task = RecodingTask.objects.open().filter(assignment__round=round, assignment__reviewer=dan).order_by("pk").first()
    revising.recode(task, {"yes_no": False}, by=dan, based_on=1)


def hide_what_is_nobodys_business():
    """Accounts without a password: the tests sign in without one."""
    for user in User.objects.all():
        user.set_unusable_password()
        user.password = user.password[:1] + "x" * 40
        user.save(update_fields=["password"])
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE django_session")


demo = Study.objects.get(slug="mlops-demo")
for act in (change_codebook, propose_codes, talk, decide, go_on_with_the_main_round, import_references, open_doors):
    act(demo)
make_the_second_study()
hide_what_is_nobodys_business()
