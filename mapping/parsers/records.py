"""What the readers hand over: one record per publication, one problem per thing they
stumbled over.
"""

from dataclasses import dataclass

from mapping.parsers.paper_fields import PaperRecord

__all__ = ["PaperRecord", "Problem", "UnreadableFile"]


@dataclass(frozen=True)
class Problem:
    """Something to tell about a file; a refusal means that an entry or a row was not taken."""

    file: str
    line: int | None
    reason: str
    is_refusal: bool = True

    def __str__(self):
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.reason}" if place else self.reason


class UnreadableFile(ValueError):
    """The file as a whole is not what was asked for: no bibliography, no table, empty, binary, too
    large.
    """

    def __init__(self, reason, file="", line=None):
        super().__init__(str(Problem(file, line, reason)))
        self.reason, self.file, self.line = reason, file, line
