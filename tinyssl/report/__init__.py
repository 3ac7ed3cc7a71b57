"""One page from the records of one measurement: HTML, and the same as Markdown."""

from tinyssl.report.stage import report

__all__ = ["report"]
