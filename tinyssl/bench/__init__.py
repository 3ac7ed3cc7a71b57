"""Measurements on a device: latency, profile, accuracy, agreement, memory."""

from tinyssl.bench.board import verify_on_board
from tinyssl.bench.stage import bench

__all__ = ["bench", "verify_on_board"]
