"""Proof that every engine gives the bytes of TensorFlow Lite Micro."""

from tinyssl.runtimes.tflm import ArenaUse, TflmInterpreter
from tinyssl.verify.host import HostCheck, check_host

__all__ = ["ArenaUse", "HostCheck", "TflmInterpreter", "check_host"]
