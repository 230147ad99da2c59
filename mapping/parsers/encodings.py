"""Decodes the bytes of a file, whatever program wrote them."""

import codecs
import re

from mapping.parsers.records import UnreadableFile

# UTF-32 first: its little-endian mark begins with the one of UTF-16.
_MARKS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_SIGNATURES = [
    (b"%PDF", "this is a PDF, not a list of references"),
    (b"\xd0\xcf\x11\xe0", "this is an old Excel or Word file: save it as .xlsx or CSV first"),
    (b"\x89PNG", "this is a picture"),
    (b"\xff\xd8\xff", "this is a picture"),
    (b"\x1f\x8b", "this is a compressed file: unpack it first"),
    (b"PK\x03\x04", "this is a ZIP or Office file, not a text file"),
]
LARGEST_FILE = 50 * 1024 * 1024
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def check_size(size_in_bytes: int, limit: int = LARGEST_FILE, file: str = "") -> None:
    """UnreadableFile where the file is larger than `limit` bytes."""
    if size_in_bytes > limit:
        size = f"{limit / 1024 / 1024:g} MB" if limit >= 1024 * 1024 else f"{limit} bytes"
        raise UnreadableFile(f"the file is larger than {size}", file)


def decoded(content: bytes, file: str = "") -> str:
    """The text of a file, line ends as `\\n`; raises UnreadableFile for what is no text."""
    if not content.strip():
        raise UnreadableFile("the file is empty", file)
    for signature, reason in _SIGNATURES:
        if content.startswith(signature):
            raise UnreadableFile(reason, file)
    text = unified_line_ends(_characters(content))
    # A stray control character in an abstract is common and harmless; a binary file is full of
    # them.
    if len(_CONTROL_CHARACTERS.findall(text)) > len(text) // 100 + 5:
        raise UnreadableFile("this is a binary file, not text", file)
    return _CONTROL_CHARACTERS.sub(" ", text)


def unified_line_ends(text: str) -> str:
    """The text with every line end as `\\n`. A stray carriage return would hide all that follows it
    from rispy.
    """
    # Each run of returns is looked through once, from its beginning.
    return re.sub(r"(?<!\r)\r+\n|\r", "\n", text.removeprefix("\ufeff"))


def _characters(content: bytes) -> str:
    for mark, marked_encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(marked_encoding, errors="replace")
    encoding = _utf16_without_mark(content[:2000])
    if encoding:
        return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _western(content)


def _western(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows' code page; Latin-1 knows all 256.
        return content.decode("latin-1")


def _utf16_without_mark(sample: bytes) -> str | None:
    """The byte order of UTF-16 without a mark: mostly Latin text has a zero in every
    second byte.
    """
    half = len(sample) // 2
    if half < 4:
        return None
    if sample[1::2].count(0) > 0.6 * half and sample[0::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.6 * half and sample[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None
