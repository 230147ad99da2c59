"""Codings and filled-in summary templates that were made elsewhere."""

from .codings import import_codings
from .summaries import import_summaries

__all__ = ["import_codings", "import_summaries"]
