"""An operator from outside: one Python file and one C kernel, and nothing else is changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.ops.flatfile import Flatfile
from tinyssl.codegen.aot import render_aot
from tinyssl.compiler import compile
from tinyssl.core.errors import UsageError
from tinyssl.frontends.tflite import read_model, write_model
from tinyssl.graph.verify import verify
from tinyssl.ops import OPS, load_operator
from tinyssl.runtimes.host import HostModel

PYTHON = '''
"""BLEND: every element of one input or of the other, whichever is larger in size."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tinyssl.ops.common.bases import BinaryOp
from tinyssl.ops.common.kernel import Kernel
from tinyssl.ops.common.overlap import elementwise
from tinyssl.ops.common.spec import OpSpec, TflmNames
from tinyssl.ops.common.tflite import FileOp, TfliteFormat


@dataclass(frozen=True, kw_only=True)
class Blend(BinaryOp):
    """Picks the element that is further from 0."""

    kind: ClassVar[str] = "CUSTOM Blend"


def same_shape(check):
    left, right = (check.tensor(index).shape for index in check.op.inputs)
    if left != right:
        raise check.unsupported(f"shapes {left} and {right}")


SPEC = OpSpec(
    op=Blend,
    shapes=lambda model, op: (model.tensor(op.left).shape,),
    checks=(same_shape,),
    kernels=(
        Kernel(
            "blend_s8",
            "tinyssl_blend",
            folder=Path(__file__).parent,
            make_params=lambda model, op, constants: {"size": model.tensor(op.output).elements},
            overlaps=elementwise,
        ),
    ),
    tflite=TfliteFormat(
        read=lambda op: Blend(
            index=op.index, left=op.inputs[0], right=op.inputs[1], output=op.output
        ),
        write=lambda op, to: FileOp(op.kind, 1, op.inputs, op.outputs, "", {}),
        inputs=(2, 2),
    ),
    tflm=TflmNames("AddBlend", "blend"),
)
'''

HEADER = """
#ifndef TINYSSL_BLEND_S8_H
#define TINYSSL_BLEND_S8_H

#include <stdint.h>

struct tinyssl_blend {
    int32_t size; /* elements */
};

void tinyssl_blend_s8(const int8_t *left, const int8_t *right, const struct tinyssl_blend *p,
                      int8_t *out);

#endif
"""

SOURCE = """
#include "blend_s8.h"

static int32_t size_of(int32_t x)
{
    return x < 0 ? -x : x;
}

void tinyssl_blend_s8(const int8_t *left, const int8_t *right, const struct tinyssl_blend *p,
                      int8_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = size_of(left[i]) >= size_of(right[i]) ? left[i] : right[i];
    }
}
"""

SHAPE = (1, 4, 5, 3)


class CustomFile(Flatfile):
    """A file whose operators are custom ones."""

    def custom(self, name, inputs, outputs):
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.deprecatedBuiltinCode = code.builtinCode = schema.BuiltinOperator.CUSTOM
        code.customCode, code.version = name, 1
        self.codes.append(code)
        operator.opcodeIndex = len(self.codes) - 1
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        self.operators.append(operator)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with the operator's three files."""
    files = {"blend.py": PYTHON, "blend_s8.h": HEADER, "blend_s8.c": SOURCE}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    yield tmp_path
    OPS.pop("CUSTOM Blend", None)


def model_file() -> bytes:
    """The input, and its rows and columns pooled with a window that keeps the shape."""
    file = CustomFile()
    start = file.activation(SHAPE, 0.05, 3, name="image")
    pooled = file.activation(SHAPE, 0.05, 3)
    end = file.activation(SHAPE, 0.05, 3)
    window = {"strideH": 1, "strideW": 1, "filterHeight": 3, "filterWidth": 3}
    file.operator("MAX_POOL_2D", [start], [pooled], 2, padding=0, **window)
    file.custom("Blend", [start, pooled], [end])
    return file.data()


def blended(image):
    """What the model computes, in numpy."""
    padded = np.pad(image.astype(np.int32), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-128)
    pooled = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2)).max((-1, -2))
    return np.where(abs(image.astype(np.int32)) >= abs(pooled), image, pooled).astype(np.int8)


def test_an_operator_from_a_folder_is_read_generated_compiled_and_run(folder):
    load_operator(folder / "blend.py")
    model = read_model(model_file())
    verify(model)
    program = compile(model)
    sources = render_aot(program)
    assert sources["kernels/blend_s8.c"] == SOURCE
    assert "#1 CUSTOM Blend" in sources["model.c"]
    image = np.random.default_rng(1).integers(-128, 128, SHAPE).astype(np.int8)
    with HostModel(program) as compiled:
        found = compiled.invoke(image)
    expected = blended(image)
    np.testing.assert_array_equal(found.reshape(SHAPE), expected)
    assert 0 < np.count_nonzero(expected == image) < image.size


def test_it_is_written_back(folder):
    load_operator(folder / "blend.py")
    again = read_model(write_model(read_model(model_file())))
    assert [op.kind for op in again.ops] == ["MAX_POOL_2D", "CUSTOM Blend"]


def test_a_variable_names_the_folder(folder):
    code = "from tinyssl.ops import OPS; print('CUSTOM Blend' in OPS, 'ADD' in OPS)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TINYSSL_OPERATORS": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "True"]


def test_without_the_file_the_operator_is_refused() -> None:
    with pytest.raises(Exception, match="#1 CUSTOM Blend: operator is not supported"):
        read_model(model_file())


@pytest.mark.parametrize(
    ("text", "message"),
    [("x = 1", "defines no SPEC"), ("import nothing_like_this", "cannot load the operator")],
)
def test_a_file_that_is_no_operator_is_refused(text, message, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_operator(path)
