"""A config dataclass per stage: the one source of options, defaults, limits and help texts.

The command line, the environment (`TINYSSL_<STAGE>_<FIELD>`) and `tinyssl.toml` (`[stage]` tables)
are all read into these; pydantic refuses a bad value with the field's name. The docstring under a
field is its `--help` text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from tinyssl.core.config_catalog import CatalogConfig
from tinyssl.core.config_device import BenchConfig, BuildConfig, FlashConfig, LearnConfig
from tinyssl.core.config_federate import FederateConfig
from tinyssl.core.config_serve import ServeConfig
from tinyssl.core.config_types import (
    STRICT,
    BackboneName,
    Count,
    DatasetName,
    Fraction,
    MethodName,
    NonNegative,
    ProcessCount,
    Seed,
    TaskName,
    TeacherName,
)


@dataclass(frozen=True, config=STRICT)
class DataConfig:
    """Which samples, and how they are split."""

    dataset: DatasetName = "digits"
    """Source of the samples, or FILE.py:FUNCTION; `digits` (images) and `tones` (sound) need no
    download"""
    data_path: Path | None = None
    """Folder, archive or file that holds the samples (not for digits and tones)"""
    image_size: Annotated[int, Field(ge=8, le=512)] = 32
    """Side to which every image is resized, in pixels"""
    broken: Literal["skip", "stop"] = "skip"
    """Pictures that cannot be read: skip leaves them out and lists them, stop ends the command"""
    frontend: Literal["logmel", "mfcc"] = "logmel"
    """Features of sound (tones, wav): logmel, as TensorFlow Lite Micro's micro_speech; mfcc, as
    MLPerf Tiny's keyword spotting"""
    clip_seconds: Annotated[float, Field(ge=0.1, le=60)] = 1.0
    """Length to which every sound is cut or padded (wav)"""
    target: str | None = None
    """Column to predict (windows and table, from a CSV file)"""
    task: TaskName = None
    """What is predicted, or FILE.py:CLASS; default: classes where the source has some, else
    numbers"""
    window_steps: Annotated[int, Field(ge=2)] = 64
    """Rows of a window (windows, from a CSV file)"""
    window_stride: Count = 32
    """Rows from window to window (windows, from a CSV file)"""
    test_fraction: Fraction = 0.2
    """Share of the samples kept for the test, where the source has no test split of its own"""
    val_fraction: Fraction = 0.1
    """Share of the training samples held out for choosing the probe's learning rate"""
    split_seed: Seed = 0
    """Seed of the splits"""
    download: bool = False
    """Fetch the official archive when it is not at --data-path (needs a network)"""


@dataclass(frozen=True, config=STRICT)
class PretrainConfig:
    """Self-supervised pretraining."""

    method: MethodName = "simclr"
    """Method, or FILE.py:CLASS"""
    method_options: dict[str, Any] = Field(default_factory=dict)
    """Options of the method, as KEY=VALUE; may be given more than once"""
    backbone: BackboneName = "mobilenet_v2_035"
    """Backbone to train, or FILE.py:FUNCTION; mobilenet_v2_tiny is 28 times smaller, for trials;
    ds_cnn suits sound and sensor windows, mlp tables"""
    stem_stride: Literal[1, 2] = 2
    """Stride of the first convolution; 1 keeps more detail of small images"""
    init: Path | None = None
    """Backbone (.safetensors) whose weights the training starts from, of the zoo say; default:
    weights drawn from the seed"""
    teacher: TeacherName = None
    """Frozen teacher of ca_dssl, seed and simreg: a name, a .safetensors or .pth checkpoint, an
    .onnx file, or FILE.py:CLASS"""
    teacher_arch: str | None = None
    """Architecture of a teacher that is a checkpoint: dino_vits16, …"""
    teacher_size: Annotated[int, Field(ge=16, le=1024)] | None = None
    """Side of the images that the teacher sees, in pixels; default: the teacher's own"""
    teacher_supervised: bool | None = None
    """Whether a teacher from a file was trained with labels, where the file does not tell"""
    teacher_mode: Literal["cached", "online"] = "cached"
    """cached: its features of a few fixed crops an image, computed once and kept on disk; online:
    of every view as it is drawn"""
    teacher_crops: Count = 2
    """Fixed crops an image and stage of the curriculum (cached mode)"""
    teacher_grid: Annotated[int, Field(ge=1, le=32)] = 4
    """Side of the square grid to which the teacher's tokens are pooled"""
    epochs: Count | None = None
    """Passes over the training images; default: 20, and on few images as many more as it takes to
    see 130,000 (at most 400 passes)"""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Images a step (each gives two views)"""
    optimizer: Literal["adamw", "lars"] = "adamw"
    """adamw, or lars, with which the authors of SwAV and arXiv 2210.02808 train on large batches"""
    lr: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate; default: 0.001 with adamw, 0.48 with lars"""
    lr_batch: Count | None = None
    """Images a step for which --lr is meant: with twice as many it is twice as high. Default: as
    many as there are with adamw, 256 with lars"""
    lr_start: NonNegative | None = None
    """Learning rate of the very first step; default: that of an even rise from 0"""
    lr_end: NonNegative | None = None
    """Learning rate of the last step, at the end of a cosine; default: 1e-6 with adamw, 0.0048 with
    lars"""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum of lars"""
    weight_decay: NonNegative | None = None
    """Weight decay; default: 0.05 with adamw, 1e-6 with lars"""
    warmup_epochs: NonNegative = 2
    """Epochs over which the learning rate rises linearly"""
    seed: Seed = 0
    """Seed of weights, order and augmentation"""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU when there is one"""
    amp: bool = True
    """Mixed precision (bfloat16) where the device is a GPU"""
    accumulate: Count = 1
    """Batches whose gradients are summed for one step: batch_size times this acts as the batch"""
    processes: ProcessCount = "auto"
    """Processes that share each batch on this computer's CPU, one thread each; auto: one a core
    where that pays; 1: one process, with the threads of OMP_NUM_THREADS"""
    sync_batch_norm: bool = True
    """Batch statistics over all processes, not over the part of each"""
    stop_on_collapse: bool = True
    """End the run when all embeddings become alike (exit code 3)"""
    checkpoint_every: Count = 1
    """Epochs between checkpoints"""
    checkpoint_seconds: NonNegative = 10
    """At least this long between checkpoints, where epochs are short"""
    knn_every: Annotated[int, Field(ge=0)] = 1
    """Epochs between looks at the accuracy of kNN on a few labelled images, only to be shown; 0:
    never"""
    keep_every: Annotated[int, Field(ge=0)] = 0
    """Epochs between backbones that stay in the run's folder `kept/`, for a learning curve; 0: none
    """
    tensorboard: bool = False
    """Write TensorBoard's event files too (into the run's folder `tensorboard/`)"""
    resume: Path | None = None
    """Folder of a pretrain run to go on with"""


