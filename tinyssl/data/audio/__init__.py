"""Sound to features: the front ends whose output a microcontroller can compute bit for bit."""

from tinyssl.data.audio.features import FRONTENDS, audio_features, audio_spec
from tinyssl.data.audio.frontend import LogMel, log_mel
from tinyssl.data.audio.mfcc import Mfcc, mfcc

__all__ = ["FRONTENDS", "LogMel", "Mfcc", "audio_features", "audio_spec", "log_mel", "mfcc"]
