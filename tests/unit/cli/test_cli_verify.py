import json

from tests.networks import network, with_one_byte_changed
from tinyssl.compiler import compile
from tinyssl.frontends.tflite import write_model
from tinyssl.ops.common.weights import WeightedOp


def test_a_line_an_engine(workspace, invoke):
    (workspace / "model.tflite").write_bytes(write_model(network()))
    result = invoke("verify", "--model", "model.tflite", "--images", "16")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["tflm", "16", "of", "16", "0"] in lines
    assert ["aot-host", "16", "of", "16", "0"] in lines


def test_json_holds_every_engine(workspace, invoke):
    (workspace / "model.tflite").write_bytes(write_model(network()))
    result = invoke("verify", "--model", "model.tflite", "--images", "16", "--json")
    found = json.loads(result.stdout)
    text = json.dumps(found)
    assert '"aot-host": {"images": 16, "equal": 16, "max_difference": 0}' in text


def test_a_wrong_weight_is_exit_code_3_with_the_operator(workspace, invoke, monkeypatch):
    def with_a_wrong_weight(graph):
        program = compile(graph)
        op = program.graph.ops[1]
        assert isinstance(op, WeightedOp)
        return with_one_byte_changed(program, op.weight)

    monkeypatch.setattr("tinyssl.compiler.compile", with_a_wrong_weight)
    (workspace / "model.tflite").write_bytes(write_model(network()))
    result = invoke("verify", "--model", "model.tflite", "--images", "16")
    assert result.exit_code == 3
    assert "#1 DEPTHWISE_CONV_2D" in result.stderr
