"""The admin site's pages of the people reading. All of it is only shown, and no more than blindness allows."""

from . import rounds, settling, summaries

__all__ = ["rounds", "settling", "summaries"]
