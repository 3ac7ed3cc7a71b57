"""W3C Thing Descriptions of boards and devices.

They are of TD 1.1 (https://www.w3.org/TR/wot-thing-description11/). A thing is read over its serial
line: properties are answers of the firmware (docs/PROTOCOL.md), the action is an inference. Of a
kind of board, whose port nobody knows yet, the base is the board's name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tinyssl.catalog.names import board_iri, device_iri
from tinyssl.device.protocol import Identity
from tinyssl.targets.boards import Board

CONTEXT = [
    "https://www.w3.org/2022/wot/td/v1.1",
    {"tiny": "urn:tinyssl:ns#", "s3n": "http://w3id.org/s3n/"},
]
READ = "readproperty"
INTEGER = {"type": "integer", "minimum": 0, "unit": "byte"}
PROPERTIES: dict[str, tuple[str, dict[str, Any]]] = {
    "model": ("Name of the model that runs", {"type": "string"}),
    "build": ("Build id of the image: 16 hex digits", {"type": "string"}),
    "flash": ("Bytes of flash that the image takes", INTEGER),
    "ram": ("Bytes of RAM that the image takes, stack included", INTEGER),
    "reset": ("Why the board started last", {"type": "string"}),
}
"""Name -> what it says, and its data schema; all are members of `Identity`"""


@dataclass(frozen=True)
class LiveDevice:
    """A board that answered."""

    name: str
    """Serial number of its USB port, else the port"""
    board: str
    port: str
    baud: int
    identity: Identity
    seen: str
    """UTC, ISO 8601"""
    health: str = ""
    """What its firmware warns of; empty: nothing"""
    emulated: bool = False
    stack_used: int = 0
    """Bytes, most that was ever in use; 0: unknown"""


def board_thing(board: Board) -> dict[str, Any]:
    """The description of a kind of board, as JSON."""
    found = _thing(board_iri(board.id).value, board.id, board.name, f"tinyssl://{board.id}/")
    found["tiny:isa"] = str(board.tinyssl.isa)
    found["tiny:freeRam"] = board.tinyssl.budget.ram
    found["tiny:freeFlash"] = board.tinyssl.budget.flash
    found["tiny:hasSensor"] = list(board.tinyssl.sensors)
    return found


def device_thing(device: LiveDevice) -> dict[str, Any]:
    """The description of one device, with its model's input and output."""
    base = f"serial://{device.port}?baud={device.baud}"
    title = f"{device.board} {device.name}"
    found = _thing(device_iri(device.name).value, title, f"{device.board} on {device.port}", base)
    identity = device.identity
    found["tiny:board"] = board_iri(device.board).value
    found["version"] = {"instance": identity.build_id}
    codes = {"type": "integer", "minimum": -128, "maximum": 127}
    for end, count in (("input", identity.input_bytes), ("output", identity.output_bytes)):
        found["actions"]["infer"][end] = {
            "type": "array", "items": codes, "minItems": count, "maxItems": count,
        }  # fmt: skip
    return found


def _thing(iri: str, title: str, description: str, base: str) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "@type": "s3n:SmartSensor",
        "id": iri,
        "title": title,
        "description": description,
        "securityDefinitions": {"nosec_sc": {"scheme": "nosec"}},
        "security": "nosec_sc",
        "base": base,
        "properties": {
            name: {
                "description": words,
                "readOnly": True,
                "observable": False,
                "forms": [{"href": f"#{name}", "op": READ, "contentType": "text/plain"}],
                **schema,
            }
            for name, (words, schema) in PROPERTIES.items()
        },
        "actions": {
            "infer": {
                "description": "One inference",
                "safe": True,
                "idempotent": True,
                "forms": [
                    {
                        "href": "#infer",
                        "op": "invokeaction",
                        "contentType": "application/octet-stream",
                    }
                ],
            }
        },
    }


def sizes(thing: dict[str, Any]) -> tuple[int, int]:
    """Bytes of a description as compact JSON, and as CBOR (RFC 8949)."""
    import cbor2

    compact = json.dumps(thing, separators=(",", ":"), ensure_ascii=False).encode()
    return len(compact), len(cbor2.dumps(thing))
