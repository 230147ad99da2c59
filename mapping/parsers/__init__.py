"""Files in, plain records out (and back): no Django, no database, no request."""

from .papers import read_papers
from .records import PaperRecord, Problem, UnreadableFile

__all__ = ["PaperRecord", "Problem", "UnreadableFile", "read_papers"]
