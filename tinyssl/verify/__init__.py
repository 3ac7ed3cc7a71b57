"""Proof that every engine gives the bytes of TensorFlow Lite Micro."""

from tinyssl.verify.host import HostCheck, check_host
from tinyssl.verify.stage import verify
from tinyssl.verify.tflm import ArenaUse, TflmInterpreter

__all__ = ["ArenaUse", "HostCheck", "TflmInterpreter", "check_host", "verify"]
