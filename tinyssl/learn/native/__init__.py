"""Parts of a training step in C, compiled for this computer when they are first used."""
