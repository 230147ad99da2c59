"""The people reading: what was handed out, what they wrote, and how the differences were settled."""

from .recoding import RecodingTask
from .rounds import Assignment, EarlyLook, PriorAccess, Round
from .settling import Deferral, Mention, Remark, Resolution
from .stamps import Stamp
from .summaries import Answer, KeptEdit, Mark, Summary

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
