"""What parsers return: a record for each publication, and problems with the file."""

from dataclasses import dataclass

from mapping.parsers.paper_fields import PaperRecord

__all__ = ["PaperRecord", "PapersRead", "Problem", "UnreadableFile"]


@dataclass(frozen=True)
class Problem:
    """A problem with a file; `is_refusal` where an entry or a row was not read."""

    file: str
    line: int | None
    reason: str
    is_refusal: bool = True

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.reason}" if where else self.reason


PapersRead = tuple[list[PaperRecord], list[Problem]]


class UnreadableFile(ValueError):
    """The whole file cannot be read: it is no bibliography or table, empty, binary or too large."""

    def __init__(self, reason: str, file: str = "", line: int | None = None) -> None:
        super().__init__(str(Problem(file, line, reason)))
        self.reason, self.file, self.line = reason, file, line
