"""`--camera` and `--labels` of the targets `c` and `library`: from a frame to a class's name."""

import subprocess

import numpy as np
import pytest

from tests.host_firmware import FLAGS
from tests.objects import compile_program
from tests.unit.project.test_camera import picture
from tinyssl.codegen.answer import render_answer
from tinyssl.codegen.literals import utf8_literal
from tinyssl.core.config import BuildConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.records import Workspace
from tinyssl.data.camera import CameraFrame, fitted
from tinyssl.frontends.tflite import read_model
from tinyssl.runtimes.oracle import open_oracle
from tinyssl.stages.build import build

CAMERA = "20x16:rgb565"
NAMES = ("café", 'a "b"', "50%")
LOOP = """
#include <stdio.h>
{includes}
{memory}

int main(void)
{{
    static uint8_t frame[{macro}_CAMERA_FRAME_BYTES];
    while (fread(frame, sizeof frame, 1, stdin) == 1) {{
        {run}
        printf("%ld %s %.9g\\n", (long)answer.index, answer.label, (double)answer.score);
    }}
    return 0;
}}
"""
OF_C = {
    "includes": '#include "answer.h"\n#include "camera.h"\n#include "model.h"',
    "memory": (
        "static uint8_t arena[TINYSSL_MODEL_ARENA_BYTES] __attribute__((aligned(16)));\n"
        "static uint8_t scratch[TINYSSL_CAMERA_SCRATCH_BYTES];"
    ),
    "macro": "TINYSSL",
    "run": (
        "tinyssl_camera_input(frame, scratch, tinyssl_model_input(arena, 0));\n"
        "tinyssl_model_invoke(arena);\n"
        "const struct tinyssl_answer answer = tinyssl_answer(tinyssl_model_output(arena, 0));"
    ),
}
OF_LIBRARY = {
    "includes": "#include <tinyssl_tiny.h>",
    "memory": "",
    "macro": "TINYSSL_TINY",
    "run": (
        "tinyssl_tiny_input_frame(frame);\n"
        "const struct tinyssl_tiny_answer answer = tinyssl_tiny_classify();"
    ),
}


def settings(model, tmp_path, target):
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(NAMES), encoding="utf-8")
    return BuildConfig(
        model=model, target=target, camera=CAMERA, pixels="codes", labels=labels, check=False
    )


@pytest.mark.parametrize(("target", "texts"), [("c", OF_C), ("library", OF_LIBRARY)])
def test_from_a_frame_to_a_name(target, texts, tiny_tflite, tmp_path):
    workspace = Workspace(tmp_path / "workspace")
    build(settings(tiny_tflite, tmp_path, target), workspace)
    folder = workspace.builds / target
    main = tmp_path / "main.c"
    main.write_text(LOOP.format(**texts))
    sources = [path for path in sorted(folder.rglob("*.c")) if path.name != "selftest.c"]
    includes = [folder / "src"] if target == "library" else [folder]
    compile_program(["gcc", *FLAGS], [main, *sources], includes, tmp_path / "program")

    frame = CameraFrame.parse(CAMERA)
    frames = [frame.taken(picture(16, 20, seed)) for seed in range(3)]
    frames += [bytes(frame.frame_bytes), b"\xff" * frame.frame_bytes]  # black, white
    done = subprocess.run(
        [tmp_path / "program"], input=b"".join(frames), capture_output=True, check=True
    )
    data = tiny_tflite.read_bytes()
    model = read_model(data)
    oracle, quant = open_oracle(data), model.output.quant
    assert quant
    wanted = []
    for each in frames:
        codes = (fitted(frame.picture(each), (8, 8, 3)).astype(np.int16) - 128).astype(np.int8)
        (scores,) = oracle.run({model.input.name: codes[None]}).values()
        best = int(scores.argmax())
        score = np.float32(quant.scale[0]) * np.float32(
            int(scores.ravel()[best]) - quant.zero_point[0]
        )
        wanted.append(f"{best} {NAMES[best]} {score:.9g}")
    assert done.stdout.decode("utf-8").splitlines() == wanted
    assert len({line.split()[0] for line in wanted}) > 1


def test_nothing_is_added_unasked(tiny_tflite, tmp_path):
    workspace = Workspace(tmp_path)
    build(BuildConfig(model=tiny_tflite, target="c", check=False), workspace)
    names = {path.name for path in (workspace.builds / "c").rglob("*")}
    assert not {"camera.h", "answer.h"} & names
    assert "camera" not in (workspace.builds / "c" / "README.md").read_text()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"target": "firmware"}, UsageError, "targets c and library"),
        ({"pixels": None}, UsageError, "how were pixels scaled"),
        ({"camera": "20x16:jpeg"}, UsageError, "names no frame"),
        ({"labels": "short.txt"}, DataError, "has 1 lines; the model tells 3"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(change, error, said, tiny_tflite, tmp_path):
    (tmp_path / "short.txt").write_text("one")
    workspace = Workspace(tmp_path / "workspace")
    values = {"target": "c", "camera": CAMERA, "pixels": "codes", "labels": None} | change
    if values["labels"]:
        values["labels"] = tmp_path / values["labels"]
    with pytest.raises(error, match=said):
        build(BuildConfig(model=tiny_tflite, check=False, **values), workspace)
    assert not (workspace.builds / values["target"]).exists()


ONE_SCORE = """
#include <stdio.h>
#include "answer.h"

int main(void)
{
    for (int q = -128; q < 128; q += 5) {
        const int8_t output[1] = {(int8_t)q};
        const struct tinyssl_answer answer = tinyssl_answer(output);
        printf("%ld %s %.4f\\n", (long)answer.index, answer.label, (double)answer.score);
    }
    return 0;
}
"""


def test_one_score_tells_two_classes_apart(tmp_path):
    from tests.networks import network

    model = network(classes=1)
    for name, text in render_answer(model, ("no", "yes")).items():
        (tmp_path / name).write_text(text)
    quant = model.output.quant
    (tmp_path / "model.h").write_text(
        f"#define TINYSSL_MODEL_OUTPUT_SCALE {quant.scale[0]}f\n"
        f"#define TINYSSL_MODEL_OUTPUT_ZERO_POINT ({quant.zero_point[0]})\n"
    )
    (tmp_path / "main.c").write_text(ONE_SCORE)
    sources = [tmp_path / "main.c", tmp_path / "answer.c"]
    compile_program(["gcc", *FLAGS], sources, [tmp_path], tmp_path / "program")
    said = subprocess.run([tmp_path / "program"], capture_output=True, check=True, text=True)
    wanted = []
    for q in range(-128, 128, 5):
        real = quant.scale[0] * (q - quant.zero_point[0])
        yes = real > 0.5
        wanted.append(f"{int(yes)} {('no', 'yes')[yes]} {real if yes else 1 - real:.4f}")
    assert said.stdout.splitlines() == wanted


def test_names_keep_their_letters_in_c():
    assert utf8_literal('a"\\??é') == '"a\\042\\134\\077\\077\\303\\251"'
