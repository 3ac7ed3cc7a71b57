"""`presence`: is somebody in the room? Each day of a room is a device (UCI Occupancy Detection).

Files of Candanedo and Feldheim 2016: temperature, humidity, light, CO2, humidity ratio, minute by
minute. A device learns from a day's even hours, in order, and is judged on its odd ones.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.text import printable
from tinyssl.data.episodes.base import DeviceData, Examples, Group, MetaSettings, TaskFamily
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss

FILES = {Group.TRAIN: ("datatest.txt", "datatraining.txt"), Group.UNSEEN: ("datatest2.txt",)}
"""In the order of time"""
CENTRE = (21.0, 27.0, 120.0, 640.0, 0.0042)
SPREAD = (1.0, 5.0, 200.0, 310.0, 0.0008)
"""Of the five sensors in rooms of this kind; a fixed scale, as no device knows all rooms"""
LEAST = 60
"""Minutes of each answer that a day must have"""
HIDDEN = 16
HINT = (
    "get datatraining.txt, datatest.txt and datatest2.txt of UCI's data set Occupancy Detection, "
    "https://archive.ics.uci.edu/dataset/357, and name their folder"
)


@dataclass(frozen=True)
class Minutes:
    """What the sensors of a room said."""

    times: tuple[str, ...]
    """(n) as "2015-02-04 17:51:00" """
    values: NDArray[np.float64]
    """(n, 5)"""
    present: NDArray[np.int32]
    """(n,) 0 or 1"""


def read_minutes(path: Path) -> Minutes:
    """A file of the data set.

    Raises:
        UsageError: It is not there.
        DataError: It cannot be read.
    """
    shown = printable(str(path))
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))[1:]
        # One column more than the header names: the number of the row.
        times = tuple(row[1] for row in rows)
        values = np.array([[float(text) for text in row[2:7]] for row in rows])
        present = np.array([int(row[7]) for row in rows], np.int32)
    except FileNotFoundError as error:
        raise UsageError(f"{shown} is not there", hint=HINT) from error
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{shown} is no file of Occupancy Detection: {error}", HINT) from error
    if not rows or not np.isfinite(values).all() or not np.isin(present, (0, 1)).all():
        raise DataError(f"{shown} has no rows, or values that make no sense", hint=HINT)
    return Minutes(times, values, present)


class DayDevice(DeviceData):
    """A room: minutes of a day teach, others judge."""

    def __init__(self, name: str, stream: Examples, query: Examples) -> None:
        self.name, self.query, self._stream = name, query, stream

    def support(self, count: int, visit: int = 0) -> Examples:
        """Minutes that lie evenly over the day; another visit begins later."""
        step = len(self._stream) / max(count, 1)
        places = (np.arange(count) + (0.5 + 0.381966 * visit) % 1) * step
        return self._stream.take(places.astype(np.intp) % len(self._stream))


class Presence(TaskFamily):
    """Days by their number, in order."""

    title = "whether somebody is in the room"
    loss = Loss.CROSS_ENTROPY
    settings: ClassVar[MetaSettings] = MetaSettings(
        learning_rate=0.02, steps=50, rounds=500, online_steps=20
    )

    def prepare(self) -> None:
        if self.data is None:
            raise UsageError("family presence needs the files of a room's sensors", hint=HINT)
        self.shape, self.outputs = (len(CENTRE),), 2
        self._days = {
            group: [day for name in names for day in _days(read_minutes(self.data / name))]
            for group, names in FILES.items()
        }
        if not all(self._days.values()):
            raise DataError(f"{self.data} has no day with somebody and with nobody there", HINT)

    def devices(self, group: Group) -> int:
        return len(self._days[group])

    def device(self, group: Group, number: int) -> DayDevice:
        return self._days[group][number]

    def network(self, seed: int = 0) -> Model:
        """5-16-2 with tanh."""
        layers = LayerStack((1, *self.shape), seed)
        layers.dense(HIDDEN)
        layers.function("TANH")
        layers.dense(self.outputs, gain=0.1)
        return layers.model("presence")


def _days(minutes: Minutes) -> list[DayDevice]:
    """Days on which somebody comes and goes."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, time in enumerate(minutes.times):
        places[time[:10]].append(at)
    inputs = ((minutes.values - CENTRE) / SPREAD).astype(np.float32)
    odd = np.array([int(time[11:13]) % 2 for time in minutes.times], bool)
    found = []
    for day, here in places.items():
        rows = np.array(here)
        parts = [rows[~odd[rows]], rows[odd[rows]]]
        if all(np.bincount(minutes.present[part], minlength=2).min() >= LEAST for part in parts):
            stream, query = (Examples(inputs[part], minutes.present[part]) for part in parts)
            found.append(DayDevice(day, stream, query))
    return found


FAMILIES = {"presence": Presence}
