"""Which agreement coefficients a lead may declare for a section, in plain words. No Django, no
statistics.
"""

from typing import NamedTuple

HEADLINE = "krippendorff_alpha"
ONE_CHOICE = {"code", "yes_no"}


class Coefficient(NamedTuple):
    label: str
    text: str
    kinds: frozenset

    def fits(self, kind):
        return kind in self.kinds


COEFFICIENTS = {
    HEADLINE: Coefficient(
        "Krippendorff's alpha",
        "any number of reviewers, missing codings, every scale",
        frozenset({"codes", "code", "stage", "yes_no", "number"}),
    ),
    "cohen_kappa": Coefficient(
        "Cohen's kappa",
        "two reviewers who both coded every paper",
        frozenset({*ONE_CHOICE, "stage"}),
    ),
    "fleiss_kappa": Coefficient(
        "Fleiss' kappa",
        "the same number of reviewers on every paper; ignores the order of stages",
        frozenset({*ONE_CHOICE, "stage"}),
    ),
    "gwet_ac1": Coefficient(
        "Gwet's AC1", "steady where nearly all papers get the same code", frozenset(ONE_CHOICE)
    ),
    "gwet_ac2": Coefficient(
        "Gwet's AC2", "AC1 with weights: near stages count as nearly agreed", frozenset({"stage"})
    ),
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
