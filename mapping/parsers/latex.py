"""LaTeX of bibliographies to Unicode and back.

`plain` and `escaped` are each other's inverse on plain text: `plain(escaped(text)) == text`
whenever `tidied(text) == text`.
"""

import html
import re
import unicodedata
from functools import lru_cache

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import LatexMacroNode, LatexWalker, LatexWalkerError
from pylatexenc.latexwalker import get_default_latex_context_db as default_walker_context
from pylatexenc.macrospec import LatexContextDb, MacroSpec

_NEEDS_LATEX = re.compile(r"[\\{}$~]|--|``|''|[?!]`")
_SIMPLE_ESCAPE = re.compile(r"(?<!\\)\\([%&_#$])")
_ACCENT = re.compile(
    r"""\{?\\(?:
        # \'e  \'{\i}  \'\i
        [`'^"~=.](?:\s?[A-Za-z]|\s?\{(?:\\?[A-Za-z]|\\[ij]\s?)\}|\\[ij](?![A-Za-z])\s?)
        # \v{c}  \c c
      | [cvHkrudb](?:\s[A-Za-z]|\{\\?[A-Za-z]\})
        # \ss{}  {\o}
      | (?:ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j|dh|DH|th|TH|dj|DJ|ng|NG)(?:\{\}|(?![A-Za-z])\s?)
    )\}?""",
    re.VERBOSE,
)
# The commands of nearly all titles, taken out first: pylatexenc needs a millisecond for each.
_FORMATTING = re.compile(
    r"\\(?:text(?:it|bf|sc|rm|up|normal|md|sf|tt|sl)|emph|mbox|uppercase|lowercase)\s*(?=\{)"
    r"|\\(?:em|it|bf|sc|rm|sf|tt|itshape|bfseries|scshape)(?![A-Za-z])\s*"
)
_ANGLE = re.compile(r"\\text(less|greater)(?:\{\}|(?![A-Za-z])\s?)")
# Exports leave these bare; to LaTeX the one begins a comment and the other a column.
_UNESCAPED = re.compile(r"(?<!\\)[%&]")
_UNESCAPED_DOLLAR = re.compile(r"(?<!\\)\$")
_MATHS = re.compile(r"(?<!\\)\$([^$]*)(?<!\\)\$")
_RAISED = re.compile(r"([_^])\s*(?:\{\s*([0-9+\-=()]+)\s*\}|([0-9]))")
_RAISED_WORD = re.compile(r"[_^](?=\s*\{?\s*\\(?:text|mathrm|rm|it|mathit))")
_SUBSCRIPTS = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_SUPERSCRIPTS = str.maketrans("0123456789+-=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾")
_LIGATURES = [
    ("---", "—"),
    ("--", "–"),
    ("``", "“"),
    ("''", "”"),
    ("?`", "¿"),
    ("!`", "¡"),
    ("~", " "),
]
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_MARKUP = re.compile(
    r"</?(?:i|b|u|em|strong|sub|sup|span|scp|sc|p|br|italic|bold|inf|jats:[a-z]+)(?:\s[^<>]*)?/?>",
    re.I,
)
# Deeper nesting than this is damage or malice; pylatexenc recurses.
_DEEPEST_NESTING = 100
_LONGEST_LATEX = 50_000
# "&amp;amp;lt;" comes of copying between web forms; nobody copies ten times.
_DEEPEST_QUOTING = 10

