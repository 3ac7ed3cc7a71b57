"""What messages between server and node hold: names of records, and arrays in them.

| record | from the server | from the node |
|---|---|---|
| `arrays` | parameters by name | parameters by name, after training |
| `config` | what is to be done, `RoundTask` | `server-round`, as it was sent |
| `metrics` | | what strategies average: `num-examples`, `loss`, `accuracy`, `refused` |
| `device` | | figures of this device, which nobody averages |

No record has room for a sample.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message
from numpy.typing import NDArray

from tinyssl.core.errors import DataError

ARRAYS, CONFIG, METRICS, DEVICE = "arrays", "config", "metrics", "device"
"""Names of records; the first two are also those of Flower's own strategies"""
ROUND, RATE, SAMPLES, PASSES, SAVE = "server-round", "learning-rate", "samples", "passes", "save"
LOCAL_RATE, LOCAL_SAMPLES, SHARE = "local-rate", "local-samples", "share"
"""Keys of `config`"""
EXAMPLES, LOSS, ACCURACY, REFUSED = "num-examples", "loss", "accuracy", "refused"
"""Keys of `metrics`"""
Arrays = Mapping[str, NDArray[Any]]
MAGIC = ((1, 0), (2, 0))
"""Versions of NumPy's file format that hold plain arrays"""


@dataclass(frozen=True)
class RoundTask:
    """What the server asks of a node in one round."""

    round: int = 0
    """Of the server, from 1"""
    rate: float | None = None
    """Learning rate; None: the one that the device has"""
    samples: int = 0
    """Fresh samples to learn from; in an evaluation, before it"""
    passes: int = 1
    """How often. Above 1 the node keeps the samples of the round"""
    save: bool = False
    """Write what was learnt to the device's flash"""
    local_rate: float | None = None
    """Learning rate of local parameters, which no message holds; None: the model has none"""
    local_samples: int = 0
    """So many of the samples, the first, teach the local parameters alone, and the others the
    common ones alone; 0: each teaches both"""
    share: float = 1.0
    """Of the changes that the node sends back, the largest (`sparse`); 1: all parameters"""

    @classmethod
    def of(cls, message: Message) -> RoundTask:
        """Reads the record `config`; what it leaves out has its default.

        Raises:
            DataError: A value is none that it can be.
        """
        record = message.content.config_records.get(CONFIG, ConfigRecord())
        rate, local, share = (record.get(key) for key in (RATE, LOCAL_RATE, SHARE))
        return cls(
            _count(record, ROUND, cls.round),
            None if rate is None else _rate(RATE, rate),
            _count(record, SAMPLES, cls.samples),
            max(_count(record, PASSES, cls.passes), 1),
            record.get(SAVE) is True,
            None if local is None else _rate(LOCAL_RATE, local),
            _count(record, LOCAL_SAMPLES, cls.local_samples),
            1.0 if share is None else min(_rate(SHARE, share), 1.0),
        )

    def config(self) -> ConfigRecord:
        """As a record. Flower's strategies write the round themselves."""
        given: dict[str, Any] = {SAMPLES: self.samples, PASSES: self.passes}
        if self.save:
            given[SAVE] = True
        if self.rate is not None:
            given[RATE] = self.rate
        if self.local_rate is not None:
            given[LOCAL_RATE] = self.local_rate
            given[LOCAL_SAMPLES] = self.local_samples
        if self.share < 1:
            given[SHARE] = self.share
        return ConfigRecord(given)


def _count(record: ConfigRecord, key: str, default: int) -> int:
    value = record.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(f"{key} is {value!r}, and must be a number from 0")
    return value


def _rate(key: str, value: object) -> float:
    if not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise DataError(f"{key} is {value!r}, and must be a number above 0")
    return float(value)


def to_arrays(values: Mapping[str, NDArray[Any]]) -> ArrayRecord:
    """Parameters by name as a record."""
    return ArrayRecord({name: Array(np.asarray(value)) for name, value in values.items()})


def from_arrays(record: ArrayRecord) -> dict[str, NDArray[Any]]:
    """Parameters by name of a record, whoever wrote it.

    Raises:
        DataError: An array is damaged: its header is wrong, or it has more or fewer bytes than
            that says.
    """
    return {name: _from_array(name, array) for name, array in record.items()}


def _from_array(name: str, array: Array) -> NDArray[Any]:
    """Reads the header first: an array that lies about its size takes no memory."""
    stream = io.BytesIO(array.data)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in MAGIC:
            raise ValueError(f"version {version}")
        read = (
            np.lib.format.read_array_header_1_0
            if version == MAGIC[0]
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(stream)
        if dtype.hasobject or (fortran and len(shape) > 1):
            raise ValueError(f"{dtype} in another order")
        data = array.data[stream.tell() :]
        if math.prod(shape) * dtype.itemsize != len(data):
            raise ValueError(f"{len(data):,} bytes for {dtype} {list(shape)}")
        return np.frombuffer(data, dtype).reshape(shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"the array {name[:80]!r} is damaged: {str(error)[:200]}") from error


def check_same(sent: Arrays, found: Arrays) -> None:
    """The reply holds each array that was sent, of the same type and shape.

    Raises:
        DataError: Names the first that differs.
    """
    if sent.keys() != found.keys():
        odd = min(sent.keys() ^ found.keys())
        raise DataError(f"the reply {'lacks' if odd in sent else 'adds'} the array {odd[:80]!r}")
    for name, array in sent.items():
        other = found[name]
        if (other.dtype, other.shape) != (array.dtype, array.shape):
            raise DataError(
                f"{name} is {other.dtype} {list(other.shape)}; "
                f"{array.dtype} {list(array.shape)} was sent"
            )
