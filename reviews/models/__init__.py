"""The people reading: what was handed out, what they wrote, and how the differences were
settled.
"""

from reviews.models.recoding_tasks import RecodingTask
from reviews.models.resolutions import Deferral, Mention, Remark, Resolution
from reviews.models.rounds import Assignment, EarlyLook, PriorAccess, Round
from reviews.models.stamps import Stamp
from reviews.models.summaries import Answer, KeptEdit, Mark, Summary

__all__ = [
    "Answer",
    "Assignment",
    "Deferral",
    "EarlyLook",
    "KeptEdit",
    "Mark",
    "Mention",
    "PriorAccess",
    "RecodingTask",
    "Remark",
    "Resolution",
    "Round",
    "Stamp",
    "Summary",
]
