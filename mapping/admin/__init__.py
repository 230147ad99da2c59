"""The admin site's pages of the study and its map. Nothing is deleted here: records retire, and
keep their history.
"""

from mapping.admin import codes, papers, people, studies

__all__ = ["codes", "papers", "people", "studies"]
