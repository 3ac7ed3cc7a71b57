"""One source for both sides: the committed header, and texts as patterns."""

from tinyssl.device.words import header_path, render_header, words


def test_the_committed_header_is_what_the_toml_renders() -> None:
    assert header_path().read_text() == render_header(), "run tools/protocol_header.py"


def test_only_ready_contains_ready() -> None:
    """The host looks for `m-ready` anywhere in a line."""
    table = words()
    ready = table.replies["ready"]
    texts = [text for name, text in table.replies.items() if name != "ready"]
    texts += list(table.errors.values())
    texts += [command.help + command.usage for command in table.commands.values()]
    assert not [text for text in texts if ready in text]


def test_a_text_matches_its_whole_line_only() -> None:
    text = words().replies["expecting"]
    match = words().match(text, "m-[Expecting 3072 bytes]")
    assert match is not None
    assert match[1] == "3072"
    assert words().match(text, "m-[Expecting 3072 bytes] ") is None
    assert words().match(text, "m-[Expecting -1 bytes]") is None
