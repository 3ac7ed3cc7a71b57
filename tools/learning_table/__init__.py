"""Tasks that a device learns, measured in float, on this computer and on a board."""
