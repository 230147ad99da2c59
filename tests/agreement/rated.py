"""A section as its raters filled it in, without a database; what somebody may see of a study."""

from mapping.models import Phase, Section
from reviews.agreement.glance import at_a_glance
from reviews.agreement.page import VisibleAgreement
from reviews.agreement.ratings import Rated
from tests.making import membership_of


def visible_to(user, study, asked="", sections=None):
    return VisibleAgreement(membership_of(user, study), asked, sections)


def glance_of(user, study):
    return at_a_glance(membership_of(user, study))


def rated_section(kind, ratings, categories=(), *, key="method", **facts):
    """`Rated` of ratings, raters × papers. Ids are none of the indexes, so that nobody mixes them
    up.
    """
    left_out = facts.pop("left_out", {})
    level = facts.pop("level", "code")
    not_independent = facts.pop("not_independent", 0)
    section = Section(key=key, kind=kind, label=key.capitalize(), position=0, **facts)
    section.phase = Phase(key="coding", name="Coding")
    raters = tuple(101 + rater for rater in range(len(ratings)))
    papers = tuple(1001 + 10 * paper for paper in range(len(ratings[0]) if ratings else 0))
    return Rated(
        section, raters, papers, ratings, tuple(categories), left_out, level, not_independent
    )
