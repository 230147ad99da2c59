"""How far independent summaries agree: the statistics (`statistics/`, no Django), and the pages
that show them.
"""

from reviews.agreement.statistics import *  # noqa: F403
from reviews.agreement.statistics import __all__ as __all__
