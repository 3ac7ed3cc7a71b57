"""`python -m tinyssl.stages.pretrain_worker`: a further process of `pretrain`, which starts it."""

from __future__ import annotations

from tinyssl.core.memory import keep_freed_memory
from tinyssl.learn.train.team import work
from tinyssl.stages.pretrain import train_share

if __name__ == "__main__":
    keep_freed_memory()
    work(train_share)