@dataclass(frozen=True, config=STRICT)
class ProbeConfig:
    """Linear probe and kNN on frozen features."""

    run: Path | None = None
    """Pretrain run to evaluate; default: the last finished one"""
    backbone: Path | None = None
    """Backbone file (.safetensors) to evaluate in place of a run's"""
    epochs: Count = 20
    """Epochs of the linear probe; on few images more, up to 1,600 steps"""
    batch_size: Count = 1024
    """Features a step"""
    lrs: list[float] = Field(default_factory=lambda: [0.1, 0.3, 1.0, 3.0])
    """Learning rates to try, for a batch of 256 (scaled to the batch size in proportion); the best
    on the validation split is kept"""
    seeds: Count = 3
    """Probes with that rate; the accuracy is their mean, the head that is kept the first one"""
    knn: Count = 20
    """Neighbours of the kNN classifier"""
    seed: Seed = 0
    """Seed of the first probe"""
    baseline: bool = True
    """Also probe the same backbone with random weights, and classify the pixels without a network;
    the figures of an earlier probe of the same weights, images and settings are taken over"""
    folds: Annotated[int, Field(ge=0, le=20)] | None = None
    """Parts of a repeated stratified cross-validation over all labelled samples; 0: none. Default:
    5 where there are at most 1,000 of them, for then a test split alone tells little"""
    min_accuracy: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Smallest accuracy of the linear probe, in percent; less is exit code 3"""
    force: bool = False
    """Go on where the accuracy cannot be told from guessing, which else is exit code 3"""


@dataclass(frozen=True, config=STRICT)
class EvaluateConfig:
    """Few labels, fine-tuning and corrupted images, beyond the probe."""

    run: Path | None = None
    """Probe run (its float model) or convert run (its INT8 model) to evaluate; default: the last
    finished probe"""
    few_labels: list[Fraction] = Field(default_factory=lambda: [0.01, 0.1, 0.2])
    """Shares of the training labels on which linear probes are trained, one image a class at least;
    none: skip it (float only)"""
    subsets: Count = 3
    """Random subsets of each share; the accuracy is their mean"""
    finetune: list[Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=lambda: [1.0])
    """Shares of the training labels on which the whole backbone is trained on; none: skip it (float
    only)"""
    finetune_epochs: Count = 5
    """Epochs of it over all labels; over fewer labels as many more, but at most 10 times"""
    finetune_lr: Annotated[float, Field(gt=0)] = 1e-3
    """Its peak learning rate (AdamW, cosine to 0)"""
    finetune_batch: Annotated[int, Field(ge=2)] = 128
    """Images a step of it"""
    finetune_crop: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Smallest random crop of it, as a share of the image's area; 1: none"""
    finetune_flip: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Its probability of a horizontal flip (0 for writing)"""
    corruptions: list[str] = Field(default_factory=list)
    """Kinds of corruption; default: all 15"""
    corruption_images: Annotated[int, Field(ge=0)] = 1000
    """Test images that are corrupted in every kind at 5 levels; 0: skip it"""
    board: str | None = None
    """Also run the INT8 model on this emulated board (it is built and started for this)"""
    board_images: Count = 2
    """Test images that the board gets, each clean and in every kind and level; its serial line
    carries two or three a second"""
    seed: Seed = 0
    """Seed of the subsets, of fine-tuning, of the corruptions and of the choice of images"""


@dataclass(frozen=True, config=STRICT)
class ConvertConfig:
    """A trained backbone with its head, or any float model, to canonical INT8 TFLite."""

    run: Path | None = None
    """Probe run whose backbone and head are converted; default: the last finished one"""
    model: str | None = None
    """Float model of another framework in place of a run: .pt2, FILE.py:FACTORY (PyTorch), .onnx,
    .keras, .h5, a SavedModel folder, .tflite"""
    calibration: Path | None = None
    """What the model will see, for its activation ranges: a folder of pictures or .wav files, .npz,
    .npy, .csv (with --model)"""
    calibration_images: Count = 256
    """Samples over which activation ranges are measured"""
    ranges: Literal["minmax", "percentile", "mse"] = "minmax"
    """Activation ranges: minmax, the extremes; percentile, 99.99 % of the values; mse, with the
    least squared error of 8 bits"""
    equalise: bool = False
    """Scale the channels between two layers so that one activation range suits them all"""
    bias_correction: bool = False
    """Take what the rounding of the weights adds to each channel's mean off its bias"""
    finetune_epochs: Annotated[int, Field(ge=0)] = 0
    """Passes over the training samples (with --model, the calibration samples) in which the weights
    learn to live with the rounding of INT8; needs no labels"""
    int16_layers: Annotated[int, Field(ge=0)] = 0
    """Most activations that get 16 bits, the noisiest first, while more than --max-drop percent of
    the calibration samples have another answer than the float model's"""
    test_data: Path | None = None
    """Labelled samples that judge float and INT8 (with --model): a folder with a folder a class, or
    an .npz with `y`; they calibrate too where --calibration is not given"""
    labels: Path | None = None
    """Text file with the class of each score, a line each, with --test-data; default: the folders'
    names in alphabetical order"""
    pixels: str | None = None
    """What pixels 0 and 255 became in training, where pictures calibrate: LOW:HIGH (0:1, -1:1,
    0:255), or one pair a channel with commas between"""
    input_shape: list[str] = Field(default_factory=list)
    """Shape of each input as the framework has it, as 1x3x32x32; default: the model says it"""
    softmax: bool = True
    """End with SOFTMAX, so that the model gives probabilities (the MLPerf Tiny runner needs it)"""
    max_drop: NonNegative = 2.0
    """Largest loss of accuracy from float to INT8, in points; more is exit code 3. With
    --int16-layers it also chooses how many: enough of them that at most so many percent of the
    calibration samples have another answer"""


