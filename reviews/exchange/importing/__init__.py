"""Codings and filled-in summary templates that were made elsewhere."""

from reviews.exchange.importing.codings import import_codings
from reviews.exchange.importing.summaries import import_summaries

__all__ = ["import_codings", "import_summaries"]
