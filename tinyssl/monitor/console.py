"""The console: text on a terminal that cannot steer it.

All text that reaches a terminal passes `printable_lines`: names of files, models, classes and
boards, and the words of devices and of other programs, cannot steer it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from tinyssl.core.text import printable_lines


class SafeConsole(Console):
    """A console whose text cannot steer the terminal: only rich's own codes do."""

    def render_str(self, text: str, **options: Any) -> Text:
        """`text` with what would steer escaped, before rich drops some of it."""
        return super().render_str(printable_lines(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The last gate, for text that was no plain string."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable_lines(segment.text), segment.style)


def print_line(text: str, stream: TextIO) -> None:
    """Prints `text` without colours: a line of a log, or a traceback."""
    print(printable_lines(text), file=stream, flush=True)
