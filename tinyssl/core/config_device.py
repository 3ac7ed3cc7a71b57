"""Configs of the stages that meet a board; `core.config` has all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from tinyssl.core.config_types import STRICT, Count, Line


@dataclass(frozen=True, config=STRICT)
class BuildConfig:
    """From a model to a firmware image."""

    board: str = "mps2_an500"
    """Board to build for; `tinyssl boards` lists them"""
    model: Path | None = None
    """INT8 .tflite; default: the last converted one, else the best of the zoo that fits
    the board"""
    strip_io: bool = False
    """Take QUANTIZE and DEQUANTIZE off float32 and uint8 ends: inputs and outputs are then int8,
    with the scale and zero point that the record names"""
    engine: Literal["aot", "tflm"] = "aot"
    """aot: our ahead-of-time compiled C; tflm: TensorFlow Lite Micro"""
    target: Literal["firmware", "c", "library"] = "firmware"
    """firmware: a PlatformIO project, built; c: a folder of C to drop into any project; library: a
    PlatformIO and Arduino library to publish, with an example sketch"""
    library_name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")] | None = None
    """Name of library, header and functions; default: tinyssl_<model> (target library)"""
    library_version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$")] = "1.0.0"
    """Its version (target library)"""
    library_author: Line = "tinyssl"
    """Who publishes it, as `Name <mail>` (target library)"""
    library_url: Line | None = None
    """Its page; Arduino's registry wants one (target library)"""
    camera: Line | None = None
    """What the camera gives, as 320x240:rgb565: adds C that cuts out the centre of a frame, resizes
    it and writes it as the model takes it (targets c and library). Formats: grey, rgb888, rgb565
    (low byte first), rgb565be (high byte first), yuyv, uyvy, and of Bayer rggb, grbg, gbrg, bggr"""
    framework: Literal["baremetal", "arduino"] | None = None
    """baremetal: our own start-up and drivers, offline; arduino: the Arduino core that PlatformIO
    fetches; default: baremetal where the board has it"""
    compile: bool = True
    """Compile the project; without, only its sources are written"""
    out: Path | None = None
    """Where to write; default: build/<board>/ (for the other targets: build/c/, build/library/)"""
    tflm: Path | None = None
    """Local copy of the TensorFlow Lite Micro sources (engine tflm)"""
    cmsis_nn: Path | None = None
    """Local copy of CMSIS-NN, whose kernels TFLM then uses (engine tflm, Cortex-M, with --tflm)"""
    esp_nn: Line | None = None
    """ESP-NN as PlatformIO takes it, `name=URL`, whose kernels TFLM then uses (engine tflm, ESP32,
    --framework arduino)"""
    arena_bytes: Count | None = None
    """Size of TFLM's arena; default: what it takes on this computer, with a margin (engine tflm)"""
    tighten_arena: bool = False
    """Find the smallest arena with which TFLM starts, on the board's emulator or one with the same
    core, and build with that (engine tflm)"""
    optimise: Literal["O2", "O3", "Os"] = "O2"
    """Optimisation level of the compiler"""
    kernels: Literal["auto", "reference"] = "auto"
    """auto: the fastest for the board's core (engine aot); reference: plain C for any core"""
    tuned: bool = True
    """Use the steps that `tinyssl tune` measured for this model and core, where it did (aot)"""
    train: Line | None = None
    """What learns on the device: head (the last layer), head:CLASSES (the last layer, with room for
    so many classes), head:new or head:new:CLASSES (a layer for 8 or so many new classes beside the
    last one), head:own or head:own:CLASSES (a last layer for 8 or so many classes, all of which you
    teach, in place of the model's), last:LAYERS, bias (of every layer), all, or names of weights
    and biases with commas between, as `layer12/weight,*/bias`; it computes in float32 (engine
    aot)"""
    train_weights: Literal["float32", "int8"] = "float32"
    """Form of what learns; int8 takes about a quarter of the RAM, and learns in INT8 with steps
    scaled to the quantisation (with --train)"""
    train_ram: Annotated[str, Field(pattern=r"^[1-9]\d{0,9}[KkMm]?$")] | None = None
    """Bytes of RAM (64K: 65,536) that learning may take beside the inference: of --train (default:
    all) those weights and biases learn whose gradients promise the most, measured on samples"""
    data: Path | None = None
    """Samples with answers that --train-ram measures on, as `tinyssl learn --data` takes them;
    default: the model's own test split"""
    pixels: str | None = None
    """What pixels 0 and 255 became in training, with --data or --camera: LOW:HIGH, or `codes`"""
    labels: Path | None = None
    """Text file with the class of each score, a line each, with --data (targets c and library:
    these names stand in the C)"""
    loss: Literal["cross-entropy", "squared-error", "absolute-error"] | None = None
    """What a training step lowers; default: cross-entropy, of one output and of an autoencoder
    squared-error (with --train)"""
    autoencoder: bool = False
    """The model is to give back its own input: no answers are sent (with --train)"""
    normalise: bool = False
    """Bring what the learning layers read to mean 0 and variance 1, by statistics that the device
    gathers as it learns (with --train)"""
    learning_rate: Annotated[float, Field(gt=0, le=100)] | None = None
    """First learning rate; the device may be given another; default: as the size of what the last
    layer reads asks for (with --train)"""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of its last step that a parameter takes again (with --train)"""
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of a parameter that joins its gradient (with --train)"""
    gradient_clip: Annotated[float, Field(gt=0)] | None = None
    """Largest size of a gradient's element; default: any (with --train)"""
    error_clip: Annotated[float, Field(gt=0)] | None = None
    """Largest difference that a squared error passes back; default: any (with --train)"""
    local_layers: Annotated[int, Field(ge=0)] = 0
    """So many of the last layers get a learning rate for themselves, `local_rate`; such layers stay
    on the device in federated learning (with --train)"""
    validation: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Samples that the device keeps in RAM to judge what it learns; when it answers fewer of them
    right, it goes back to the best parameters, of which it keeps a copy (with --train)"""
    validation_every: Annotated[int, Field(ge=0)] = 20
    """Steps from one such check to the next; 0: only when it is asked (with --validation)"""
    validation_margin: Annotated[float, Field(ge=0)] = 0.2
    """How far the share of right answers may fall below the best, or, where targets are no labels,
    the mean loss rise above it (with --validation)"""
    drift: bool = True
    """Test the losses for a drift, on the device (with --train)"""
    check: bool = True
    """Compare the generated C with TFLM on the host before building"""
    flash_budget: Count | None = None
    """Largest image in bytes; default: the board's"""
    ram_budget: Count | None = None
    """Largest RAM use in bytes; default: the board's"""


