"""One page from the records of one measurement: HTML, and the same as Markdown."""
