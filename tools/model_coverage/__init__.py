"""How many models of a folder tinyssl takes; see `__main__`."""
