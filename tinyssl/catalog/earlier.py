"""The state of a store before an import: kept beside it, and put back where that does not end."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Store as Oxigraph


@dataclass(frozen=True)
class Earlier:
    """A copy of a store on disk. Its files are hard links, so it takes neither time nor space.

    The copy gets its name when it is whole, and loses it before it is removed: whenever the
    process is killed, a copy of that name is a whole one.
    """

    folder: Path
    """Of the store"""

    @property
    def _copy(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.earlier")

    @property
    def _rest(self) -> Path:
        """What is not whole: half made, or on its way out."""
        return self.folder.with_name(f"{self.folder.name}.rest")

    def is_kept(self) -> bool:
        """Whether an import began that did not end."""
        return self._copy.is_dir()

    def keep(self, graph: Oxigraph) -> None:
        """Copies the store, which is open."""
        self._clear()
        graph.backup(str(self._rest))
        self._rest.rename(self._copy)

    def forget(self) -> None:
        """The import has ended."""
        self._copy.rename(self._rest)
        self._clear()

    def restore(self) -> None:
        """Puts the copy in the place of the store, which must not be open."""
        self._clear()
        if self.folder.exists():
            self.folder.rename(self._rest)
        self._copy.rename(self.folder)
        self._clear()

    def _clear(self) -> None:
        if self._rest.exists():
            shutil.rmtree(self._rest)