_ONE_ARGUMENT = [
    "mbox",
    "text",
    "textrm",
    "textup",
    "textnormal",
    "textmd",
    "textsf",
    "texttt",
    "textsl",
    "fbox",
    "hbox",
    "url",
    "path",
    "nolinkurl",
    "uppercase",
    "lowercase",
]
_SYMBOLS = {
    "textless": "<",
    "textgreater": ">",
    "textbraceleft": "{",
    "textbraceright": "}",
    "textbar": "|",
    "textasciicircum": "^",
    "textasciigrave": "`",
    "textquotedbl": '"',
    "textquotesingle": "'",
    "newline": " ",
    "slash": "/",
    "LaTeX": "LaTeX",
    "TeX": "TeX",
    "BibTeX": "BibTeX",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"$\lbrace$",
    "}": r"$\rbrace$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "%&_#$"},
}
_ADDRESS_ESCAPES = {"\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
_ESCAPED_BRACES = {"{": r"\{", "}": r"\}"}
_SPECIAL = re.compile(r"[\\{}~^%&_#$]")
_LIGATURE_TO_BREAK = re.compile(r"(-(?=-)|`(?=`)|'(?=')|[?!](?=`))")
_SYMBOL = {
    "backslash": "\\",
    "braceleft": "{",
    "braceright": "}",
    "asciitilde": "~",
    "asciicircum": "^",
}
_ADDRESS = re.compile(
    r"\\text(backslash|braceleft|braceright|asciitilde|asciicircum)(?:\{\}|\b)|\\([%&_#$~])(?:\{\})?|\$\\sim\$|[{}]"
)


def plain(text: str) -> str:
    """The text that LaTeX prints: accents as letters, no braces, no commands, single spaces, no
    HTML tags.
    """
    if not _NEEDS_LATEX.search(text):
        return tidied(text)
    if "\\" not in text and "$" not in text:
        return tidied(_without_braces(text))
    text = _ACCENT.sub(_accented, _with_maths_marked(text))
    text = _ANGLE.sub(lambda match: _SYMBOLS["text" + match[1]], _FORMATTING.sub("", text))
    simple = _SIMPLE_ESCAPE.sub(r"\1", text)
    if "\\" not in simple and not _UNESCAPED_DOLLAR.search(text):
        return tidied(_without_braces(simple))
    return tidied(_converted(text))


def escaped(text: str) -> str:
    """Plain text for a BibTeX value in braces. Unicode stays; only what LaTeX or BibTeX would act
    upon is escaped.
    """
    # BibTeX counts escaped braces too: those without their other half go by a command that every
    # reader knows.
    braces = _ESCAPED_BRACES if _is_balanced(text) else {}
    text = _SPECIAL.sub(lambda match: braces.get(match[0]) or _ESCAPES[match[0]], text)
    return _LIGATURE_TO_BREAK.sub(lambda match: match[1] + "{}", text)


def _is_balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def plain_address(text: str) -> str:
    """A DOI or URL taken literally, without the escapes that reference managers add."""
    text = re.sub(r"\\(?:url|nolinkurl|path)(?=\{)", "", text)
    return "".join(_ADDRESS.sub(_address_character, text).split())


def _address_character(match: re.Match[str]) -> str:
    symbol, character = match.groups()
    if symbol:
        return _SYMBOL[symbol]
    if character:
        return character
    return "~" if match[0].startswith("$") else ""


def escaped_address(text: str) -> str:
    """A DOI or URL for a BibTeX value in braces, where other programs expect it literally."""
    return re.sub(r"[\\{}]", lambda match: _ADDRESS_ESCAPES[match[0]], text)


def tidied(text: str) -> str:
    """The text with composed accents, HTML entities and formatting tags resolved, and single
    spaces.
    """
    for _ in range(_DEEPEST_QUOTING):
        before = text
        if "&" in text:
            text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
        if "<" in text:
            text = _MARKUP.sub("", text)
        text = unicodedata.normalize("NFC", " ".join(_CONTROL.sub(" ", text).split()))
        if text == before:
            break
    return text


def _accented(match: re.Match[str]) -> str:
    return _letter(match[0])


@lru_cache(maxsize=4096)
def _letter(fragment: str) -> str:
    # "Universit\\'e": an opening brace without its closing one belongs to a longer group.
    opens, closes = (
        fragment.startswith("{"),
        fragment.endswith("}") and fragment.count("}") > fragment[1:].count("{"),
    )
    core = fragment.removeprefix("{")
    core = core[:-1] if closes else core
    letter = unicodedata.normalize("NFC", _converted(core).strip())
    return letter if opens and closes else "{" * opens + letter + "}" * closes


def _without_braces(text: str) -> str:
    for written, character in _LIGATURES:
        text = text.replace(written, character)
    return text.replace("{", "").replace("}", "")


def _converted(text: str) -> str:
    if len(text) > _LONGEST_LATEX or _nesting(text) > _DEEPEST_NESTING:
        return _without_braces(text)
    text = _UNESCAPED.sub(r"\\\g<0>", text)
    try:
        nodes, _, _ = LatexWalker(
            text, latex_context=_walker_context(), tolerant_parsing=True
        ).get_latex_nodes()
        return str(_converter().nodelist_to_text(nodes))
    except (LatexWalkerError, RecursionError, IndexError, ValueError):
        return _without_braces(text)  # damaged LaTeX: better read with its commands than not at all


def _nesting(text: str) -> int:
    """The depth of the deepest brace."""
    depth = deepest = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        deepest = max(deepest, depth)
    return deepest


def _with_maths_marked(text: str) -> str:
    """The text with prices escaped and formulas left in dollars, small raised and lowered figures
    as characters.
    """
    if "$" not in text:
        return text
    parts, end = [], 0
    for match in _MATHS.finditer(text):
        parts.append(_UNESCAPED_DOLLAR.sub(r"\$", text[end : match.start()]))
        formula = _RAISED_WORD.sub("", match[1])
        if re.search(r"[\\^_{}=<>+]", formula) or 0 < len(formula.strip()) <= 3:
            parts.append("$" + _RAISED.sub(_raised, formula) + "$")
        else:
            parts.append(r"\$" + formula + r"\$")
        end = match.end()
    return "".join([*parts, _UNESCAPED_DOLLAR.sub(r"\$", text[end:])])


def _raised(match: re.Match[str]) -> str:
    figures = match[2] or match[3]
    return figures.translate(_SUBSCRIPTS if match[1] == "_" else _SUPERSCRIPTS)


def _unknown_macro(node: LatexMacroNode) -> str:
    # \foo{bar} is read as "bar"; a command without argument, as in C:\temp, stays as it is.
    end = node.pos + node.len
    return "" if node.parsing_state.s[end : end + 1] == "{" else str(node.latex_verbatim())


@lru_cache(maxsize=1)
def _converter() -> LatexNodes2Text:
    context = get_default_latex_context_db()
    # pylatexenc leaves out what it does not know, arguments of \mbox included: no word may go
    # missing.
    context.add_context_category(
        "bibliographies",
        prepend=True,
        macros=[MacroTextSpec(name, simplify_repl="%s") for name in _ONE_ARGUMENT]
        + [MacroTextSpec(name, simplify_repl=symbol) for name, symbol in _SYMBOLS.items()]
        + [MacroTextSpec("href", simplify_repl="%(2)s")],
    )
    context.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_unknown_macro))
    return LatexNodes2Text(latex_context=context, math_mode="text", strict_latex_spaces=True)


@lru_cache(maxsize=1)
def _walker_context() -> LatexContextDb:
    context = default_walker_context()
    context.add_context_category(
        "bibliographies",
        prepend=True,
        macros=[MacroSpec(name, "{") for name in _ONE_ARGUMENT] + [MacroSpec("href", "{{")],
    )
    return context
