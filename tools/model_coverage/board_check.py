"""One model on an emulated board, in a process that it may end.

    python -m tools.model_coverage.board_check FILE BOARD INPUTS FOLDER

FOLDER is a workspace. It may hold the build of another model: what both have is compiled once.
Prints one line of JSON: fields of `Row`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tinyssl.core.config import BuildConfig, VerifyConfig
from tinyssl.core.errors import BudgetExceeded, Mismatch, TinysslError
from tinyssl.core.progress import Silent
from tinyssl.core.records import Workspace
from tinyssl.stages.build import build
from tinyssl.stages.verify_board import compare_on_board
from tools.model_coverage.row import DIFFERS, EQUAL, FAILED, TOO_LARGE, short

SEED = 0
ALL = 1 << 32
"""Bytes: the board's memory is the limit, not the budget that its file gives a user"""


def check_board(path: Path, board: str, inputs: int, folder: Path) -> dict[str, Any]:
    """Fields of the model's `Row`."""
    workspace = Workspace(folder)
    found: dict[str, Any] = {}
    try:
        info = build(
            BuildConfig(board=board, model=path, check=False, flash_budget=ALL, ram_budget=ALL),
            workspace,
        )
        found = {f"board_{name}": info.sizes[name] for name in ("flash", "ram")}
        config = VerifyConfig(model=path, board=board, images=inputs, seed=SEED)
        done = compare_on_board(config, workspace, Silent())
    except BudgetExceeded as error:
        return {"board_result": f"{TOO_LARGE}: {_bytes(error.message)}"}
    except Mismatch as error:
        return found | {"board_result": f"{DIFFERS}: {short(error.message)}"}
    except TinysslError as error:
        return found | {"board_result": f"{FAILED}: {short(error.message)}"}
    return found | {"board_result": EQUAL, "board_inputs": done["inputs"]}


def _bytes(message: str) -> str:
    """What a build says of sizes, without what it says of itself."""
    return short(message).removeprefix("does not fit: ").removesuffix("; nothing was compiled")


if __name__ == "__main__":
    file, name, count, place = sys.argv[1:]
    result = check_board(Path(file), name, int(count), Path(place))
    sys.stdout.write("\n" + json.dumps(result) + "\n")
