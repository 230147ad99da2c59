"""Placeholders and instructions of an empty template, which say nothing about a paper."""

import re

_BRACKETED = re.compile(r"^\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\][.,;:]?$")
_ASKS = re.compile(
    r"\.\.\.|…|\b\d+\]?[.,;:]?$|^(?:key |main )?[\w/ -]{3,40} \d+ (?:\w+ ){0,3}"
    r"(?:to|for|as|in|of|that|which|from)\b"
    r"|^(?:the )?(?:full )?(?:names?|years?|titles?|sources?|list|doi|authors?|venue) (?:of|or)\b"
    r"|^(?:title|names?|year|source|authors?|doi|venue|journal|date|key|text|answer|placeholder"
    r"|paper title)\b.{0,12}$"
    r"|^(?:an? )?(?:brief|concise|short) |^any \w+"
    r"|^(?:e\.? ?g\.?|i\.? ?e\.?|for example|optional|if any)\b"
    r"|^(?:please |your |insert|enter|add|type|write|fill|describe|list|name|give"
    r"|state|specify|summari[sz]e|paste|put"
    r"|note|copy|delete|remove|replace|choose|select|pick|tick|check|mark|use"
    r"|do not|one |what |which |how |why )"
    r"|\b(?:here|below|per line|if provided|if applicable|mentioned in"
    r"|of the paper|of the study|in the paper"
    r"|template|instructions?|fill(?:ed)? in|as highlighted)\b|the paper(?:'s|’s)?\b",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Whether the text is in square brackets and asks for something, as in the empty template.

    "[Docker]" asks for nothing: somebody may have written into the brackets.
    """
    text = text.strip()
    if not _BRACKETED.match(text):
        return False
    inside = text.rstrip(".,;:")[1:-1].strip()
    return not inside or is_instruction(inside)


def is_instruction(text: str) -> bool:
    """Whether a text in brackets or in a comment tells the person who fills in what to do."""
    return bool(_ASKS.search(text[:300].strip()))
