"""What a data set holds, without reading it again at every call.

Reading and resizing 60,000 images takes up to a minute; their fingerprint is remembered in the
cache for as long as the file stays as it was. Folders are always read.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from tinyssl.core.config import DataConfig
from tinyssl.core.fields import Fields
from tinyssl.core.files import Unreadable, read_json, write_json
from tinyssl.core.paths import cache_folder
from tinyssl.data import data_config_json, load_dataset


@functools.cache
def describe_images(config: DataConfig) -> dict[str, Any]:
    """Name, fingerprint, sizes of the splits: as a run record holds it under `data`.

    Raises:
        DataError: The images cannot be read.
    """
    path = config.data_path
    if path is None or not path.is_file():
        return load_dataset(config).as_record()
    state = path.stat()
    asked = [data_config_json(config), state.st_size, state.st_mtime_ns]
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
    memo = cache_folder() / "images" / f"{key}.json"
    try:
        return _remembered(memo)
    except Unreadable:
        content = load_dataset(config).as_record()
        memo.parent.mkdir(parents=True, exist_ok=True)
        write_json(memo, content)
    return content


def _remembered(memo: Path) -> dict[str, Any]:
    content = read_json(memo)
    known = Fields(content)
    sizes = [known.integer(name) for name in ("image_size", "train", "val", "test")]
    if None in sizes or not known.text("fingerprint"):
        raise Unreadable("it is no description of images")
    return dict(content)
