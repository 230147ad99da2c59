"""Who settles differences: the one rule. What a settler may know is asked apart, in `rules.py`.

| role | settles |
| --- | --- |
| lead | every paper; those they have coded themselves only where the study says `may_settle_own` |
| reviewer | where `who_settles` is `not_coders`: the papers they have not coded; else none |
| observer | none |
"""

from mapping.models import Membership, Study


def reviewers_settle(study: Study) -> bool:
    """Whether reviewers settle what they have not coded, and so read what others said of it."""
    return study.who_settles == Study.WhoSettles.NOT_CODERS


def is_settler(member: Membership) -> bool:
    """Whether this member settles any papers at all."""
    return member.is_lead or (member.may_code and reviewers_settle(member.study))


def settles_own(member: Membership) -> bool:
    """Whether the papers that this settler has coded are among them."""
    return member.is_lead and member.study.may_settle_own


def why_not(member: Membership | None, *, has_coded: bool) -> str:
    """Why this member may not settle a paper, or nothing where they may. `member` is None for
    somebody who is no active member.
    """
    if member is None or not member.may_code:
        return "Observers do not settle differences."
    if not is_settler(member):
        return "Only leads settle differences in this study."
    if not has_coded or settles_own(member):
        return ""
    where = (
        "in this study somebody else settles it" if member.is_lead else "somebody else settles it"
    )
    return f"You coded this paper: {where}."


def variant(member: Membership) -> str:
    """What the answers of this rule depend on, to tell cached figures apart."""
    return f"{member.role}.{is_settler(member)}.{settles_own(member)}"
