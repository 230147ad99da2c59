"""The result of importing a table: which lines are refused and why, and what the others change."""

from collections.abc import Sequence

from django.utils.html import format_html
from import_export import results

from mapping.admin.formats import LINE

# So many rows are shown before the import is confirmed; all of them are counted.
PREVIEWED = 200


class LinedResult(results.Result):
    """Errors name the line of the file, not the number of the row. `ignored` are the columns that
    are not read, `left_aside` the codes that are not added.
    """

    ignored: Sequence[str] = ()
    notes: Sequence[str] = ()
    left_aside: Sequence[str] = ()

    def append_invalid_row(self, number, row, validation_error):
        super().append_invalid_row(row.get(LINE, number), row, validation_error)

    def append_error_row(self, number, row, errors):
        super().append_error_row(row.get(LINE, number), row, errors)

    def valid_rows(self):
        """The rows that the preview shows."""
        return [row for row in super().valid_rows() if row.diff]

    @property
    def in_short(self):
        """How many rows there are of each kind, where not all of them are shown."""
        return {
            "new": self.totals["new"],
            "changed": self.totals["update"],
            "unchanged": self.totals["skip"],
            "shown": len(self.valid_rows()),
        }

    @property
    def is_cut(self):
        return len(self.rows) > PREVIEWED


class PlainDiff:
    """What a row would change, for the preview; empty once enough rows are shown."""

    def __init__(self, resource, instance, new):
        self.instance, self.new = instance, new
        self.before, self.after = [], []

    def values(self, resource, instance):
        return [
            str(resource.export_field(field, instance) or "")
            for field in resource.get_user_visible_fields()
        ]

    def compare_with(self, resource, instance, dry_run=False):
        if resource.previewed >= PREVIEWED:
            return
        resource.previewed += 1
        self.before = [] if self.new else self.values(resource, self.instance)
        self.after = self.values(resource, instance)

    def as_html(self):
        if not self.before:
            return self.after
        pairs = zip(self.before, self.after, strict=True)
        return [
            now if was == now else format_html("<del>{}</del> <ins>{}</ins>", was, now)
            for was, now in pairs
        ]