@dataclass(frozen=True, config=STRICT)
class VerifyConfig:
    """Byte equality with TFLite Micro on the host."""

    model: Path | None = None
    """INT8 .tflite; default: the last converted one"""
    images: Count = 256
    """Inputs to compare: test images where the model has some, random ones to fill up"""
    seed: Seed = 0
    """Seed of the random inputs"""
    max_drop: NonNegative = 2.0
    """Largest loss of accuracy from float to INT8, in points; more is exit code 3"""
    board: str | None = None
    """Also compare on this emulated board (it is built and started for this)"""
    strip_io: bool = False
    """Take QUANTIZE and DEQUANTIZE off float32 and uint8 ends: inputs and outputs are then int8,
    with the scale and zero point that the record names"""


@dataclass(frozen=True, config=STRICT)
class ReportConfig:
    """One page from the records."""

    run: Path | None = None
    """Bench run to report, or federate run; default: the last bench run"""
    out: Path | None = None
    """HTML file; default: report.html in the run's folder, with report.md beside it"""


STAGES: dict[str, type] = {
    "data": DataConfig,
    "pretrain": PretrainConfig,
    "probe": ProbeConfig,
    "evaluate": EvaluateConfig,
    "convert": ConvertConfig,
    "verify": VerifyConfig,
    "build": BuildConfig,
    "flash": FlashConfig,
    "bench": BenchConfig,
    "learn": LearnConfig,
    "federate": FederateConfig,
    "report": ReportConfig,
    "catalog": CatalogConfig,
    "serve": ServeConfig,
}
"""Stage name (also its table in tinyssl.toml) -> its config"""

__all__ = [
    "STAGES",
    "BenchConfig",
    "BuildConfig",
    "CatalogConfig",
    "ConvertConfig",
    "DataConfig",
    "EvaluateConfig",
    "FederateConfig",
    "FlashConfig",
    "LearnConfig",
    "PretrainConfig",
    "ProbeConfig",
    "ReportConfig",
    "ServeConfig",
    "VerifyConfig",
]
