"""The stage on real images: pretrain and probe as users run them, at their smallest."""

from dataclasses import replace

import numpy as np
import pytest

from tinyssl.core.config import ConvertConfig, DataConfig, PretrainConfig, ProbeConfig, VerifyConfig
from tinyssl.core.errors import DataError, UsageError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace, write_json
from tinyssl.data import load_dataset
from tinyssl.frontends.tflite import is_canonical, read_model
from tinyssl.stages.convert import convert
from tinyssl.stages.convert_probe import calibration_indices
from tinyssl.stages.verify import verify


def test_without_a_probe_run_the_hint_names_the_command(tmp_path):
    with pytest.raises(UsageError) as caught:
        convert(ConvertConfig(), Workspace(tmp_path), Silent())
    assert "tinyssl probe" in caught.value.hint


def test_a_run_of_another_kind_is_refused(tmp_path):
    workspace = Workspace(tmp_path)
    with workspace.start("bench", {}) as run:
        pass
    with pytest.raises(UsageError, match="is a bench run"):
        convert(ConvertConfig(run=run.folder), workspace, Silent())


def test_calibration_images_are_training_images_drawn_once() -> None:
    dataset = load_dataset(DataConfig(image_size=8))
    chosen = calibration_indices(dataset, 100)
    assert len(set(chosen.tolist())) == 100
    assert set(chosen.tolist()) <= set(dataset.train.tolist())
    np.testing.assert_array_equal(chosen, calibration_indices(dataset, 100))
    assert len(calibration_indices(dataset, 10**6)) == len(dataset.train)


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    from tinyssl.stages.pretrain import pretrain
    from tinyssl.stages.probe import probe

    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    training = PretrainConfig(backbone="mobilenet_v2_tiny", epochs=1, device="cpu")
    pretrain(training, DataConfig(), workspace, Silent())
    probe(ProbeConfig(epochs=10), None, workspace, Silent())
    return workspace


@pytest.mark.slow
class TestStage:
    def test_stores_what_later_stages_read(self, probed):
        record = convert(ConvertConfig(max_drop=100), probed, Silent())
        data = record.path("model").read_bytes()
        model = read_model(data)
        assert is_canonical(data) == []
        assert record.results["model_bytes"] == len(data)
        assert (record.results["input_bytes"], record.results["output_bytes"]) == (32 * 32 * 3, 10)
        assert {op.kind for op in model.ops} <= {
            "CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MEAN", "FULLY_CONNECTED", "SOFTMAX",
        }  # fmt: skip
        with np.load(record.path("test")) as test:
            assert test["samples"].dtype == np.uint8
            assert test["samples"].shape == (record.results["test_images"], 32, 32, 3)
            assert test["labels"].shape == (record.results["test_images"],)
            assert len(test["class_names"]) == 10

    def test_float_accuracy_is_that_of_the_probe(self, probed):
        accuracy = probed.latest("convert").results["accuracy_float"]
        assert accuracy == pytest.approx(probed.latest("probe").results["accuracy"], abs=0.006)

    def test_again_gives_the_same_bytes(self, probed):
        first = probed.latest("convert").path("model").read_bytes()
        again = convert(ConvertConfig(max_drop=100), probed, Silent())
        assert again.path("model").read_bytes() == first

    def test_without_softmax_the_model_gives_logits(self, probed):
        record = convert(ConvertConfig(softmax=False, max_drop=100), probed, Silent())
        assert read_model(record.path("model").read_bytes()).ops[-1].kind == "FULLY_CONNECTED"

    def test_verify_takes_the_last_converted_model(self, probed):
        record = verify(VerifyConfig(max_drop=100), probed)
        assert (record.results["images"], record.results["equal"]) == (256, 256)

    def test_all_that_quantises_better_works_together(self, probed):
        config = ConvertConfig(
            ranges="mse", equalise=True, bias_correction=True, finetune_epochs=1, max_drop=100
        )
        results = convert(config, probed, Silent()).results
        assert 0 < results["finetune_loss_after"] <= results["finetune_loss_before"]
        assert results["corrected_layers"] > 10

    def test_changed_images_are_refused(self, probed, tmp_path):
        source = probed.latest("probe")
        moved = replace(source, data=source.data | {"fingerprint": "0" * 64})
        content = {"schema": 1} | {k: v for k, v in vars(moved).items() if k != "folder"}
        other = tmp_path / source.folder.name
        other.mkdir()
        write_json(other / "record.json", content)
        with pytest.raises(DataError, match="have changed"):
            convert(ConvertConfig(run=other), probed, Silent())
