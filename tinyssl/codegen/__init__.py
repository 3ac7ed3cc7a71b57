"""From a planned model to C text."""
