"""`rooms`: is somebody in the room? Simulated rooms, each a device; no files are needed.

CO2 follows its mass balance (people breathe out 0.0052 l/s each, air leaks out), a motion sensor
(PIR) fires now and then while somebody is there, light and heat come from sun, lamps and people.
Each room has its own size, leak, sensors and hours. Much simpler than real rooms: for trials and
tests, not for figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyssl.data.episodes.base import Examples, Group, MetaSettings, TaskFamily
from tinyssl.data.episodes.presence import HIDDEN, DayDevice, Minutes
from tinyssl.graph.layer_stack import LayerStack
from tinyssl.graph.model import Model
from tinyssl.graph.training import Loss

MINUTES = 1440
"""Of a day"""
SENSORS = ("CO2", "PIR", "light", "temperature")
BREATH = 0.0052 * 60 * 1000
"""CO2 of a person, in ml a minute"""
OUTSIDE = 420.0
"""ppm"""
CENTRE = (650.0, 1.0, 180.0, 21.5)
SPREAD = (250.0, 1.5, 200.0, 1.5)
"""Of the sensors in rooms of this kind; a fixed scale, as no device knows all rooms"""
DAYS = 2
"""One to learn from, one to be judged on"""


@dataclass(frozen=True)
class SimulatedRoom:
    """What makes a room differ from others."""

    volume: float
    """m3"""
    leak: float
    """Share of the air that is new every minute"""
    opens: float
    """Hour at which people come"""
    hours: float
    """That they stay"""
    seats: int
    restless: float
    """Motions a minute and person"""
    window: float
    """Light of the noon sun, lux"""
    lamp: float
    """lux"""

    @staticmethod
    def drawn(random: np.random.Generator) -> SimulatedRoom:
        """Any room."""
        return SimulatedRoom(
            volume=random.uniform(30, 90),
            leak=random.uniform(0.01, 0.04),
            opens=random.uniform(6.5, 10),
            hours=random.uniform(5, 10),
            seats=int(random.integers(1, 5)),
            restless=random.uniform(0.15, 0.6),
            window=random.uniform(50, 500),
            lamp=random.uniform(150, 450),
        )


def simulate(room: SimulatedRoom, days: int, random: np.random.Generator) -> Minutes:
    """What the sensors of a room say, minute by minute; nobody comes on some days."""
    people = np.concatenate([_people(room, random) for _ in range(days)])
    hours = np.arange(len(people)) % MINUTES / 60
    co2 = np.empty(len(people))
    level = OUTSIDE
    for at, count in enumerate(people):
        level += count * BREATH / room.volume - room.leak * (level - OUTSIDE)
        co2[at] = level
    sun = room.window * np.maximum(0, np.sin(np.pi * (hours - 7) / 11)) * random.uniform(0.3, 1)
    values = np.stack(
        [
            co2 + random.normal(0, 12, len(people)),
            random.poisson(0.02 + room.restless * people),
            np.maximum(0, sun + room.lamp * (people > 0) + random.normal(0, 8, len(people))),
            20 + sun / 400 + 0.4 * people + random.normal(0, 0.1, len(people)),
        ],
        axis=1,
    )
    times = tuple(
        f"2026-01-{1 + at // MINUTES:02} {at % MINUTES // 60:02}:{at % 60:02}:00"
        for at in range(len(people))
    )
    return Minutes(times, values, (people > 0).astype(np.int32))


def _people(room: SimulatedRoom, random: np.random.Generator) -> NDArray[np.int64]:
    """(1440,) how many are in the room."""
    found = np.zeros(MINUTES, np.int64)
    if random.random() < 0.15:
        return found
    for _ in range(room.seats):
        start = 60 * room.opens + random.normal(0, 20)
        end, lunch = start + 60 * room.hours + random.normal(0, 30), 60 * 12.5
        stay = np.arange(MINUTES)
        here = (stay >= start) & (stay < end) & ~((stay >= lunch) & (stay < lunch + 40))
        found += here
    return found


class Rooms(TaskFamily):
    """As many as you ask for."""

    title = "whether somebody is in a simulated room"
    loss = Loss.CROSS_ENTROPY
    settings: ClassVar[MetaSettings] = MetaSettings(
        learning_rate=0.02, steps=50, rounds=500, online_steps=20
    )

    def prepare(self) -> None:
        self.shape, self.outputs = (len(SENSORS),), 2

    def devices(self, group: Group) -> int | None:
        return None

    def device(self, group: Group, number: int) -> DayDevice:
        random = self.generator(group, number)
        room = SimulatedRoom.drawn(random)
        parts: list[Examples] = []
        while len(parts) < DAYS:
            day = simulate(room, 1, random)
            if day.present.any():
                inputs = ((day.values - CENTRE) / SPREAD).astype(np.float32)
                parts.append(Examples(inputs, day.present))
        return DayDevice(f"room of {room.volume:.0f} m3, {room.seats} seats", *parts)

    def network(self, seed: int = 0) -> Model:
        """4-16-2 with tanh."""
        layers = LayerStack((1, *self.shape), seed)
        layers.dense(HIDDEN)
        layers.function("TANH")
        layers.dense(self.outputs, gain=0.1)
        return layers.model("rooms")


FAMILIES = {"rooms": Rooms}
