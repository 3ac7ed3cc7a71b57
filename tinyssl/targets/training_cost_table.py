"""Written by `python -m tools.fit_training_cost`; do not edit."""

CONSTANTS: dict[str, dict[str, dict[str, float]]] = {}
ERRORS: dict[str, tuple[int, float, float]] = {}
