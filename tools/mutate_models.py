"""Mutated .tflite files that are accepted: our C under ASan and UBSan against TFLite Micro.

    python -m tools.mutate_models --seed 1 --count 1000

Mutants are made until so many are accepted and TFLite Micro runs them; they are compiled in
programs of 100 and compared on 4 inputs each. TFLite Micro runs in a child process: where it
refuses a mutant or dies, that is counted. Exit code 1 when a byte differs, a sanitizer stops the
program, or it does not compile.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.ops.image import TARGETS, make_program, run_program  # noqa: E402 - after sys.path
from tests.ops.mutants import Mutator, seeds  # noqa: E402
from tests.ops.mutation_checks import Oracle, accepted, small  # noqa: E402

PROGRAM = 100


def say(text: str) -> None:
    """A line on standard output at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def collect(mutator: Mutator, oracle: Oracle, count: int) -> dict[str, tuple[bytes, list[bytes]]]:
    """So many accepted mutants, each another file, with inputs and TFLM's outputs."""
    found: dict[str, tuple[bytes, list[bytes]]] = {}
    seen: set[bytes] = set()
    while len(found) < count:
        data = mutator.mutant()
        model = accepted(data)
        if model is None or data in seen or not small(model):
            continue
        seen.add(data)
        answers = oracle.answers(data, model)
        if answers is not None:
            found[f"mutant{len(seen)}"] = data, answers
    return found


def compare(found: dict[str, tuple[bytes, list[bytes]]], keep: Path) -> list[str]:
    """Lines about differences; the files they are about are kept."""
    answers = dict(found.values())
    graphs = {name: data for name, (data, _) in found.items()}
    target = TARGETS["host"]
    try:
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            program = make_program(graphs, target.isa, expect=lambda data, _: answers[data])
            wrong = run_program(program, target, Path(folder))
    except Exception as error:
        wrong = [f"{type(error).__name__}: {error}"]
        for name, data in graphs.items():
            (keep / f"{name}.tflite").write_bytes(data)
    for line in wrong:
        name = line.split()[1]
        if name in graphs:
            (keep / f"{name}.tflite").write_bytes(graphs[name])
    return wrong


def main(arguments: list[str]) -> int:
    """Runs the campaign; 1 when something differs or stops."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args(arguments)
    mutator, oracle = Mutator(seeds(public=True), options.seed), Oracle()
    keep = Path(tempfile.mkdtemp(prefix="mutants-wrong-"))
    wrong: list[str] = []
    for start in range(0, options.count, PROGRAM):
        found = collect(mutator, oracle, min(PROGRAM, options.count - start))
        lines = compare(found, keep)
        wrong += lines
        for line in lines:
            say(line)
        say(f"{start + len(found)} mutants, {len(wrong)} wrong")
    for text, count in [*oracle.deaths.most_common(), *oracle.refusals.most_common()]:
        say(f"{count} x {text}")
    say(f"wrong ones are in {keep}" if wrong else f"seed {options.seed}: all equal")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
