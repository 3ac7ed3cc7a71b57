"""Many graphs in one library of this computer: the kernels are compiled once, not once a graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from tests.ops.many_graphs import sources_of
from tests.ops.oracle import Graph, prepare
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


def pack(
    makers: Mapping[str, Callable[[], bytes]], isa: Isa, path: Path, fast: bool = False
) -> Library:
    """Compiles graphs into the library `path`, where another test worker has not done it yet.

    Args:
        makers: Name -> what makes its .tflite.
        isa: Whose kernels it holds.
        path: The library.
        fast: See `sources_of`.
    """
    graphs = {name: prepare(make(), isa=isa) for name, make in makers.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(path.with_suffix(".lock"))
    lock.take(wait=True)
    try:
        if not path.exists():
            programs = {f"case{i}": graph.program for i, graph in enumerate(graphs.values())}
            compile_sources(sources_of(programs, fast), path, (*FLAGS, "-shared", "-fPIC"))
    finally:
        lock.release()
    return Library(path, graphs, isa)
