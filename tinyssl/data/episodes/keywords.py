"""`keywords`: each device listens for three words; MFCC features as MLPerf Tiny hands them out.

Each coefficient is scaled by its mean and its spread over the words of the training: numbers that
a firmware would bring along.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tinyssl.core.config import DataConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.data.episodes.base import MetaSettings
from tinyssl.data.episodes.networks import small_cnn
from tinyssl.data.episodes.ways import ClassPool, WayFamily
from tinyssl.data.kws import read_kws
from tinyssl.graph.model import Model

UNSEEN = 4
"""Classes of unseen devices: the last ones that are words"""
NO_WORDS = ("silence", "unknown")
"""Classes that every keyword spotter knows; in lower case"""


class Keywords(WayFamily):
    """3 words."""

    title = "3 spoken words"
    settings: ClassVar[MetaSettings] = MetaSettings(
        learning_rate=0.02, steps=30, rounds=2000, meta_rate=0.2
    )
    ways: ClassVar[int] = 3
    query: ClassVar[int] = 15

    def read(self) -> tuple[ClassPool, ClassPool]:
        if self.data is None:
            raise UsageError(
                "family keywords needs a file of MFCC features",
                hint="name an .npz with `features` (n, 49, 10) int8, `label` and `class_names`: "
                "docs/data.md, data set kws",
            )
        source = read_kws(DataConfig(data_path=self.data), Silent())
        samples = source.samples[:].astype(np.float32)
        words = [
            label for label, name in enumerate(source.class_names) if name.lower() not in NO_WORDS
        ]
        named = [(source.class_names[word], samples[source.labels == word]) for word in words]
        few = [name for name, each in named if len(each) <= self.query]
        if few or len(named) < UNSEEN + self.ways:
            what = f"{self.query} samples or fewer of {few[0]}" if few else f"{len(named)} words"
            raise DataError(
                f"{self.data} has {what}",
                hint=f"{UNSEEN + self.ways} words with more than {self.query} samples are needed",
            )
        known = np.concatenate([each for _, each in named[:-UNSEEN]])
        mean, spread = known.mean((0, 1)), known.std((0, 1)) + 1
        pools = [
            ClassPool(
                tuple(name for name, _ in each),
                tuple((samples - mean) / spread for _, samples in each),
            )
            for each in (named[:-UNSEEN], named[-UNSEEN:])
        ]
        return pools[0], pools[1]

    def network(self, seed: int = 0) -> Model:
        """Three convolutions and a dense layer."""
        return small_cnn("keywords", self.shape, (16, 32, 32), self.ways, seed)


FAMILIES = {"keywords": Keywords}
