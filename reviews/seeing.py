"""Blindness for what hangs on a section of a paper: findings, resolutions, remarks. The same rule as for summaries."""

from django.db.models import Exists, OuterRef, Q

from mapping.models import Finding, Membership, Study

from .models import Assignment, EarlyLook


def open_to(user, study):
    """True where this person may receive others' answers on the row's `paper`, in the phase of its `section`.

    `Summary.objects.visible_to` asks the same of summaries; a finding, a decision or a remark says what they said.
    """
    membership = Membership.objects.active().filter(user=user, study=study).first()
    if membership is None:
        return Q(pk__in=[])
    allowed = ~held(Assignment.objects.blinding(user)) & within_reach(user, membership, study)
    return allowed | looked_early(user) if membership.is_lead else allowed


def held(assignments):
    return Q(Exists(assignments.filter(paper=OuterRef("paper"), round__phase=OuterRef("section__phase"))))


def looked_early(user):
    looks = EarlyLook.objects.filter(user=user, paper=OuterRef("paper"), phase=OuterRef("section__phase"))
    return Q(Exists(looks))


def within_reach(user, membership, study):
    if study.is_released:
        return Q()
    if not membership.may_code:
        return Q(pk__in=[])
    waits = study.others_visible == Study.OthersVisible.AFTER_CLOSING
    in_time = ~held(Assignment.objects.in_force().filter(round__closed_at=None)) if waits else Q()
    coded = held(Assignment.objects.in_force().filter(reviewer=user))
    if membership.is_lead:
        return ~coded | in_time if waits else Q()
    if study.who_settles == Study.WhoSettles.NOT_CODERS:
        return in_time
    return coded & in_time


def visible_findings(user, study):
    """The findings this person may receive: map, evidence, exports and the API draw from here.

    Before the release they are for those who settle: leads, and where the study says so whoever did not code the paper.
    """
    findings = Finding.objects.of(study).filter(open_to(user, study))
    if study.is_released or Membership.objects.leads().filter(study=study, user=user).exists():
        return findings
    if study.who_settles == Study.WhoSettles.NOT_CODERS:
        return findings.exclude(held(Assignment.objects.in_force().filter(reviewer=user)))
    return findings.none()
