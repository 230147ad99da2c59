"""The study and its map. `reviews` builds on these; nothing here knows of it."""

from .codebook import Approach, Challenge, Code, CodebookChange, MaturityStage
from .findings import Evidence, Finding, FindingMark, Judgement
from .log import LogEntry
from .papers import Paper, PaperImport, PaperSource
from .people import Attempt, PasswordMail, User
from .studies import ApiToken, Invitation, Membership, Study
from .templates import Phase, ResearchQuestion, Section

__all__ = [
    "ApiToken",
    "Approach",
    "Attempt",
    "Challenge",
    "Code",
    "CodebookChange",
    "Evidence",
    "Finding",
    "FindingMark",
    "Invitation",
    "Judgement",
    "LogEntry",
    "MaturityStage",
    "Membership",
    "Paper",
    "PaperImport",
    "PaperSource",
    "PasswordMail",
    "Phase",
    "ResearchQuestion",
    "Section",
    "Study",
    "User",
]
