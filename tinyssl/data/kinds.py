"""What a file is: a picture that Pillow decodes, or something else that has a name."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from PIL import Image

NOT_DECODED = {"BUFR", "EPS", "FPX", "GRIB", "HDF5", "MIC", "MPEG", "WMF"}
"""Formats that Pillow recognises but cannot decode by itself"""
HEAD_BYTES = 64
ICLOUD = ".icloud"
"""Ending of the hidden file that stands for a picture which only iCloud has"""
LINK_BYTES = 4096
"""Longest text that can be a link"""

_SUFFIXES = {
    "HEIC": ".heic .heif .heics .heifs .hif",
    "AVIF": ".avif .avifs",
    "JPEG XL": ".jxl",
    "camera RAW": ".3fr .arw .cr2 .cr3 .crw .dng .erf .kdc .mef .mrw .nef .nrw .orf .pef .raf .raw"
    " .rw2 .rwl .sr2 .srf .srw .x3f",
    "JPEG 2000": ".jp2 .j2k .jpf .jpx",
    "WebP": ".webp",
    "vector graphic": ".svg .svgz .eps .ps .ai .wmf .emf",
    "PDF": ".pdf",
    "video": ".mp4 .mov .m4v .avi .mkv .webm .mpg .mpeg .3gp .mts .wmv",
    "archive": ".zip .tar .gz .tgz .bz2 .xz .7z .rar .zst",
    "array": ".npy .npz .h5 .hdf5 .mat .pt .pth .tfrecord .parquet",
    "medical or scientific image": ".dcm .nii .mha .czi .lif .nd2 .svs",
    "camera sidecar": ".aae .xmp .thm",
    "shortcut": ".lnk .url .webloc",
    "iCloud placeholder": ".icloud",
    "unfinished download": ".crdownload .part .download",
}
_KIND_OF_SUFFIX = {suffix: kind for kind, text in _SUFFIXES.items() for suffix in text.split()}

HIDDEN, SYSTEM = "hidden", "system"
BROKEN, CIRCLE, TEXT_LINK = "broken link", "circular link", "link saved as text"
REPEATED, SPECIAL, EMPTY = "repeated", "special", "empty folder"
EXPECTED = {HIDDEN, SYSTEM}
"""Kinds that are counted and need no warning"""
NAMES = {
    "HEIC": "HEIC picture*",
    "AVIF": "AVIF picture*",
    "JPEG XL": "JPEG XL picture*",
    "WebP": "WebP picture*",
    "JPEG 2000": "JPEG 2000 picture*",
    "camera RAW": "camera RAW picture*",
    "vector graphic": "vector graphic*",
    "video": "video*",
    "archive": "archive*",
    "medical or scientific image": "medical or scientific image*",
    "shortcut": "shortcut*",
    "iCloud placeholder": "iCloud placeholder*",
    "unfinished download": "unfinished download*",
    "without extension": "file* without extension",
    SYSTEM: "file* of the operating system",
    BROKEN: "link* to nothing",
    CIRCLE: "link* in a circle",
    TEXT_LINK: "link* saved as text",
    REPEATED: "path* to what was read already, through a link",
    SPECIAL: "device*, pipe* or socket*",
    EMPTY: "folder* without pictures",
    "broken": "broken picture*",
    "duplicate": "duplicate*",
}
"""Kind -> words for it, * for an s in the plural; other kinds are `kind` file*"""
ADVICE = {
    "HEIC": "`pip install pillow-heif` and run it again, or convert them to JPEG",
    "AVIF": "`pip install 'pillow>=11.3'` and run it again, or convert them to JPEG",
    "WebP": "`pip install -U pillow` and run it again, or convert them to PNG",
    "JPEG 2000": "`pip install -U pillow` and run it again, or convert them to PNG",
    "JPEG XL": "convert them to JPEG or PNG",
    "camera RAW": "convert them to JPEG or PNG with a RAW converter",
    "vector graphic": "convert them to PNG",
    "PDF": "convert the pages to PNG",
    TEXT_LINK: "copy the folder again with its links (`cp -a`), or set `core.symlinks` in Git",
    "shortcut": "copy what they lead to into the folder",
    "iCloud placeholder": "download the pictures from iCloud",
    "unfinished download": "download them again",
    BROKEN: "mount or restore what they lead to, or delete them",
    "video": "take pictures out of them: `ffmpeg -i VIDEO -r 1 frame%04d.png`",
    "archive": "unpack them",
    "array": "read an .npz with `--dataset npz`",
    "medical or scientific image": "convert them to PNG",
    "broken": "`tinyssl data` lists them with the reason; `--broken stop` refuses them",
}
"""Way out for kinds that may hold pictures"""

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"version https://git-lfs", "Git LFS pointer"),
    (b"<!doctype html", "web page"),
    (b"<html", "web page"),
    (b"<svg", "vector graphic"),
    (b"<?xml", "XML text"),
)
_BRANDS = {
    b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"hevc": "HEIC",
    b"hevx": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF", b"avis": "AVIF",
    b"crx ": "camera RAW", b"qt  ": "video", b"isom": "video", b"mp42": "video", b"mp41": "video",
}  # fmt: skip
"""Major brand of an ISO base media file"""
FOUND_ADVICE = {
    "Git LFS pointer": "run `git lfs pull` where it came from",
    "web page": "download the picture again",
}


def picture_suffixes() -> frozenset[str]:
    """Extensions that Pillow and its installed plug-ins decode, in lower case."""
    register_plugins()
    formats = Image.registered_extensions().items()
    return frozenset(
        suffix for suffix, name in formats if name in Image.OPEN and name not in NOT_DECODED
    )


@cache
def register_plugins() -> None:
    """Makes Pillow know its own formats, and those of pillow-heif where that is installed."""
    Image.init()
    try:
        plugin = importlib.import_module("pillow_heif")
    except ImportError:
        return
    plugin.register_heif_opener()


def kind_of(path: Path) -> str:
    """What a file that is no picture is, by its name: "HEIC", ".txt", "without extension"."""
    suffix = path.suffix.lower()
    if suffix in _KIND_OF_SUFFIX:
        return _KIND_OF_SUFFIX[suffix]
    if not suffix:
        return TEXT_LINK if _is_text_link(path) else "without extension"
    return suffix


def _is_text_link(path: Path) -> bool:
    """True for a small file that holds nothing but a path that exists.

    So Git stores a link where it may not make one.
    """
    try:
        if path.stat().st_size > LINK_BYTES:
            return False
        text = path.read_bytes().decode().strip()
        return "/" in text and "\n" not in text and (path.parent / text).exists()
    except (OSError, ValueError):
        return False


def recognise(content: Path | bytes) -> str:
    """What the first bytes of a file say that it is; empty where they say nothing."""
    try:
        head = content[:HEAD_BYTES] if isinstance(content, bytes) else _head(content)
    except OSError:
        return ""
    if not head:
        return "empty file"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    text = head.lstrip().lower()
    found = (kind for magic, kind in _MAGIC if head.startswith(magic) or text.startswith(magic))
    return next(found, "")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
