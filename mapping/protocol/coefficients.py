"""What the agreement coefficients are called, and which a lead may declare for a section, in plain
words. No Django, no statistics.
"""

from typing import NamedTuple

from mapping.judgement.kinds import CODED, KINDS

HEADLINE = "krippendorff_alpha"
CATEGORIES = frozenset(name for name in CODED if not KINDS[name].no_kappa)
ORDERED = frozenset(name for name in CATEGORIES if KINDS[name].is_scale)


class Coefficient(NamedTuple):
    label: str
    text: str
    kinds: frozenset[str]

    def fits(self, kind: str) -> bool:
        return kind in self.kinds


COEFFICIENTS = {
    HEADLINE: Coefficient(
        "Krippendorff's alpha",
        "any number of reviewers, missing codings, every scale",
        frozenset(CODED),
    ),
    "cohen_kappa": Coefficient(
        "Cohen's kappa",
        "two reviewers who both coded every paper",
        CATEGORIES,
    ),
    "fleiss_kappa": Coefficient(
        "Fleiss' kappa",
        "the same number of reviewers on every paper; ignores the order of stages",
        CATEGORIES,
    ),
    "gwet_ac1": Coefficient(
        "Gwet's AC1", "steady where nearly all papers get the same code", CATEGORIES - ORDERED
    ),
    "gwet_ac2": Coefficient(
        "Gwet's AC2", "AC1 with weights: near stages count as nearly agreed", ORDERED
    ),
}
# All of them, those that are only shown too.
LABELS = {
    **{name: coefficient.label for name, coefficient in COEFFICIENTS.items()},
    "krippendorff_alpha_nominal": "Krippendorff's alpha",
    "krippendorff_alpha_jaccard": "Krippendorff's alpha",
    "krippendorff_alpha_ratio": "Krippendorff's alpha",
    "cohen_kappa_weighted": "Cohen's kappa, weighted",
    "conger_kappa": "Conger's kappa",
    "scott_pi": "Scott's pi",
    "brennan_prediger": "Brennan and Prediger",
}


def choices_for(kind: str) -> list[tuple[str, str]]:
    """`[(name, label: words)]`, the recommended one first; empty for texts, which have no
    coefficient.
    """
    return [
        (name, f"{coefficient.label}: {coefficient.text}")
        for name, coefficient in COEFFICIENTS.items()
        if coefficient.fits(kind)
    ]
