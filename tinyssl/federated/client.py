"""A node as a Flower `ClientApp`: a learner, and the samples that it alone sees.

The same app serves a grid of this process, a SuperNode and a simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.clientapp.typing import Mod

from tinyssl.core.errors import DataError, TinysslError
from tinyssl.federated.learners import LocalLearner
from tinyssl.federated.records import (
    ACCURACY,
    ARRAYS,
    CONFIG,
    DEVICE,
    EXAMPLES,
    LOSS,
    METRICS,
    REFUSED,
    ROUND,
    RoundTask,
    from_arrays,
    to_arrays,
)
from tinyssl.federated.samples import NodeSample, NodeSamples
from tinyssl.federated.sparse import flat, largest


class Node:
    """One device and its samples.

    Args:
        connect: Gives the learner; called at the first message, and again after a failure.
        samples: What the device senses.
    """

    def __init__(self, connect: Callable[[], LocalLearner], samples: NodeSamples) -> None:
        self._connect = connect
        self.samples = samples
        self._learner: LocalLearner | None = None

    def train(self, message: Message) -> RecordDict:
        """Learns from fresh samples; the reply to a message of Flower's type `train`.

        Raises:
            DataError: The message is damaged, or there was nothing to learn from.
            TinysslError: The device failed; the next message connects again.
        """
        return self._guarded(message, self._train)

    def evaluate(self, message: Message) -> RecordDict:
        """Learns from `samples` samples (0: none), is judged on held-out ones and forgets it.

        Raises:
            DataError: The message is damaged.
            TinysslError: The device failed; the next message connects again.
        """
        return self._guarded(message, self._evaluate)

    def close(self) -> None:
        """Gives the line back."""
        learner, self._learner = self._learner, None
        if learner is not None:
            learner.close()

    def _guarded(
        self, message: Message, work: Callable[[LocalLearner, Message, RoundTask], RecordDict]
    ) -> RecordDict:
        task = RoundTask.of(message)
        try:
            if self._learner is None:
                self._learner = self._connect()
            begin(self._learner, message, task)
            reply = work(self._learner, message, task)
        except ValueError as error:  # other names or sizes than the model's
            raise DataError(f"the server sent other parameters: {error}") from error
        except TinysslError:
            self.close()
            raise
        reply[CONFIG] = ConfigRecord({ROUND: task.round})
        reply[DEVICE] = ConfigRecord({**self._learner.figures()})
        return reply

    def _train(self, learner: LocalLearner, message: Message, task: RoundTask) -> RecordDict:
        losses, refused = teach(learner, self.samples, task)
        if not losses:
            raise DataError(f"no sample taught the device anything: {refused} of them were refused")
        if task.save:
            learner.save()
        metrics = MetricRecord({EXAMPLES: len(losses), LOSS: mean(losses), REFUSED: refused})
        return RecordDict({ARRAYS: answer(learner, message, task), METRICS: metrics})

    def _evaluate(self, learner: LocalLearner, message: Message, task: RoundTask) -> RecordDict:
        if task.samples:
            teach(learner, self.samples, task)
        return RecordDict({METRICS: judge(learner, self.samples.held_out(task.round))})


def begin(learner: LocalLearner, message: Message, task: RoundTask) -> None:
    """Gives the learner what the message holds: parameters and learning rate.

    Raises:
        DataError: There are none, or an array is damaged.
        ValueError: They are of another model.
    """
    if ARRAYS not in message.content.array_records:
        raise DataError("the message holds no parameters")
    given = from_arrays(message.content.array_records[ARRAYS])
    if not {value.name for value in learner.parameters} <= given.keys():
        learner.first_values()
    learner.assign(given)
    set_rates(learner, task.rate, task.local_rate)


def set_rates(learner: LocalLearner, rate: float | None, local: float | None) -> None:
    """Gives the learner those learning rates that are no None."""
    if rate is not None:
        learner.set_rate(rate)
    if local is not None:
        learner.set_rate(local, local=True)


def answer(learner: LocalLearner, message: Message, task: RoundTask) -> ArrayRecord:
    """The parameters that the message holds, as they are now, or the largest changes of them.

    Changes where those are shorter.
    """
    before = from_arrays(message.content.array_records[ARRAYS])
    found = learner.learnt(before)
    if task.share < 1:
        changes = largest(flat(found) - flat(before), task.share)
        if changes.nbytes < sum(each.nbytes for each in found.values()):
            return changes.record()
    return to_arrays(found)


def teach(learner: LocalLearner, samples: NodeSamples, task: RoundTask) -> tuple[list[float], int]:
    """Online steps: one sample at a time, `task.passes` times.

    With local samples, the common parameters stand still for the first ones, the local parameters
    for the others.

    Returns:
        The loss before each step that taught something; how many taught nothing.
    """
    stream: Iterable[NodeSample] = islice(samples.stream(task.round, task.samples), task.samples)
    if task.passes > 1:
        stream = list(stream) * task.passes
    losses, refused = [], 0
    parts = task.local_samples > 0 and task.rate is not None
    if parts:
        set_rates(learner, 0.0, task.local_rate)
    for number, sample in enumerate(stream):
        if parts and number == task.local_samples:
            set_rates(learner, task.rate, 0.0)
        step = learner.step(sample.feeds, sample.target)
        if step.learnt:
            losses.append(step.loss)
        else:
            refused += 1
    return losses, refused


def judge(learner: LocalLearner, samples: Iterable[NodeSample]) -> MetricRecord:
    """Mean loss on samples, and of labels the share of right answers.

    The loss is the one of softmax and label, or the mean squared error.
    """
    losses: list[float] = []
    right: list[bool] = []
    for sample in samples:
        (output,) = learner.run(sample.feeds).values()
        (target,) = sample.target.values()
        scores = output.astype(np.float64).ravel()
        if np.issubdtype(target.dtype, np.integer):
            label = int(target[0])
            shifted = scores - scores.max()
            losses.append(float(np.log(np.exp(shifted).sum()) - shifted[label]))
            right.append(int(scores.argmax()) == label)
        else:
            losses.append(float(np.mean((scores - target.ravel()) ** 2)))
    found = MetricRecord({EXAMPLES: len(losses), LOSS: mean(losses)})
    if right:
        found[ACCURACY] = mean(right)
    return found


def mean(values: list[float] | list[bool]) -> float:
    """0 where there is none."""
    return float(np.mean(values)) if values else 0.0


def client_app(node: Callable[[Context], Node], mods: list[Mod] | None = None) -> ClientApp:
    """The node as an app that Flower runs.

    Args:
        node: Gives the node of a context: the same object each time, for it holds a line.
        mods: Flower's modifiers of messages, as strategies need them.
    """
    app = ClientApp(mods=mods)

    @app.train()
    def train(message: Message, context: Context) -> Message:
        return Message(node(context).train(message), reply_to=message)

    @app.evaluate()
    def evaluate(message: Message, context: Context) -> Message:
        return Message(node(context).evaluate(message), reply_to=message)

    return app
