"""The study and its map. `reviews` builds on these; nothing here knows of it."""

from mapping.models.codebook import Approach, Challenge, Code, CodebookChange, MaturityStage
from mapping.models.findings import EvidenceFields, Finding, FindingMark, JudgementFields
from mapping.models.log import LogEntry
from mapping.models.papers import Paper, PaperImport, PaperSource
from mapping.models.people import Attempt, PasswordMail, User
from mapping.models.studies import Invitation, LastNumber, Membership, Study
from mapping.models.templates import Phase, ResearchQuestion, Section
from mapping.models.tokens import ApiToken

__all__ = [
    "ApiToken",
    "Approach",
    "Attempt",
    "Challenge",
    "Code",
    "CodebookChange",
    "EvidenceFields",
    "Finding",
    "FindingMark",
    "Invitation",
    "JudgementFields",
    "LastNumber",
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
