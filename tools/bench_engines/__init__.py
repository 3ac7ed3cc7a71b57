"""Engines side by side: instructions, flash and RAM of the same models in the same bare program."""
