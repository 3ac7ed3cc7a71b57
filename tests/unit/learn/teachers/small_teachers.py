"""A teacher that is quick to run and to export: two convolutions with a batch norm between."""

import torch
from torch import Tensor, nn

from tinyssl.learn.teachers import Teacher, TeacherInfo, TeacherOutput


class SmallTeacher(Teacher):
    """Images of 32 pixels to a summary of 6 and a grid of 4 × 4 tokens of 6."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = nn.Sequential(
                nn.Conv2d(3, 5, 3, 2, 1), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 6, 5, 4, 2)
            )
            nn.init.uniform_(self.network[1].running_var, 0.5, 2.0)  # type: ignore[arg-type]  # not None here
        self.info = TeacherInfo("small", 32, 6, 6, "5" * 64, False, "a test")
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> TeacherOutput:
        tokens = self.network(images)
        return TeacherOutput(tokens.mean(dim=(2, 3)), tokens)
