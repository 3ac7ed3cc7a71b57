"""`tinyssl verify --board`: the same bytes on the board as in TensorFlow Lite Micro.

Float32 outputs may lie as many units in the last place apart as their operators state.
"""

from __future__ import annotations

from typing import Any

from tinyssl.bench.agreement import Agreement
from tinyssl.bench.subject import load_model, open_reference, split_of
from tinyssl.bench.target import BenchTarget, check_identity, check_sizes, find_target
from tinyssl.core.config import BenchConfig, BuildConfig, FlashConfig, VerifyConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.progress import Progress, Silent
from tinyssl.core.records import Workspace
from tinyssl.device import Session, emulator, open_link
from tinyssl.ops import float_ulps
from tinyssl.runtimes.device import DeviceModel
from tinyssl.runtimes.inputs import make_inputs
from tinyssl.stages.build import build
from tinyssl.stages.flash import flash


def verify_on_board(
    config: VerifyConfig, workspace: Workspace, progress: Progress | None = None
) -> dict[str, Any]:
    """Builds a model for a board, puts it there, and compares `config.images` inputs.

    The emulator is ended afterwards: an idle one would use a whole core.

    Returns:
        board, engine, build_id, inputs, equal (all of them), ulps (that were allowed; only where
        there are any), reference, retries.

    Raises:
        Mismatch: An output differs; names input, byte and both values.
        TinysslError: What `build` and `flash` raise, and what a device can do wrong.
    """
    progress = progress or Silent()
    if config.board is None:
        raise UsageError("no board to verify on", hint="name one with --board")
    build(
        BuildConfig(board=config.board, model=config.model, strip_io=config.strip_io, check=False),
        workspace,
        progress,
    )
    return compare_on_board(config, workspace, progress)


def compare_on_board(
    config: VerifyConfig, workspace: Workspace, progress: Progress
) -> dict[str, Any]:
    """The same of what `build` has left for `config.board`."""
    flash(FlashConfig(board=config.board), workspace, progress)
    target = find_target(BenchConfig(board=config.board), workspace)
    try:
        return _compare(config, target, progress)
    finally:
        emulator.stop(target.folder)


def _compare(config: VerifyConfig, target: BenchTarget, progress: Progress) -> dict[str, Any]:
    model, data = load_model(target.info)
    reference = open_reference(model, data, progress)
    split = split_of(target.info)
    samples = None if split is None else split.samples
    inputs = make_inputs(model, config.images, config.seed, samples)
    tally = Agreement(float_ulps(model))
    with Session(open_link(target.port, target.baud)) as session:
        session.sync()
        identity = session.identity()
        check_identity(identity, target)
        check_sizes(identity, model)
        device = DeviceModel(session, model)
        device.reset()
        with progress.track(f"on {target.board.id}", len(inputs), "input") as task:
            for number, x in enumerate(inputs):
                tally.add(number, device.run(x), reference.runtime.run(x))
                task.advance()
        tally.gate(reference.name)
    return {
        "board": target.board.id,
        "engine": identity.engine,
        "build_id": identity.build_id,
        "inputs": tally.count,
        "equal": tally.equal,
        **({"ulps": tally.ulps} if tally.ulps else {}),
        "reference": reference.name,
        "retries": session.retried,
    }
