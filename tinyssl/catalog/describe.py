"""Models, boards and fits as RDF, in the words of `terms.py`."""

from __future__ import annotations

from pyoxigraph import BlankNode, NamedNode

from tinyssl.catalog.facts import LayerFacts, ModelFacts
from tinyssl.catalog.fit import Fit
from tinyssl.catalog.names import board_iri, data_iri, fit_iri, model_iri, run_iri
from tinyssl.catalog.quantity_triples import KILO, number
from tinyssl.catalog.terms import (
    NNET,
    OM,
    PROV,
    RDF,
    RDFS,
    S3N,
    S3N_EXTEND,
    SCHEMA,
    SENSORS,
    SSN,
    SSN_EXTEND,
    SYSTEM,
    TD,
    TINY,
)
from tinyssl.catalog.triples import Description
from tinyssl.targets.boards import Board

CATEGORIES = {"classification": "Classification", "detection": "ObjectDetection",
              "features": "FeatureExtraction", "autoencoder": "Unsupervised"}  # fmt: skip
"""Task -> category of the network schema"""


def describe_model(facts: ModelFacts) -> Description:
    """A model: what its file says, what it needs at least, and who made it of what."""
    iri, origin = model_iri(facts.sha256), facts.origin
    found = Description(iri)
    found.add(iri, RDF.type, NNET.NeuralNetwork)
    found.add(iri, SCHEMA.name, origin.name).add(iri, SCHEMA.identifier, facts.sha256)
    found.add(iri, SCHEMA.description, origin.description)
    found.add(iri, SCHEMA.runtimePlatform, "TensorFlow Lite Micro", "tinyssl")
    found.add(iri, SCHEMA.contentSize, facts.bytes).add(iri, SCHEMA.contentUrl, origin.file)
    found.add(iri, SCHEMA.license, origin.licence)
    found.add(iri, NNET.hasMultiplyAccumulateOps, facts.macs)
    if origin.task in CATEGORIES:
        found.add(iri, NNET.hasCategory, NNET[CATEGORIES[origin.task]])
    found.add(iri, TINY.task, origin.task).add(iri, TINY.classLabel, *origin.classes)
    found.add(iri, TINY.operator, *facts.operators).add(iri, TINY.problem, *facts.problems)
    _describe_ends(found, facts)
    _describe_needs(found, facts)
    _describe_layers(found, facts.layers)
    if origin.data:
        found.add(iri, NNET.trainingDataset, data_iri(origin.data))
        found.add(data_iri(origin.data), RDF.type, SCHEMA.Dataset)
        found.add(data_iri(origin.data), SCHEMA.name, origin.data_name)
        found.add(data_iri(origin.data), SCHEMA.license, origin.data_licence)
    found.add(iri, TINY.teacher, origin.teacher)
    if origin.record:
        found.add(iri, PROV.wasGeneratedBy, run_iri(origin.record))
    found.quantities(iri, TINY.accuracy, origin.accuracies)
    for accuracy in origin.accuracies:
        node = found.node(iri, NNET.hasMetric, NNET.Top_1_accuracy)
        found.add(node, NNET.hasMetricValue, number(100 * accuracy.value))
    return found


def _describe_ends(found: Description, facts: ModelFacts) -> None:
    entry = found.node(found.iri, SSN.hasInput, NNET.NetworkInput)
    leaving = found.node(found.iri, SSN.hasOutput, NNET.NetworkOutput)
    for node, tensors in ((entry, facts.inputs), (leaving, facts.outputs)):
        for tensor in tensors:
            inner = found.node(node, TINY.tensor, TINY.Tensor)
            found.add(inner, SCHEMA.name, tensor.name).add(inner, TINY.dtype, tensor.dtype)
            found.add(inner, TINY.shape, " ".join(map(str, tensor.shape)))
    for sensor in facts.origin.sensors:
        node = BlankNode()
        found.add(node, RDF.type, SENSORS[sensor]).add(node, SSN_EXTEND.provideInput, entry)
        found.add(found.iri, TINY.needsSensor, SENSORS[sensor])


