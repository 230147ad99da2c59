"""`paper=doi,reviewer=rater`: how commands and pages take what a file calls by other names."""

import csv

from django.core.exceptions import ValidationError


def pairs(text, name):
    """`{"paper": "doi", "reviewer": "rater"}`; quotes hold what has a comma: `"paper=DOI, or
    title"`.
    """
    found = {}
    for cell in next(csv.reader([text], skipinitialspace=True), []):
        if not cell.strip():
            continue
        left, equals, right = (part.strip() for part in cell.partition("="))
        if not (left and equals and right):
            raise ValidationError(f"{name}: “{cell.strip()}” is not of the form name=name.")
        found[left] = right
    return found
