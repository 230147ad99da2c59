"""Reads the lines below a heading as the items of an answer: codes with notes, quotes and pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mapping.parsers.labels import match_code
from mapping.parsers.list_signs import depth_of_sign
from mapping.parsers.template_lines import Line, Shape

__all__ = ["CodedItems", "Item", "PlainItems", "SectionItems", "codes_listed_in", "parts_of_value"]

_PAGES = (
    r"(?:(?:pp?|pgs?|S)\.\s?|(?:pages?|Seiten?)\s|pp?\s?(?=\d))"
    r"([\divxlc]{1,6}(?:\s?(?:[-–—,&]|and|to)\s?[\divxlc]{1,6}){0,5}\s?(?:ff?\.?)?)"
)
_PAGE_BEHIND = re.compile(
    rf"[\s,;]{{0,3}}[(\[]\s?{_PAGES}\s?[)\]]\s?[.,;]?$|\s?,\s?{_PAGES}$", re.IGNORECASE
)
_PAGE_ALONE = re.compile(
    rf"^[(\[]?(?:on )?{_PAGES}[)\]]?[.:]?$|^pages?\s?:\s?(.{{1,40}})$", re.IGNORECASE
)
_PAGE_BEFORE = re.compile(rf"^[(\[]?{_PAGES}[)\]]?\s?[:,–—-]\s?(?=[\"“„«‘'])", re.IGNORECASE)
_QUOTE_LABEL = re.compile(r"^(?:quotes?|quotation|evidence|excerpt|zitat)\s?:\s?", re.IGNORECASE)
_NOTE_LABEL = re.compile(r"^(?:notes?|rationale|why|reason|comment)\s?:\s+", re.IGNORECASE)
_QUOTE_BEHIND = re.compile(r"^([^\"“„«]+?)\s?[:–—-]\s?[\"“„«]([^\"“”„«»]+)[\"”“»]\.?$")
_QUOTED_WORDS = re.compile(r"^[\"“”„«»‟‘'](.+)[\"“”»«‟’']\s?[.,;]?$", re.DOTALL)
_CLOSING_QUOTES = set("\"“”»«‟’'")
_QUOTE_CALLOUTS = {"quote", "cite"}
_BOX_WITHIN = re.compile(r"(?:^|(?<=\s))(?:\[([xX ])\]|([☐☑☒]))\s+(?=\S)")
NOT_TICKED = "the box before it is not ticked"
_LONGEST_PART = 8
_LONGEST_PAGE = 40
_TAIL = 80


@dataclass
class Item:
    """One bullet or line; `level` is its indentation, `line` its place in the file.

    For a section with codes it holds what stands below it: `notes` (sub-bullets), the `quotes` and
    their `pages`. `lead` are the bold words it begins with, `names` what its links point at,
    `footnotes` those that it refers to.
    """

    line: int
    text: str
    level: int = 0
    is_bullet: bool = False
    lead: str = ""
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    footnotes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def quote(self) -> str:
        return "\n".join(self.quotes)

    @property
    def page(self) -> str:
        return ", ".join(dict.fromkeys(self.pages))

    @property
    def texts(self) -> list[str]:
        """Its words and all that stands below it."""
        return [self.text, *self.quotes, *self.pages, *self.notes]

    @property
    def is_empty_bullet(self) -> bool:
        return self.texts in (["-"], ["–"], ["—"])

    def add_page(self, page: str) -> None:
        if len(", ".join([*self.pages, page])) <= _LONGEST_PAGE:
            self.pages.append(page)
        else:
            self.notes.append(f"p. {page}")


class PlainItems:
    """The lines of a text, a number, a detail of the paper: taken as they are."""

    def __init__(self, *, keeps_boxes: bool = False) -> None:
        self.keeps_boxes, self.has_empty_bullet = keeps_boxes, False
        self.items: list[Item] = []

    def enter(self) -> None:
        """Below a heading a text simply goes on."""

    def add(self, line: Line) -> str:
        """Adds a line; returns why it was not taken, or an empty text."""
        is_open = line.box is not None and line.box != "x"
        if is_open and not self.keeps_boxes:
            return NOT_TICKED
        box = "" if line.box is None or not self.keeps_boxes else f"[{line.box or ' '}] "
        words = line.words if self.keeps_boxes else line.text.replace("\n", " ")
        item = Item(line.number, (box + words).strip(), line.level, line.shape is Shape.BULLET)
        item.footnotes, item.links = list(line.marks.footnotes), list(line.marks.links)
        if item.text:
            self.items.append(item)
        return ""

    def goes_on(self, line: Line) -> bool:
        """Adds a line to the item above, whose sentence it ends."""
        self.items[-1].text += " " + (
            line.words if self.keeps_boxes else line.text.replace("\n", " ")
        )
        self.items[-1].footnotes += line.marks.footnotes
        return True


@dataclass
class _Level:
    """An item of the list that others may stand below; without an item where it was reported
    instead.
    """

    line: Line
    item: Item | None


class CodedItems:
    """The items of a section with codes."""

    def __init__(self, codes: Sequence[str] = ()) -> None:
        self.codes, self.has_empty_bullet = codes, False
        self.items: list[Item] = []
        self.levels: list[_Level] = []
        self.quoted_line: Line | None = None
        self.last: Item | None = None

    def enter(self) -> None:
        """Below a heading a list begins anew."""
        self.levels, self.quoted_line = [], None

    def add(self, line: Line) -> str:
        """Adds a line; returns why it was not taken, or an empty text."""
        if line.is_quoted or line.callout:
            return self.add_quoted(line)
        if _BOX_WITHIN.search(line.text):
            return self.add_boxes(line)
        while self.levels and not _is_below(line, self.levels[-1].line):
            self.levels.pop()
        reason = _why_left_out(line)
        top = self.levels[-1].item if self.levels else None
        if self.levels and top is None:
            reason = reason or "it stands below a line that was left out"
        if reason:
            self.levels.append(_Level(line, None))
            return reason
        if top is not None:
            self.add_below(top, line, len(self.levels))
        elif self.last and _is_evidence(line, self.last):
            self.add_below(self.last, line, 1)
            return ""
        else:
            top = self.add_item(line)
        self.levels.append(_Level(line, top))
        return ""

    def add_boxes(self, line: Line) -> str:
        """Several boxes in one line: "[x] Abstract [ ] Full text"."""
        boxes = list(_BOX_WITHIN.finditer(line.text))
        ends = [box.start() for box in boxes[1:]] + [len(line.text)]
        pieces = [(line.box, line.text[: boxes[0].start()])]
        pieces += [
            (box[1] or box[2], line.text[box.end() : end])
            for box, end in zip(boxes, ends, strict=True)
        ]
        left = []
        for box, words in pieces:
            option = words.strip(" ,;\n")
            if box is not None and box not in set("xX☑☒"):
                left.append(f"[ ] {option}")
            elif option and self.add(replace(line, text=option, box=box and "x")):
                left.append(option)
        line.text, line.box = " ".join(left), None
        return NOT_TICKED if left else ""

    def add_item(self, line: Line) -> Item:
        # The item of a list is one thing, however it is punctuated.
        is_one = line.shape is Shape.BULLET
        parts = line.text.split("\n") if is_one else parts_of_value(line.text, self.codes)
        for part in parts:
            before_page, page = _without_page(part)
            text, quote = _with_quote_behind(before_page)
            text, page = (text, page) if page else _without_page(text)
            item = Item(
                line.number,
                text,
                line.level,
                line.shape is Shape.BULLET,
                names=list(line.marks.pages),
            )
            item.lead = line.lead if len(parts) == 1 else ""
            item.notes, item.footnotes = list(line.marks.tags), list(line.marks.footnotes)
            item.quotes = [quote] if quote else []
            if page:
                item.add_page(page)
            self.items.append(item)
        self.last = self.items[-1]
        return self.last

    def add_below(self, item: Item, line: Line, depth: int) -> None:
        """A sub-bullet: evidence, else the note of the item above."""
        item.footnotes += line.marks.footnotes
        if not take_evidence(item, line.text):
            item.notes.append("  " * (depth - 1) + _NOTE_LABEL.sub("", line.text))
        item.notes += line.marks.tags

    def add_quoted(self, line: Line) -> str:
        """A line of a block quote or call-out, which belongs to the mark above."""
        if not line.text:
            self.quoted_line = line if self.last else None
            return ""
        above = self.quoted_line
        if above is not None and above.number != line.number - 1:
            above = None
        if line.shape is Shape.BULLET and above is None and not line.callout:
            return self.add(_unquoted(line))
        if self.last is None:
            is_bullet_or_words = not line.callout and not _quote_and_page(line.text)[0]
            return self.add(_unquoted(line)) if is_bullet_or_words else "it stands below no code"
        line.callout = line.callout or (above.callout if above else "")
        _add_quoted(self.last, line, above)
        self.quoted_line = line
        return ""

    def goes_on(self, line: Line) -> bool:
        """Adds a line without a bullet to the sentence above; False where there is none."""
        if not self.levels or self.levels[-1].item is None:
            return False
        item = self.levels[-1].item
        if take_evidence(item, line.text):
            item.notes += line.marks.tags
            item.footnotes += line.marks.footnotes
            return True
        if len(self.levels) > 1 and item.notes:
            item.notes[-1] += " " + line.text
        elif len(self.levels) > 1:
            return False
        else:
            item.text, page = _without_page(f"{item.text} {line.text}")
            item.pages += [page] if page else []
        item.notes += line.marks.tags
        item.footnotes += line.marks.footnotes
        return True


SectionItems = CodedItems | PlainItems


def take_evidence(item: Item, text: str) -> bool:
    """Adds a quote, a page or both to the item; False where the line is neither."""
    alone = _PAGE_ALONE.match(text)
    if alone:
        item.add_page(next(filter(None, alone.groups())))
        return True
    quote, page = _quote_and_page(text)
    if not quote:
        return False
    item.quotes.append(quote)
    if page:
        item.add_page(page)
    return True


def _add_quoted(item: Item, line: Line, above: Line | None) -> None:
    """A line of a block quote below an item; `above` is the line of the quote before it, if any."""
    if line.callout and line.callout not in _QUOTE_CALLOUTS:
        item.notes.append(line.text)
    elif above and item.quotes and not above.text.endswith(('"', "”", ")")):
        _join_quote(item, line.text)
    elif not take_evidence(item, line.text):
        text, page = _without_page(line.text)
        item.quotes.append(text)
        item.pages += [page] if page else []
    item.notes += line.marks.tags
    item.footnotes += line.marks.footnotes


def _join_quote(item: Item, words: str) -> None:
    """A quote that goes over several lines; the page may stand on the last."""
    text, page = _without_page(words)
    if page:
        item.add_page(page)
    quote = f"{item.quotes[-1]} {text}"
    quoted = _QUOTED_WORDS.match(quote) if text[-1:] in _CLOSING_QUOTES else None
    item.quotes[-1] = quoted[1] if quoted else quote


def parts_of_value(text: str, codes: Sequence[str]) -> list[str]:
    """The codes in a text, split at `;`, `|` and line ends, and at commas where every part is a
    code.
    """
    codes_found = []
    for line in text.split("\n"):
        parts = [part.strip() for part in re.split(r"[;|]", line) if part.strip()]
        if len(parts) < 2 or any(len(part.split()) > _LONGEST_PART for part in parts):
            parts = [line.strip()]
        codes_found += [code for part in parts for code in _parted_by_commas(part, codes)]
    return [part for part in codes_found if part]


def codes_listed_in(text: str, codes: Sequence[str]) -> list[str]:
    """The parts of an item if every one of them is a code, as in "noisy data, lack of domain
    experts"; else none.
    """
    parts = [
        part.strip() for part in re.split(r"[;|]|,(?:\s+and\s+)?", text[:2_000]) if part.strip()
    ]
    return parts if len(parts) > 1 and len(text) <= 2_000 and _are_codes(parts, codes) else []


def _parted_by_commas(text: str, codes: Sequence[str]) -> list[str]:
    parts = [part.strip() for part in re.split(r",(?:\s+and\s+)?", text) if part.strip()]
    is_one = len(parts) < 2 or len(text) > 2_000 or match_code(text, codes)
    return parts if not is_one and _are_codes(parts, codes) else [text]


def _are_codes(parts: Sequence[str], codes: Sequence[str]) -> bool:
    return all(match_code(part.rstrip(" ."), codes) for part in parts)


def _is_below(line: Line, above: Line) -> bool:
    """Whether a line stands deeper in the list than the item above: indented, or by its sign."""
    if line.level >= above.level + 2:
        return line.shape is Shape.BULLET or above.shape is Shape.BULLET
    if line.shape is not Shape.BULLET or above.shape is not Shape.BULLET:
        return False
    if line.level == above.level + 1:
        return line.sign[-1:] != above.sign[-1:]
    return line.level == above.level and depth_of_sign(line.sign) > depth_of_sign(above.sign)


def _is_evidence(line: Line, item: Item) -> bool:
    """Whether a line at the left edge is the quote of the item above: no bullet, or a dash below
    other bullets.
    """
    if line.shape is Shape.BULLET and (line.sign not in "–—" or not item.is_bullet):
        return False
    quote, page = _quote_and_page(line.text)
    return bool(
        _PAGE_ALONE.match(line.text) or (quote and (page or not _QUOTED_WORDS.match(item.text)))
    )


def _why_left_out(line: Line) -> str:
    if line.box is not None and line.box != "x":
        return NOT_TICKED
    if line.marks.is_struck:
        return "it is struck out"
    return line.reason


def _quote_and_page(text: str) -> tuple[str, str]:
    """("Data are noisy", "4") of `"Data are noisy" (p. 4)`, `p. 4: "…"` or `Quote: …`; empty where
    it is no quote.
    """
    before = _PAGE_BEFORE.match(text)
    page = before[1] if before else ""
    text = text[before.end() :] if before else text
    label = _QUOTE_LABEL.match(text)
    text_alone, behind = _without_page(text[label.end() :] if label else text)
    quoted = _QUOTED_WORDS.match(text_alone.strip())
    if quoted:
        return quoted[1].strip(), page or behind
    return (text_alone, page or behind) if label and text_alone else ("", "")


def _with_quote_behind(text: str) -> tuple[str, str]:
    """("Model drift", "it drifts") of `Model drift – "it drifts"`."""
    match = _QUOTE_BEHIND.match(text)
    return (match[1].rstrip(), match[2].strip()) if match else (text, "")


def _without_page(text: str) -> tuple[str, str]:
    """(words, page) of `words (p. 4)`."""
    start = max(0, len(text) - _TAIL)
    match = _PAGE_BEHIND.search(text, start)
    if not match or not text[: match.start()].strip():
        return text, ""
    return text[: match.start()].rstrip(), next(filter(None, match.groups()))


def _unquoted(line: Line) -> Line:
    return replace(line, is_quoted=False, callout="")
