"""Many graphs in one library of this computer: the kernels are compiled once, not once a graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from tests.ops.image import graph_sources
from tests.ops.oracle import Graph, prepare
from tinyssl.codegen.render import Sources
from tinyssl.core.locks import Lock
from tinyssl.runtimes.host import FLAGS, HostModel, compile_sources
from tinyssl.targets.boards import Isa

CALLS = ("init", "reset", "invoke", "invoke_profiled", "data", "op_output")


@dataclass(frozen=True)
class Library:
    """Graphs by name, and the file that holds the code of all."""

    path: Path
    graphs: Mapping[str, Graph]
    isa: Isa

    def model(self, name: str) -> HostModel:
        """One of its graphs, ready to run."""
        graph, number = self.graphs[name], list(self.graphs).index(name)
        return _Packed(graph, self.path, f"case{number}", self.isa)


class _Packed(HostModel):
    """A model whose functions have a prefix of their own in a library of many."""

    def __init__(self, graph: Graph, library: Path, prefix: str, isa: Isa) -> None:
        code = ctypes.CDLL(str(library))
        names = {f"tinyssl_model_{call}": getattr(code, f"{prefix}_{call}") for call in CALLS}
        self._attach(graph.program, SimpleNamespace(**names))


def pack(makers: Mapping[str, Callable[[], bytes]], isa: Isa, path: Path) -> Library:
    """Compiles graphs into the library `path`, where another test worker has not done it yet.

    Args:
        makers: Name -> what makes its .tflite.
        isa: Whose kernels it holds.
    """
    graphs = {name: prepare(make(), isa=isa) for name, make in makers.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(path.with_suffix(".lock"))
    lock.take(wait=True)
    try:
        if not path.exists():
            sources: Sources = {}
            for number, graph in enumerate(graphs.values()):
                found, _ = graph_sources(graph.program, f"case{number}")
                for name, text in found.items():
                    assert sources.setdefault(name, text) == text, f"two texts of {name}"
            compile_sources(sources, path, (*FLAGS, "-shared", "-fPIC"))
    finally:
        lock.release()
    return Library(path, graphs, isa)
