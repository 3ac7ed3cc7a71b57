r"""Outside text made safe to show: names of files, models, classes and boards, words of devices.

Such text may hold whatever its author likes: codes that clear a terminal, set its title or write
its clipboard, marks that turn the reading direction around, half characters that no encoding
takes. Here each of them becomes the escape that Python would write, as in `\x1b`. This is for eyes
only: nothing reads the text back.
"""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"
"""Zero-width joiner and non-joiner: spelling in some scripts, and parts of emoji"""
SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


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
