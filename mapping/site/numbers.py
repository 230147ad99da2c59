"""Whole numbers in requests, none larger than a column can hold."""

from django import forms

LARGEST_KEY = 2**63 - 1
LARGEST_COUNT = 2**31 - 1
# Python refuses to read numbers of thousands of digits, and takes digits of every script.
_MOST_DIGITS = len(str(LARGEST_KEY))


def whole_number(text, most=LARGEST_KEY):
    """The number in this text of plain digits; None where it is no number, or larger than
    `most`.
    """
    text = text or ""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    number = int(text)
    return number if number <= most else None


def is_id(text):
    """Whether this text from a form could be a primary key."""
    return whole_number(text) is not None


class WholeNumberField(forms.IntegerField):
    """A number that is compared with, or saved in, an integer column."""

    def __init__(self, *, min_value=0, max_value=LARGEST_COUNT, **kwargs):
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)
