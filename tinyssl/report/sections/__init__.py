"""The parts of a report: each function turns the records into a `PageSection`, or None."""

from tinyssl.report.sections.accuracy import accuracy
from tinyssl.report.sections.federation import federation
from tinyssl.report.sections.latency import latency
from tinyssl.report.sections.learnable import learnable
from tinyssl.report.sections.learning import learning
from tinyssl.report.sections.memory import memory
from tinyssl.report.sections.mistakes import mistakes
from tinyssl.report.sections.origin import environment, reproduce
from tinyssl.report.sections.quantisation import quantisation
from tinyssl.report.sections.training import training

SECTIONS = (
    accuracy,
    mistakes,
    latency,
    memory,
    quantisation,
    training,
    learnable,
    learning,
    federation,
    environment,
    reproduce,
)
"""In the order of the page"""

__all__ = ["SECTIONS"]
