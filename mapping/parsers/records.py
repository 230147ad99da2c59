"""What parsers return: a record for each publication, and problems with the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass
class PaperRecord:
    """A publication as a file describes it; fields that the file does not have are empty.

    `authors` are "Family, Given" (or "Family, Given, Suffix"; organisations without a comma),
    `kind` is a BibTeX entry type in lower case, `pages` is "165-176". `raw` holds the remaining
    fields, named as in BibTeX where there is such a name, else by their RIS tag or their column's
    heading. `file` and `line` say where the record begins.
    """

    key: str = ""
    title: str = ""
    authors: list[str] = field(default_factory=list)
    year: int | None = None
    venue: str = ""
    doi: str = ""
    url: str = ""
    abstract: str = ""
    kind: str = "misc"
    volume: str = ""
    number: str = ""
    pages: str = ""
    publisher: str = ""
    keywords: list[str] = field(default_factory=list)
    raw: dict[str, str] = field(default_factory=dict)
    file: str = ""
    line: int | None = None


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


class PaperLike(Protocol):
    """What the writers need of a paper; a PaperRecord and a row of the database have it."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def authors(self) -> Sequence[str]: ...
    @property
    def year(self) -> int | None: ...
    @property
    def venue(self) -> str: ...
    @property
    def doi(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def abstract(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def volume(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def pages(self) -> str: ...
    @property
    def publisher(self) -> str: ...
    @property
    def keywords(self) -> Sequence[str]: ...
    @property
    def raw(self) -> Mapping[str, str]: ...


class UnreadableFile(ValueError):
    """The whole file cannot be read: it is no bibliography or table, empty, binary or too large."""

    def __init__(self, reason: str, file: str = "", line: int | None = None) -> None:
        super().__init__(str(Problem(file, line, reason)))
        self.reason, self.file, self.line = reason, file, line