@dataclass(frozen=True, config=STRICT)
class FlashConfig:
    """Put the last build on its board."""

    board: str | None = None
    """Board whose build is flashed; default: the last build"""
    port: str | None = None
    """Serial port or probe to use when more than one matches"""
    protocol: str | None = None
    """How: stlink, openocd, pyocd, jlink, mbed, esptool, …, as far as the board's file has it;
    default: its first one whose program is here"""
    dry_run: bool = False
    """Print the command, do nothing"""
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds the upload may take"""


@dataclass(frozen=True, config=STRICT)
class BenchConfig:
    """Measure on the device, over the serial line."""

    board: str | None = None
    """Board whose build is measured; default: the last flashed one"""
    serial: str | None = None
    """Serial port; default: the flashed emulator's, or the one port that matches the board"""
    baud: Count | None = None
    """Baud rate; default: the board's"""
    runs: Count = 10
    """Timed inferences"""
    warmup: Annotated[int, Field(ge=0)] = 2
    """Inferences before the timed ones"""
    images: Annotated[int, Field(ge=0)] = 0
    """Test images to classify on the device; 0: all of them"""
    data: Path | None = None
    """Folder of pictures to send, an .npz with `inputs`, or readings (`rows` or `windows` of an
    .npz, a CSV file); default: the model's own test split"""
    target: str | None = None
    """Column of the CSV file that holds the right answers, with --data"""
    pixels: str | None = None
    """What pixels 0 and 255 became in training, with --data: LOW:HIGH (0:1, -1:1, 0:255), one pair
    a channel with commas between, or `codes` for the bytes as they are"""
    labels: Path | None = None
    """Text file with the class of each score, a line each, with --data; default: the folders'
    names in alphabetical order"""
    audio: Path | None = None
    """Folder of WAV files that a wake word listens to; clips below a folder `positive` hold the
    word"""
    wake_word: Path | None = None
    """JSON with cutoff and window of the wake word, with --audio; default: the one beside the
    model"""
    accuracy: bool = True
    """Stream the test split to the device"""
    profile: bool = True
    """Measure every operator"""
    retries: Annotated[int, Field(ge=0)] = 3
    """Repeats of a command after a lost or damaged answer"""
    timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds to wait for a line of an answer"""
    watchdog: Annotated[float, Field(ge=2)] | None = None
    """Arm the board's watchdog with so many seconds, at least 2; default: leave it off"""


