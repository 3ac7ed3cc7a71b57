"""`make setup` hands pip's settings on to uv, and leaves to pip what uv does not know."""

from __future__ import annotations

from tools.install_packages import index_of, pip_settings, uv_words

LISTED = (
    "global.index-url='https://mirror/simple'",
    "global.extra-index-url='https://one/simple\\nhttps://two/simple'",
    "global.constraint='/etc/limits.txt'",
    "install.index-url='https://nearer/simple'",
    "download.index-url='https://other/simple'",
    ":env:.cert='/etc/ours.crt'",
    ":env:.no-input='1'",
)


def test_each_setting_of_pip_has_its_option() -> None:
    found = uv_words(pip_settings(LISTED))
    assert found is not None
    options, variables = found
    pairs = list(zip(options[::2], options[1::2], strict=True))
    assert pairs == [
        ("--index-strategy", "unsafe-best-match"),
        ("--default-index", "https://nearer/simple"),
        ("--index", "https://one/simple"),
        ("--index", "https://two/simple"),
        ("--constraints", "/etc/limits.txt"),
    ]
    assert variables == {"SSL_CERT_FILE": "/etc/ours.crt"}


def test_a_variable_comes_before_the_files() -> None:
    settings = pip_settings((*LISTED, ":env:.index-url='https://first/simple'"))
    assert settings["index-url"] == "https://first/simple"


def test_an_unknown_setting_is_left_to_pip() -> None:
    assert uv_words({"client-cert": "mine.pem"}) is None


def test_the_index_of_one_call_replaces_the_setting() -> None:
    words, settings = index_of(
        ["-c", "c.txt", "--index-url", "https://cpu", "torch"], {"index-url": "https://mirror"}
    )
    assert words == ["-c", "c.txt", "torch"]
    assert settings == {"index-url": "https://cpu"}
