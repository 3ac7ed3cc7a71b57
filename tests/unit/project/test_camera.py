"""Frames of a camera: our C gives the bytes of Pillow, for each format and size."""

import subprocess

import numpy as np
import pytest
from PIL import Image

from tests.host_firmware import FLAGS
from tests.objects import compile_program
from tinyssl.codegen.camera import CameraPlan, camera_plan, render_camera
from tinyssl.core.errors import UsageError
from tinyssl.core.sources import write_sources
from tinyssl.data.camera import FORMATS, CameraFrame, fitted
from tinyssl.data.pixels import to_rgb
from tinyssl.data.scaling import PixelScale
from tinyssl.graph.interface import ValueInfo
from tinyssl.graph.model import DType, Quant, ValueKind
from tinyssl.runtimes.inputs import pixel_codes, scaled

MAIN = """
#include <stdio.h>

#include "camera.h"

static uint8_t frame[TINYSSL_CAMERA_FRAME_BYTES];
static uint8_t input[INPUT_BYTES];

int main(void)
{
    static uint8_t scratch[TINYSSL_CAMERA_SCRATCH_BYTES];
    while (fread(frame, sizeof frame, 1, stdin) == 1) {
        tinyssl_camera_input(frame, scratch, input);
        fwrite(input, sizeof input, 1, stdout);
    }
    return 0;
}
"""


def input_of(height, width, channels, dtype=DType.INT8):
    quant = None if dtype is DType.FLOAT32 else Quant((1 / 255,), (-128,), 0)
    return ValueInfo(0, "x", ValueKind.INPUT, dtype, (1, height, width, channels), quant)


def picture(height, width, seed=0):
    """Smooth colours with noise and sharp edges."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (4, 5, 3)).astype(np.uint8))
    smooth = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR)).astype(int)
    smooth[:, :: max(width // 7, 1)] = 255
    return (smooth + rng.integers(-20, 21, smooth.shape)).clip(0, 255).astype(np.uint8)


def run_c(plan: CameraPlan, codes, frames, folder):
    """The inputs that the C makes of frames."""
    write_sources(render_camera(plan, codes) | {"main.c": MAIN}, folder)
    size = int(np.prod(plan.shape)) * codes.itemsize
    command = ["gcc", *FLAGS, f"-DINPUT_BYTES={size}"]
    program = folder / "program"
    compile_program(command, sorted(folder.glob("*.c")), [folder], program)
    done = subprocess.run([program], input=b"".join(frames), capture_output=True, check=True)
    return np.frombuffer(done.stdout, codes.dtype).reshape(len(frames), *plan.shape)


CASES = [
    ("grey", 40, 32, (16, 16, 1)),
    ("grey", 33, 47, (20, 20, 3)),
    ("rgb888", 37, 53, (24, 24, 3)),
    ("rgb888", 24, 24, (24, 24, 1)),
    ("rgb565", 120, 160, (96, 96, 3)),
    ("rgb565be", 30, 41, (31, 17, 3)),
    ("yuyv", 36, 48, (32, 32, 1)),
    ("uyvy", 18, 50, (40, 40, 3)),
    ("rggb", 48, 64, (32, 32, 3)),
    ("grbg", 32, 34, (20, 24, 3)),
    ("gbrg", 34, 32, (24, 20, 3)),
    ("bggr", 60, 20, (10, 16, 1)),
]


@pytest.mark.parametrize(("name", "height", "width", "shape"), CASES)
def test_c_gives_pillows_bytes(name, height, width, shape, tmp_path):
    frame = CameraFrame.parse(f"{width}x{height}:{name}")
    plan = camera_plan(frame, input_of(*shape))
    noise = np.random.default_rng(1).integers(0, 256, frame.frame_bytes).astype(np.uint8).tobytes()
    frames = [frame.taken(picture(height, width)), noise, bytes(frame.frame_bytes)]
    wanted = [fitted(frame.picture(each), shape) for each in frames]
    found = run_c(plan, pixel_codes(input_of(*shape), None), frames, tmp_path)
    assert np.array_equal(found, np.stack(wanted).astype(np.int16) - 128)


def test_all_formats_are_among_the_cases():
    assert {case[0] for case in CASES} == set(FORMATS)


def test_both_orders_of_the_passes_are_among_the_cases():
    orders = {
        camera_plan(CameraFrame.parse(f"{width}x{height}:{name}"), input_of(*shape)).across_first
        for name, height, width, shape in CASES
    }
    assert orders == {True, False}


@pytest.mark.parametrize("dtype", [DType.INT8, DType.FLOAT32])
def test_pixels_mean_what_was_declared(dtype, tmp_path):
    value = input_of(8, 8, 3, dtype)
    scaling = PixelScale.parse("-1:1,0:1,0.25:0.5", 3)
    frame = CameraFrame.parse("20x10:rgb888")
    sent = frame.taken(picture(10, 20))
    found = run_c(camera_plan(frame, value), pixel_codes(value, scaling), [sent], tmp_path)
    wanted = scaled(value, scaling, fitted(frame.picture(sent), (8, 8, 3))[None])
    assert np.array_equal(found, wanted[0])


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"grey"}))
def test_a_frame_is_the_picture_that_the_camera_saw(name):
    frame = CameraFrame.parse(f"64x48:{name}")
    seen = np.asarray(
        Image.fromarray(picture(6, 8)).resize((64, 48), Image.Resampling.BICUBIC)
    )  # smooth: neighbours are alike, as formats with less colour than pixels want it
    decoded = frame.picture(frame.taken(seen)).astype(int)
    assert np.abs(decoded - seen).mean() < 6


def test_luma_is_pillows():
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    whole = to_rgb(Image.fromarray(rgb))
    assert np.array_equal(fitted(rgb, (64, 64, 1))[..., 0], np.asarray(whole.convert("L")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("320:rgb565", "names no frame"),
        ("320x240", "names no frame"),
        ("320x240:jpeg", "names no frame"),
        ("1x240:grey", "sides are 2 to 8,192"),
        ("9000x240:grey", "sides are 2 to 8,192"),
        ("33x24:yuyv", "pixels in pairs"),
        ("32x25:rggb", "pixels in pairs"),
    ],
)
def test_what_is_no_frame_is_refused(text, said):
    with pytest.raises(UsageError, match=said) as error:
        CameraFrame.parse(text)
    assert error.value.hint


def test_a_model_without_pictures_is_refused():
    frame = CameraFrame.parse("32x32:grey")
    with pytest.raises(UsageError, match="no picture"):
        camera_plan(frame, ValueInfo(0, "x", ValueKind.INPUT, DType.INT8, (1, 49, 10, 2)))
