"""The admin site's pages of the people reading. All of it is only shown, and no more than blindness allows."""

from . import codes, rounds, settling, summaries

__all__ = ["codes", "rounds", "settling", "summaries"]
