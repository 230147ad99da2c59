"""Removes Markdown's inline marks from a line: what stays is what the rendered page shows.

Every pattern stops at its own sign, so that a line of nothing but signs is looked through once.
"""

import html
import re
from dataclasses import dataclass, field

__all__ = ["Plain", "plain", "without_emphasis"]

# Escaped signs wait in Unicode's private area until the marks are off.
_FIRST_PRIVATE = 0xE000
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = re.compile(r"[\uE021-\uE07E]")
_CODE = re.compile(r"(?<!`)(`{1,3})([^`]+)\1(?!`)")
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)?\)|!\[\[([^\[\]]*)\]\]")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()]*(?:\([^()]*\)[^()]*)?)\)")
_REFERENCE_LINK = re.compile(r"\[([^\[\]^]+)\]\[([^\[\]]*)\]")
_WIKI_LINK = re.compile(r"\[\[([^\[\]|]*)(?:\|([^\[\]]*))?\]\]")
_FOOTNOTE = re.compile(r"[ \t]?\[\^([^\[\]\s]{1,60})\]")
_INLINE_FOOTNOTE = re.compile(r"[ \t]?\^\[([^\[\]]{1,500})\]")
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^<>\s]*)>", re.IGNORECASE)
# Items and paragraphs of HTML in one line are as many lines.
_LINE_BREAK = re.compile(
    r"[ \t]{0,20}</?(?:br\b[^<>]{0,20}|(?:li|p|dt|dd|div|tr)(?:\s[^<>]{0,200})?/?)>[ \t]{0,20}",
    re.IGNORECASE,
)
# Only what HTML knows: "List<String>" and "<name of the tool>" are words.
_TAGS = (
    "a|abbr|aside|b|big|blockquote|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i"
    "|img|ins|kbd|label|li|mark|ol|p|pre|q|s|samp|section|small|span|strike|strong|sub|summary|sup|table|tbody|td"
    "|tfoot|th|thead|tr|tt|u|ul|var"
)
_TAG = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ATTRIBUTES = re.compile(
    r"(?:^|(?<=[\s\])*`]))\{:?\s?(?:[#.][\w:.-]+|[\w-]+=[^{}\s]+)(?:\s[^{}]*)?\}"
)
_BLOCK_ID = re.compile(r"(?:^|(?<=\s))\^[A-Za-z0-9-]+$")
_HASHTAG = re.compile(r"(?:^|(?<=\s))#(?!\d+\b)[^\W_][\w/-]*(?=[\s.,;]|$)")
_HIGHLIGHT = re.compile(r"(==|~~)(?=[^\s=~])([^=~]+)\1")
_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+)(?<=[^\s*])\*(?![\w*])")
_UNDERSCORE = re.compile(r"(?<![\w_])_(?=[^\s_])([^_]+)(?<=[^\s_])_(?![\w_])")
_STARS = re.compile(r"\*\*(?=[^\s*])([^*]+)(?<=[^\s*])\*\*")
_UNDERSCORES = re.compile(r"(?<!\w)__(?=\S)((?:[^_]|_(?!_))+)(?<=\S)__(?!\w)")
_LOST_STARS = re.compile(r"^\*+\s*(?=\S)|(?<=\S)\s*\*+$")
_STRUCK = re.compile(r"~~[^~]+~~|<(?P<tag>del|s|strike)>[^<>]*</(?P=tag)>", re.IGNORECASE)


@dataclass
class Plain:
    """`text` without marks; the lists are what some of the marks held. `pages` are targets of wiki
    links.
    """

    text: str
    links: list[str] = field(default_factory=list)
    footnotes: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    is_struck: bool = False


def plain(written: str) -> Plain:
    """The Plain of one line. A line break within it (`<br>`) is a `\\n`."""
    plain_line = Plain("")
    is_struck = _STRUCK.sub("", written).strip(" *_.,;") == "" and bool(_STRUCK.search(written))
    plain_line.is_struck = is_struck
    text = _ESCAPED.sub(lambda match: _hidden(match[1]), written)
    text = _CODE.sub(lambda match: "".join(map(_hidden, match[2].strip(" "))), text)
    text = _IMAGE.sub(
        lambda match: _kept(plain_line.images, match[1] or match[2] or "image", ""), text
    )
    text = _WIKI_LINK.sub(lambda match: _linked_page(plain_line.pages, match), text)
    text = _LINK.sub(
        lambda match: _kept(plain_line.links, match[2].split(" ")[0], match[1] or match[2]), text
    )
    text = _REFERENCE_LINK.sub(
        lambda match: _kept(plain_line.links, f"[{match[2] or match[1]}]", match[1]), text
    )
    text = _FOOTNOTE.sub(lambda match: _kept(plain_line.footnotes, match[1], ""), text)
    text = _INLINE_FOOTNOTE.sub(lambda match: _kept(plain_line.tags, match[1].strip(), ""), text)
    text = _AUTOLINK.sub(lambda match: _kept(plain_line.links, match[1], match[1]), text)
    text = _TAG.sub("", _LINE_BREAK.sub("\n", text))
    text = _BLOCK_ID.sub("", _ATTRIBUTES.sub("", text).rstrip()).removesuffix("\\")
    text = _HASHTAG.sub(lambda match: _kept(plain_line.tags, match[0], ""), text)
    text = without_emphasis(_HIGHLIGHT.sub(r"\2", text))
    text = html.unescape(_HIDDEN.sub(lambda match: chr(ord(match[0]) - _FIRST_PRIVATE), text))
    plain_line.text = "\n".join(" ".join(part.split()) for part in text.split("\n") if part.strip())
    return plain_line


def without_emphasis(text: str) -> str:
    """The text without bold and italic signs, and without an asterisk that has lost its partner."""
    text = _STAR.sub(r"\1", text.strip())
    text = _UNDERSCORES.sub(r"\1", _STARS.sub(r"\1", text))
    text = _UNDERSCORE.sub(r"\1", _STAR.sub(r"\1", text))
    return _LOST_STARS.sub("", text).strip()


def _hidden(character: str) -> str:
    return chr(_FIRST_PRIVATE + ord(character)) if "!" <= character <= "~" else character


def _kept(kept: list[str], what: str, instead: str) -> str:
    kept.append(what)
    return instead


def _linked_page(pages: list[str], match: re.Match[str]) -> str:
    pages.append(_page_name(match[1]))
    return match[2] or pages[-1]


def _page_name(target: str) -> str:
    """The page of a wiki link: "Tools/Docker#Use" links to a heading of the page Docker."""
    page = target.partition("#")[0] or target.lstrip("#^")
    return page.rpartition("/")[2] or page
