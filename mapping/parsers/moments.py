"""Dates and times of files, within what a database can give back in every time zone."""

from datetime import datetime

_EARLIEST, _LATEST = 1900, 2200


def in_our_time(moment: datetime) -> datetime:
    """The moment; ValueError for a year out of range."""
    if not _EARLIEST <= moment.year <= _LATEST:
        raise ValueError(f"a year from {_EARLIEST} to {_LATEST} is needed")
    return moment
