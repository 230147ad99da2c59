"""Parsers: files in, plain records out, and back. No Django, no database, no request."""

from mapping.parsers.papers import read_papers
from mapping.parsers.records import PaperRecord, Problem, UnreadableFile

__all__ = ["PaperRecord", "Problem", "UnreadableFile", "read_papers"]
