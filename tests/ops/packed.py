"""Many graphs in one library of this computer: the kernels are compiled once, not once a graph."""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from tests.ops.many_graphs import sources_of
from tests.ops.oracle import Graph, prepare
from tinyssl.core.host_compiler import FLAGS, compile_sources, find_compiler
from tinyssl.core.locks import Lock
from tinyssl.core.sources import Sources, write_sources
from tinyssl.runtimes.host import HostModel
from tinyssl.targets.boards import Isa

CALLS = ("init", "reset", "invoke", "invoke_profiled", "data", "op_output")
LIBRARY = (*FLAGS, "-fPIC")


@dataclass(frozen=True)
class Library:
    """Graphs by name, and the file that holds the code of all."""

    path: Path
    makers: Mapping[str, Callable[[], bytes]]
    isa: Isa
    _graphs: dict[str, Graph] = field(default_factory=dict)

    def graph(self, name: str) -> Graph:
        """One of them, prepared when it is first asked for."""
        if name not in self._graphs:
            self._graphs[name] = prepare(self.makers[name](), isa=self.isa)
        return self._graphs[name]

    def data(self, name: str) -> bytes:
        """Its .tflite."""
        return self.graph(name).data

    def model(self, name: str) -> HostModel:
        """One of its graphs, ready to run."""
        return _Packed(self.graph(name), self.path, f"case{list(self.makers).index(name)}")


class _Packed(HostModel):
    """A model whose functions have a prefix of their own in a library of many."""

    def __init__(self, graph: Graph, library: Path, prefix: str) -> None:
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
        path: The library. Beside it lie objects of kernels, for the next one.
        fast: See `sources_of`.
    """
    library = Library(path, makers, isa)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(path.with_suffix(".lock"))
    lock.take(wait=True)
    try:
        if not path.exists():
            programs = {f"case{i}": library.graph(name).program for i, name in enumerate(makers)}
            _compile(sources_of(programs, fast), path)
    finally:
        lock.release()
    return library


def _compile(sources: Sources, path: Path) -> None:
    kernels = [name for name in sources if name.startswith("kernels/") and name.endswith(".c")]
    objects = _objects(sources, kernels, path.parent)
    own = {name: text for name, text in sources.items() if name not in kernels}
    compile_sources(own, path, (*LIBRARY, "-shared", *map(str, objects)))


def _objects(sources: Sources, kernels: list[str], folder: Path) -> list[Path]:
    """An object a kernel file; those compiled here that no library of the session had yet."""
    objects = {}
    for name in kernels:
        mark = hashlib.sha256(sources[name].encode()).hexdigest()[:16]
        objects[name] = folder / f"{Path(name).stem}-{mark}.o"
    missing = [name for name, path in objects.items() if not path.exists()]
    if missing:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            write_sources(sources, Path(scratch))
            command = [find_compiler(), *LIBRARY, "-c", "-I", ".", *missing]
            subprocess.run(command, cwd=scratch, check=True)
            for name in missing:
                (Path(scratch) / Path(name).name).with_suffix(".o").replace(objects[name])
    return list(objects.values())
