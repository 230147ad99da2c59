"""Emacs's Org mode as Markdown, line for line."""

import re

__all__ = ["is_org", "markdown_from_org"]

_HEADLINE = re.compile(r"^(\*{1,20})\s+(.*)$")
_KEYWORD_BEFORE = re.compile(
    r"^(?:TODO|DONE|NEXT|WAITING|CANCELLED|CANCELED)\s+|^\[#[A-Z0-9]\]\s*|^COMMENT\s+"
)
_TAGS_BEHIND = re.compile(r"[ \t]+(:[\w@#%:]+:)\s*$")
_COOKIE = re.compile(r"\s*\[\d*(?:/\d*|%)\]")
_SETTING = re.compile(r"^\s*#\+(\w+):\s*(.*)$")
_BLOCK = re.compile(r"^\s*#\+(begin|end)_(\w+)", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*#(?:\s+(.*))?$")
_PROPERTY = re.compile(r"^\s*:([\w+-]+):\s*(.*)$")
_PLANNING = re.compile(r"^\s*(?:SCHEDULED|DEADLINE|CLOSED|CLOCK):\s*[<\[]")
_TABLE_RULE = re.compile(r"^\s*\|[-+]+\|?\s*$")
_STARRED_ITEM = re.compile(r"^(\s+)\*\s")
_TERM = re.compile(r"^(\s*[-+*]\s+(?:\[.\]\s+)?)([^:]+?)\s+::(?:\s+|$)")
_LINK = re.compile(r"\[\[([^\[\]]*)\](?:\[([^\[\]]*)\])?\]")
_FOOTNOTE_LINE = re.compile(r"^\[fn:([\w-]+)\]\s*")
_FOOTNOTE = re.compile(r"\[fn:([\w-]+)\]")
# One sign within the other ("*bold /and italic/*") is left to the pass of the other sign.
_EMPHASIS = [
    re.compile(
        rf"(?:^|(?<=[\s(\[{{\"'*/_-]))(\{sign})(?=[^\s\{sign}])([^\{sign}]+)(?<=\S)\{sign}(?=[\s.,;:!?'\")\]}}*/_-]|$)"
    )
    for sign in "=~+/*_"
]
_MARKDOWN = {"*": "**", "/": "*", "_": "", "=": "`", "~": "`", "+": "~~"}
# Settings of the whole file that say something of the paper; others are reported under their own
# name.
_DETAILS = {
    "title": "Title",
    "author": "Authors",
    "authors": "Authors",
    "doi": "DOI",
    "year": "Year",
    "journal": "Venue",
}
_DETAILS |= {"booktitle": "Venue", "venue": "Venue", "source": "Venue"}
_OF_EMACS = {
    "options",
    "startup",
    "todo",
    "seq_todo",
    "property",
    "latex_class",
    "latex_header",
    "export_file_name",
}
_OF_EMACS |= {
    "id",
    "custom_id",
    "visibility",
    "category",
    "end",
    "properties",
    "logbook",
    "columns",
    "bibliography",
}
_OF_EMACS |= {
    "language",
    "setupfile",
    "archive",
    "attr_html",
    "attr_latex",
    "results",
    "tblfm",
    "roam_refs",
}
_OF_EMACS |= {"include", "html_head", "cite_export", "select_tags", "exclude_tags"}


def is_org(file: str) -> bool:
    return file.lower().endswith(".org")


def markdown_from_org(text: str) -> str:
    """The text with Org's signs replaced by Markdown's; as many lines as before, in the same
    places.
    """
    block, lines = None, []
    for line in map(_with_single_blanks, text.split("\n")):
        delimiter = _BLOCK.match(line)
        if delimiter:
            block = delimiter[2].casefold() if delimiter[1].casefold() == "begin" else None
            lines.append("")
        elif block == "comment":
            lines.append(f"<!-- {line.strip()} -->" if line.strip() else "")
        elif block in ("quote", "verse"):
            lines.append(f"> {_inline(line.strip())}" if line.strip() else "")
        else:
            lines.append(_line(line))
    return "\n".join(lines)


def _with_single_blanks(line: str) -> str:
    """The line's indentation, then its words: no pattern looks through a long run of blanks
    twice.
    """
    return line[: len(line) - len(line.lstrip())] + re.sub(r"[ \t]{2,}", " ", line.strip())


def _line(line: str) -> str:
    headline, named = _HEADLINE.match(line), _SETTING.match(line) or _PROPERTY.match(line)
    if headline:
        return _headline(len(headline[1]), headline[2])
    if named:
        return _named(named[1], named[2], line)
    if _COMMENT.match(line):
        return f"<!-- {line.strip(' #')} -->" if line.strip(" #") else ""
    if _PLANNING.match(line):
        return f"<!-- date: {line.strip()} -->"
    if _TABLE_RULE.match(line):
        return line.replace("+", "|")
    line = _FOOTNOTE_LINE.sub(r"[^\1]: ", line)
    return _inline(_TERM.sub(r"\1**\2:** ", _STARRED_ITEM.sub(r"\1- ", line)))


def _headline(level: int, text: str) -> str:
    while _KEYWORD_BEFORE.match(text):
        text = _KEYWORD_BEFORE.sub("", text, count=1)
    tags = _TAGS_BEHIND.search(text)
    text = _COOKIE.sub("", text[: tags.start()] if tags else text)
    comment = f" <!-- tags: {tags[1]} -->" if tags else ""
    return f"{'#' * min(level, 6)} {_inline(text)}{comment}"


def _named(name: str, value: str, line: str) -> str:
    """A setting of the file or a property of a headline: a detail of the paper, else a comment that
    is reported.
    """
    known = _DETAILS.get(name.casefold())
    if known and value:
        return f"**{known}:** {_inline(value)}"
    if not value or name.casefold() in _OF_EMACS:
        return ""
    return f"<!-- {line.strip()} -->"


def _inline(text: str) -> str:
    text = _FOOTNOTE.sub(r"[^\1]", _LINK.sub(_link, text))
    for emphasis in _EMPHASIS:
        text = emphasis.sub(
            lambda match: _MARKDOWN[match[1]] + match[2] + _MARKDOWN[match[1]], text
        )
    return text.removesuffix("\\\\")


def _link(match: re.Match[str]) -> str:
    return (
        f"[{match[2]}]({match[1].replace(' ', '%20')})" if match[2] else f"[{match[1]}]({match[1]})"
    )
