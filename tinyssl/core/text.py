r"""Outside text made safe: names of files, models, classes and boards, words of devices.

Such text may hold whatever its author likes: codes that clear a terminal, set its title or write
its clipboard, marks that turn the reading direction around, half characters that no encoding
takes. To show it, `printable` writes each of them as the escape that Python would write, as in
`\x1b`; nothing reads that back. To send it through C and the serial line, `percent_encoded` writes
it as a URL would, and `percent_decoded` gives it back.
"""

from __future__ import annotations

import re
import string
import unicodedata
from urllib.parse import quote, unquote

JOINERS = "\u200c\u200d"
"""Zero-width joiner and non-joiner: spelling in some scripts, and parts of emoji"""
SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
PLAIN = " " + "".join(set(string.punctuation) - set('%[]"\\?'))
"""Characters, beside letters and digits, that mean nothing to a C literal and to a reply line"""
READY = "m-ready"
"""The word that ends a reply; no other line may contain it"""
LONGEST_NAME = 768
"""Characters of an encoded name: a file's name has at most 255 bytes, of three characters each"""


def printable(text: str) -> str:
    r"""`text` on one line, without characters that steer a terminal.

    Escapes control characters (line ends and tabs too), marks of reading direction, surrogates and
    code points that stand for nothing. A byte of a file name that is no UTF-8 shows as `\xff`.
    The result can be encoded as UTF-8, and every character of it is allowed in XML 1.0.
    """
    if text.isprintable():
        return text
    return "".join(char if _harmless(char) else _escaped(char) for char in text)


def printable_lines(text: str) -> str:
    """`printable` of each line; keeps the line ends (CR LF as LF) and the tabs."""
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in lines)


def _harmless(char: str) -> bool:
    return char.isprintable() or char in JOINERS or unicodedata.category(char) == "Zs"


def _escaped(char: str) -> str:
    if char in SHORT:
        return SHORT[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte, as `os.fsdecode` keeps it
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def percent_encoded(name: str) -> str:
    """`name` as generated C and reply lines carry it: printable ASCII, other bytes as `%XX`.

    As in a URL, of its UTF-8, or of the bytes of a file name that is none. Brackets, quotes,
    backslashes, question marks (trigraphs) and the word `m-ready` are encoded too, so the result
    means nothing to C, CMake or the protocol. Ordinary names stay as they are; what does not fit
    into `LONGEST_NAME` characters is cut off.
    """
    known = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", name)  # halves of characters
    text = quote(known, safe=PLAIN, errors="surrogateescape").replace(
        READY, READY.replace("-", "%2D")
    )
    return re.sub("%[0-9A-F]?$", "", text[:LONGEST_NAME])


def percent_decoded(text: str) -> str:
    """The name that was encoded; bytes that are no UTF-8 as `os.fsdecode` gives them."""
    return unquote(text, errors="surrogateescape")