@dataclass(frozen=True, config=STRICT)
class LearnConfig:
    """Let the device learn from samples, over the serial line."""

    board: str | None = None
    """Board whose build learns; default: the last flashed one"""
    serial: str | None = None
    """Serial port; default: the flashed emulator's, or the one port that matches the board"""
    baud: Count | None = None
    """Baud rate; default: the board's"""
    data: Path | None = None
    """Folder of pictures with a folder a class, an .npz with `inputs` and `labels` (or `targets`),
    or readings (`rows` or `windows` of an .npz, a CSV file); default: the model's own test split"""
    target: str | None = None
    """Column of the CSV file that holds the right answers, with --data"""
    pixels: str | None = None
    """What pixels 0 and 255 became in training, with --data: LOW:HIGH (0:1, -1:1, 0:255), one pair
    a channel with commas between, or `codes` for the bytes as they are"""
    labels: Path | None = None
    """Text file with the class of each score, a line each, with --data; default: the folders'
    names in alphabetical order"""
    samples: Annotated[int, Field(ge=0)] = 0
    """Samples to take, drawn at random; 0: all"""
    test_data: Path | None = None
    """Samples that judge before and after, as --data; default: a part of --data (--holdout)"""
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the samples that judges before and after, and teaches nothing (without
    --test-data)"""
    shots: Count | None = None
    """So many samples of each class teach, all others judge, or those of --test-data; default: a
    share (--holdout)"""
    order: Literal["random", "given"] = "random"
    """random: another order in every pass; given: as they are in the file, where the last ones
    judge"""
    passes: Count = 1
    """How often each sample teaches"""
    learning_rate: Annotated[float, Field(gt=0, le=100)] | None = None
    """Learning rate; default: what the device has"""
    schedule: Literal["constant", "linear", "cosine", "step"] = "constant"
    """How the learning rate falls over the steps: linear and cosine to 0; step: to a tenth after
    half of them, to a hundredth after three quarters"""
    reset: bool | None = None
    """Begin with the parameters of the build, not with what the device has learnt; default: yes,
    but not where the build has room for new classes"""
    replay: Annotated[int, Field(ge=0)] = 3
    """Old samples for each new one: where --data has new classes alone, the model's own test split
    is divided, and one part judges, the other repeats the old classes"""
    save: bool = False
    """Write what was learnt to the device's flash: it starts with that from then on"""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the order of samples and of the holdout"""
    retries: Annotated[int, Field(ge=0)] = 3
    """Repeats of a command after a lost or damaged answer"""
    timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds to wait for a line of an answer"""
    resume: Path | None = None
    """Run to go on with, after Ctrl-C or a kill: samples that were not sent yet follow"""
