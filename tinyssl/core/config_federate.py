"""Config of the stage `federate`; `core.config` has all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from tinyssl.core.config_types import STRICT, Count, FamilyName, Line, Seed

Rate = Annotated[float, Field(gt=0, le=100)]


@dataclass(frozen=True, config=STRICT)
class FederateConfig:
    """Let many devices learn together; none of them sends a sample."""

    task: FamilyName = "sine"
    """Family of tasks, of which each device has one, or FILE.py:CLASS"""
    data: Path | None = None
    """File or folder that the family reads; sine and digits need none"""
    strategy: Literal["fedavg", "reptile", "tinyreptile", "tinymetafed"] = "tinyreptile"
    """How the server makes one model of many. fedavg and reptile: the mean of what several devices
    learnt; tinyreptile: one device a round, each sample used once; tinymetafed: the last layers
    stay on the device, and only the largest changes of the others are sent"""
    boards: Line | None = None
    """Boards that take part, with how many of each: mps2_an500:4,host:8; they are built and
    started. Each stands for another device of the family in every round"""
    simulate: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """Devices that our C on this computer simulates; default: 1,000, or none with --boards"""
    rounds: Count | None = None
    """Rounds; default: the family's"""
    per_round: Count = 4
    """Devices that learn in a round (tinyreptile: always one)"""
    samples: Count | None = None
    """Samples that a device learns from in a round; default: the family's"""
    passes: Count | None = None
    """How often each; above 1 the device keeps them for the round; default: 4 for reptile, else
    1"""
    learning_rate: Rate | None = None
    """Of a step on the device; default: the family's"""
    meta_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of a device's change that the server takes in round 1 (not fedavg); default: the
    family's"""
    local_layers: Count = 1
    """So many of the last layers stay on the device (tinymetafed)"""
    local_rate: Rate | None = None
    """Learning rate of those layers (tinymetafed); default: that of the others"""
    local_samples: Annotated[int, Field(ge=0)] | None = None
    """So many of the samples teach those layers alone, the others the rest alone; 0: each teaches
    all (tinymetafed); default: a quarter"""
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Of the changes, the largest, that a device sends (tinymetafed)"""
    online_steps: Count | None = None
    """Samples that an unseen device learns from before it is judged; default: the family's"""
    unseen: Count = 20
    """Unseen devices that judge the model, as many as there are at most"""
    evaluate_every: Count | None = None
    """Rounds between two judgements; default: a twentieth of all"""
    check: bool = True
    """Repeat every step of a board on this computer, and compare all bits"""
    save: bool = False
    """Let boards write what they learn to flash, in the last round"""
    seed: Seed = 0
    """Of the first model, of the devices, and of the order in which they are asked"""
    timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds that a board may take for a line of an answer"""
    start: Path | None = None
    """Begin with what this federate run has learnt, not with the first model"""
    resume: Path | None = None
    """Go on with this run, which was killed or interrupted"""
