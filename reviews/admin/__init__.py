"""The admin site's pages of the people reading. All of it is only shown, and no more than blindness
allows.
"""

from reviews.admin import codes, resolutions, rounds, summaries

__all__ = ["codes", "resolutions", "rounds", "summaries"]
