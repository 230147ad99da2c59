"""Discussion of one section of one paper. Nobody still blind on the paper reads it, or learns that
there is any.
"""

import re
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from mapping.codebook import changes as codebook_changes
from mapping.codebook import versions
from mapping.models import Code, CodebookChange, LogEntry, Membership, Paper, Section, User
from mapping.site import mail as site_mail
from reviews.blindness import rules
from reviews.blindness.names import without_names
from reviews.models import Mention, Remark, Summary
from reviews.settling.answers import newest_of_each, voices
from reviews.settling.resolutions import still_coding

NAMED = re.compile(r"(?<![\w@])@([\w.+-]*\w)")


def visible_pairs(membership: Membership | None, papers: Iterable[int]) -> set[tuple[int, int]]:
    """`{(paper, phase)}` of these papers where something was submitted that this member may
    know.
    """
    return rules.open_pairs(membership, papers)


def remarks_visible_to(membership, paper):
    phases = {phase for _, phase in visible_pairs(membership, [paper.pk])}
    return Remark.objects.filter(paper=paper, section__phase__in=phases)


def mentions_visible_to(user):
    """This person's mentions, newest first, of the discussions that they may read."""
    found = Mention.objects.filter(user=user).select_related(
        "remark__by", "remark__section__phase", "remark__paper__study"
    )
    found = list(found.order_by("-remark__at", "-pk"))
    papers = {}
    for mention in found:
        papers.setdefault(mention.remark.paper.study, set()).add(mention.remark.paper_id)
    # Of studies, too, that this person has left.
    seen = {
        pair
        for study, keys in papers.items()
        for pair in visible_pairs(rules.active_membership(user, study), keys)
    }
    return [one for one in found if (one.remark.paper_id, one.remark.section.phase_id) in seen]


def unseen_count(user):
    if not Mention.objects.filter(user=user, seen_at=None).exists():
        return 0
    return sum(mention.seen_at is None for mention in mentions_visible_to(user))


@transaction.atomic
def remark(paper: Paper, section: Section, *, text: str, by: User) -> Remark:
    """Write a remark; returns it. Whoever it names by @username, and may read it, is called."""
    study, text = paper.study, text.strip()
    if not text:
        raise ValidationError("A remark needs a word or two.")
    if section.study_id != study.pk:
        raise ValidationError("This section belongs to another study.")
    reader_of(paper, section, by)
    called = called_in(text, paper, section, by)
    line = Remark.objects.create(paper=paper, section=section, text=text, by=by)
    Mention.objects.bulk_create(Mention(remark=line, user=user) for user in called)
    LogEntry.objects.record(
        study,
        by,
        "add-remark",
        f"Remarked on “{section}” of “{paper}”",
        paper=paper,
        section=section.key,
        remark=line.at.isoformat(),
    )
    transaction.on_commit(lambda: mail(line, called))
    return line


def called_in(text, paper, section, by):
    """The people named. A member who may not read it yet refuses the remark: they would never learn
    of it.

    Where the study hides names a reader is called by letter and refused by letter, and a user name
    refuses nothing: whom it calls, if anybody, must not tell who is behind a letter.
    """
    study = paper.study
    names = {name.casefold(): name for name in NAMED.findall(text)}
    if not names:
        return []
    letters = lettered(paper, section.phase_id) if study.is_anonymous else {}
    by_letter = {letter.casefold(): user for letter, user in letters.items()}
    members = {member.user: member for member in members_of(study)}
    by_name = {user.username.casefold(): user for user in members if user not in by_letter.values()}
    found = {name: by_letter.get(name) or by_name.get(name) for name in names}
    found = {name: user for name, user in found.items() if user and user.pk != by.pk}
    pair = (paper.pk, section.phase_id)
    blind = {
        name
        for name, user in found.items()
        if pair not in visible_pairs(members.get(user), [paper.pk])
    }
    refused = [
        f"@{names[name]}"
        for name in names
        if name in blind and (name in by_letter or not study.is_anonymous)
    ]
    if refused:
        raise ValidationError(
            f"{', '.join(refused)} may not see what was said on this paper yet, and so cannot be "
            "called."
        )
    return list({user.pk: user for name, user in found.items() if name not in blind}.values())


