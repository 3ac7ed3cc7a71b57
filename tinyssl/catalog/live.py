"""Live devices as RDF: who they are, what runs on them, how they are."""

from __future__ import annotations

from collections.abc import Collection

from tinyssl.catalog.describe import describe_system, sensors_of
from tinyssl.catalog.match import text
from tinyssl.catalog.names import board_iri, device_iri, model_iri
from tinyssl.catalog.store import GraphStore
from tinyssl.catalog.terms import RDF, S3N, SCHEMA, TD, TINY
from tinyssl.catalog.thing import LiveDevice
from tinyssl.catalog.triples import Description
from tinyssl.targets.boards import Board


def seen_before(store: GraphStore, there: Collection[str]) -> list[tuple[str, str, str, str]]:
    """Devices of the graph that are not `there`: name, kind of board, port, and when last seen."""
    rows = store.ask(
        "SELECT ?name ?board ?port ?seen WHERE { ?d a tiny:Device ; schema:serialNumber ?name ; "
        "tiny:lastSeen ?seen . OPTIONAL { ?d tiny:port ?port } "
        "OPTIONAL { ?d tiny:board [ schema:identifier ?board ] } } ORDER BY DESC(?seen) LIMIT 1000"
    )
    found = [
        (text(row["name"]), text(row["board"]), text(row["port"]), text(row["seen"]))
        for row in rows
    ]
    return [row for row in found if row[0] not in there]


def describe_device(device: LiveDevice, board: Board) -> Description:
    """One device that answered.

    Args:
        device: What it said.
        board: Its kind; RAM, flash and sensors are that one's.
    """
    iri, identity = device_iri(device.name), device.identity
    found = Description(iri, device.seen)
    found.add(iri, RDF.type, TINY.Device, S3N.SmartSensor)
    found.add(iri, TD.title, f"{device.board} {device.name}")
    found.add(iri, SCHEMA.serialNumber, device.name)
    found.add(iri, TD.description, f"{board.name} on {device.port}")
    found.add(iri, TINY.board, board_iri(board.id)).add(iri, TINY.emulated, device.emulated)
    found.add(iri, TINY.port, device.port).add(iri, TINY.lastSeen, device.seen)
    found.add(iri, TINY.runs, model_iri(identity.model_sha256))
    found.add(iri, TINY.image, identity.build_id).add(iri, TINY.engine, identity.engine)
    found.add(iri, TINY.reset, identity.reset).add(iri, TINY.health, device.health or "good")
    if device.stack_used:
        found.add(iri, TINY.stackUsed, device.stack_used)
    budget = board.tinyssl.budget
    describe_system(found, iri, (budget.ram, budget.flash), sensors_of(board))
    return found
