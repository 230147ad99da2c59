"""How far independent summaries say the same. numpy, no Django.

`ratings` is raters × papers: `ratings[r][p]` is a value, a set of labels, or None for "did not code
it"; an empty set is a judgement. Every coefficient returns a float, or None when undefined;
`measure` adds the reason and the denominators. A `Table` made once by `tabulate` may stand wherever
ratings do.
"""

from reviews.agreement.statistics.alpha import METRICS, krippendorff_alpha
from reviews.agreement.statistics.bootstrap import Figure, interval, measure
from reviews.agreement.statistics.codes import (
    CodeAgreement,
    ConfusedPair,
    alphas_of_codes,
    binary,
    confused_pairs,
    leave_one_code_out,
    one_sided,
    per_code,
)
from reviews.agreement.statistics.coefficients import (
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    percent_agreement,
    scott_pi,
)
from reviews.agreement.statistics.details import (
    Coincidences,
    Marginals,
    Pairwise,
    coincidence_matrix,
    leave_one_rater_out,
    marginals_by_rater,
    median_absolute_difference,
    negative_agreement,
    pairwise,
    positive_agreement,
    specific_agreement,
    worst_papers,
)
from reviews.agreement.statistics.ratings import (
    ABSENCES,
    Absence,
    NotApplicable,
    Prepared,
    Table,
    prepared,
    tabulate,
)

__all__ = [
    "ABSENCES",
    "METRICS",
    "Absence",
    "CodeAgreement",
    "Coincidences",
    "ConfusedPair",
    "Figure",
    "Marginals",
    "NotApplicable",
    "Pairwise",
    "Prepared",
    "Table",
    "alphas_of_codes",
    "binary",
    "brennan_prediger",
    "cohen_kappa",
    "coincidence_matrix",
    "confused_pairs",
    "conger_kappa",
    "fleiss_kappa",
    "gwet_ac",
    "interval",
    "krippendorff_alpha",
    "leave_one_code_out",
    "leave_one_rater_out",
    "marginals_by_rater",
    "measure",
    "median_absolute_difference",
    "negative_agreement",
    "one_sided",
    "pairwise",
    "per_code",
    "percent_agreement",
    "positive_agreement",
    "prepared",
    "scott_pi",
    "specific_agreement",
    "tabulate",
    "worst_papers",
]