def members_of(study):
    return Membership.objects.active().filter(study=study).select_related("user", "study")


def lettered(paper, phase):
    """Whom the letters of this paper stand for, where the study hides names."""
    chosen = newest_of_each(
        Summary.objects.filter(assignment__paper=paper, assignment__round__phase=phase)
    )
    order = voices(paper.study, chosen).get(paper.pk, {})
    users = User.objects.in_bulk(list(order))
    return {letter: users[reviewer] for reviewer, (letter, _) in order.items()}


def mail(line: Remark, called: list[User]) -> None:
    """Only that there is a remark, and where: what it says may tell of answers, and stays behind
    the door.
    """
    address = reverse("comparison", args=[line.paper.study.slug, line.paper.key])
    for user in called:
        if user.email:
            site_mail.send(
                "mention",
                user.email,
                {"remark": line, "user": user},
                path=f"{address}#s-{line.section.key}",
                is_needed=False,  # the remark is kept and the bell rings
            )


@transaction.atomic
def resolve_remark(line: Remark, *, by: User, is_resolved: bool = True) -> bool:
    """Close a thread, or take it up again; twice is once."""
    reader_of(line.paper, line.section, by)
    at = timezone.now() if is_resolved else None
    changed = Remark.objects.filter(pk=line.pk, resolved_at__isnull=is_resolved).update(
        resolved_at=at, resolved_by=by if is_resolved else None
    )
    if changed:
        what = "Resolved" if is_resolved else "Took up again"
        LogEntry.objects.record(
            line.paper.study,
            by,
            "resolve-remark",
            f"{what} a remark on “{line.section}” of “{line.paper}”",
            paper=line.paper,
            section=line.section.key,
            remark=line.at.isoformat(),
        )
    return bool(changed)


def reader_of(paper: Paper, section: Section, by: User) -> Membership:
    """The membership of somebody who may take part in this discussion, as it is at this moment."""
    membership = rules.active_membership(by, paper.study)
    if membership is None or not membership.may_code:
        raise PermissionDenied("Observers read discussions; they do not take part.")
    if (paper.pk, section.phase_id) not in visible_pairs(membership, [paper.pk]):
        raise PermissionDenied("This discussion opens once you may see what everybody said.")
    return membership


@transaction.atomic
def keep_as_rule(line: Remark, code: Code, *, by: User, text: str = "") -> CodebookChange:
    """Add a remark to the definition of a code, as a rule for the next time, with the paper as its
    example.

    `text` is the rule in other words than the remark's. Returns the CodebookChange, which can be
    undone like any other.
    """
    if not reader_of(line.paper, line.section, by).is_lead:
        raise PermissionDenied("Only leads change the codebook.")
    if still_coding(line.paper, line.section).exists():
        raise ValidationError(
            "Somebody still has to code this paper: as an example it would tell them. Keep the "
            "rule once all are in."
        )
    # Two leads may press the button at once: the second finds it done.
    code = versions.locked_code(code)
    if code.section_id != line.section_id:
        raise ValidationError(f"“{code}” is no code of “{line.section}”.")
    if not Remark.objects.filter(pk=line.pk, is_decision_rule=False).update(is_decision_rule=True):
        raise ValidationError("This remark was kept as a decision rule already.")
    rule = without_names(line.paper.study, text.strip() or line.text)
    rule, example = f"Decision rule: {rule}", f"See {line.paper.key}."
    facts = {
        "definition": "\n\n".join(part for part in (code.definition, rule) if part),
        "example": "\n".join(part for part in (code.example, example) if part),
    }
    # Without the paper's answers: the definition is for everybody, and so is this line.
    code = codebook_changes.edit(
        code, by=by, facts=facts, reason="A remark was kept as a decision rule."
    )
    return code.changes.first()
