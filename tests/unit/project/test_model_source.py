"""Where a model comes from decides whether its accuracy on the device can be measured."""

from pathlib import Path

from tinyssl.core.records import RunRecord, Workspace
from tinyssl.project.source import load_model


def converted(workspace: Workspace, model: Path) -> RunRecord:
    with workspace.start("convert", {}) as run:
        run.file("model", "model.tflite").write_bytes(model.read_bytes())
        run.file("float_model", "float.tflite").write_bytes(model.read_bytes())
        run.file("test", "test.npz").write_bytes(b"")
    return run.record


def test_last_conversion_brings_its_test_images(tiny_tflite, tmp_path):
    workspace = Workspace(tmp_path)
    run = converted(workspace, tiny_tflite)
    assert load_model(None, workspace).data_run == str(run.folder)


def test_converted_model_keeps_them_when_it_is_named(tiny_tflite, tmp_path):
    workspace = Workspace(tmp_path)
    run = converted(workspace, tiny_tflite)
    assert load_model(run.path("model"), workspace).data_run == str(run.folder)


def test_other_files_have_none(tiny_tflite, tmp_path):
    workspace = Workspace(tmp_path)
    run = converted(workspace, tiny_tflite)
    assert load_model(tiny_tflite, workspace).data_run == ""
    assert load_model(run.path("float_model"), workspace).data_run == ""
