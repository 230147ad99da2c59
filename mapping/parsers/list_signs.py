"""Signs of lists: bullets, numbers and checkboxes, however they were typed or pasted."""

import re

_BULLET = re.compile(
    r"""^\s*(
        \*(?=\s|[^\s*][^*]*$)              # not the asterisk of *italic type*
      | [•◦▪●○‣·∙⁃■□◆◇❖➢➤▶►→⇒»›★☆✦]
      | \+(?=\s)
      | [-–—‐‑‒−](?=[\s\[\"“(*`]|[^\W\d_])  # not the minus of a number
      | [o§](?=\s)                         # how Word writes a second and a third level
      | \(?\d{1,3}(?:\.\d{1,3}){0,5}[.)](?=\s)
      | \(?[A-Za-z]\)(?=\s)
      | \(?(?:i{1,3}|iv|vi{0,3}|ix|x)[.)](?=\s)
    )\s*(.*)$""",
    re.VERBOSE,
)
_BOX = re.compile(r"^\[([^\[\]\w]?|[xX])\](?:\s+|$)|^\(( ?)\)\s+|^([☐☑☒✅✔✓✗✘❌⬜□🗹])\ufe0f?\s*")
_TICKED = set("xX*✓✔☑☒✅🗹")
_LEVELS = {"◦": 1, "○": 1, "o": 1, "▪": 2, "■": 2, "§": 2}


def bullet_of(written: str) -> tuple[str, str]:
    """(sign, words) of a line; the sign is empty where the line is no item of a list."""
    match = _BULLET.match(written)
    if match and not (match[1] == "□" and _BOX.match(written.strip())):
        return match[1], match[2].strip()
    return "", written.strip()


def checkbox_of(words: str, *, has_sign: bool) -> tuple[str | None, str]:
    """(box, words): what stands in the box, `x` if it is ticked, None without one. A bare box is an
    item too.
    """
    match = _BOX.match(words)
    if not match:
        return None, words
    inside = (match[1] or match[2] or match[3] or "").strip()
    if not has_sign and not words[match.end() :].strip():
        return None, words
    return ("x" if inside in _TICKED else inside if match[1] else ""), words[match.end() :].strip()


def depth_of_sign(sign: str) -> int:
    """The depth that a sign has regardless of its indentation: Word's `o` below `•`, `1.2.` below
    `1.`.
    """
    if sign[-1:] in {".", ")"}:
        numbers = sign.strip("().")
        return numbers.count(".") if numbers[:1].isdigit() else 1
    return _LEVELS.get(sign, 0)