def _describe_needs(found: Description, facts: ModelFacts) -> None:
    """Least RAM and flash, as the network schema has them, and in bytes."""
    for kind, amount, exact in (
        (S3N_EXTEND.RAM, facts.arena_bytes, TINY.needsRam),
        (S3N_EXTEND.Flash, facts.constant_bytes or facts.bytes, TINY.needsFlash),
    ):
        feature = found.node(found.iri, S3N.hasProcedureFeature, S3N.ProcedureFeature)
        need = found.node(feature, SYSTEM.inCondition, kind)
        found.add(need, SCHEMA.minValue, number(amount / KILO)).add(
            need, SCHEMA.unitCode, OM.kilobyte
        )
        found.add(found.iri, exact, amount)


def _describe_layers(found: Description, layers: tuple[LayerFacts, ...]) -> None:
    last = len(layers) - 1
    for layer in layers:
        ends = {0: NNET.inputLayer, last: NNET.outputLayer}
        node = found.node(found.iri, ends.get(layer.index, NNET.middleLayer), NNET.Layer)
        found.add(node, NNET.hasIndex, layer.index).add(node, NNET.hasType, NNET[layer.kind])
        found.add(node, NNET.hasQuantization, NNET[layer.quantisation])
        found.add(node, NNET.shapeIn, layer.shape_in).add(node, NNET.shapeOut, layer.shape_out)
        found.add(node, NNET.hasMultiplyAccumulateOps, layer.macs)


def describe_board(board: Board) -> Description:
    """A kind of board: what a program may take of it, and its sensors."""
    iri, section = board_iri(board.id), board.tinyssl
    found = Description(iri)
    found.add(iri, RDF.type, TINY.Board, S3N.SmartSensor)
    found.add(iri, SCHEMA.identifier, board.id).add(iri, SCHEMA.name, board.name)
    found.add(iri, TD.title, board.id).add(iri, TD.description, board.name)
    found.add(iri, SCHEMA.manufacturer, board.vendor).add(iri, SCHEMA.url, board.url)
    found.add(iri, TINY.isa, str(section.isa)).add(iri, TINY.clock, section.clock_hz)
    found.add(iri, TINY.emulated, board.emulated)
    for region in section.regions:
        node = found.node(iri, TINY.region, TINY.MemoryRegion)
        found.add(node, SCHEMA.name, region.name).add(node, SCHEMA.contentSize, region.size)
        found.add(node, TINY.holds, *region.use).add(node, PROV.wasDerivedFrom, region.source)
    describe_system(found, iri, (section.budget.ram, section.budget.flash), sensors_of(board))
    return found


def sensors_of(board: Board) -> tuple[str, ...]:
    """Those on the board; an emulated one is sent samples over the line, whatever they are of."""
    return tuple(SENSORS if board.emulated else board.tinyssl.sensors)


def describe_system(
    found: Description, iri: NamedNode, free: tuple[int, int], sensors: tuple[str, ...]
) -> None:
    """What a board or device offers, as the network schema has it, and in bytes.

    Args:
        found: Takes the triples.
        iri: The board or device.
        free: Bytes of RAM and of flash.
        sensors: Names of `SENSORS`.
    """
    for sensor in sensors:
        found.node(iri, SSN.hasSubSystem, SENSORS[sensor])
        found.add(iri, TINY.hasSensor, SENSORS[sensor])
    core = found.node(iri, SSN.hasSubSystem, S3N.MicroController)
    capability = found.node(core, S3N.hasSystemCapability, S3N.SystemCapability)
    kinds = (S3N_EXTEND.RAM, TINY.freeRam), (S3N_EXTEND.Flash, TINY.freeFlash)
    for amount, (kind, exact) in zip(free, kinds, strict=True):
        node = found.node(capability, SYSTEM.hasSystemProperty, kind)
        found.add(node, SCHEMA.value, number(amount / KILO))
        found.add(node, SCHEMA.unitCode, OM.kilobyte)
        found.add(iri, exact, amount)


def describe_fit(fit: Fit) -> Description:
    """A model on a kind of board: whether it runs, what it takes, why not."""
    iri = fit_iri(fit.sha256, fit.board)
    found = Description(iri)
    found.add(iri, RDF.type, TINY.Fit)
    found.add(iri, TINY.model, model_iri(fit.sha256)).add(iri, TINY.board, board_iri(fit.board))
    found.add(iri, TINY.fits, fit.fits).add(iri, TINY.reason, *fit.reasons)
    found.add(iri, RDFS.label, f"{fit.sha256[:12]} on {fit.board}")
    found.quantities(iri, TINY.takes, fit.quantities)
    return found
