"""Operators of a training step: losses, errors on their way back, updates of parameters.

An *error* is the derivative of the loss by a value, of the value's shape, float32. No .tflite has
these operators: `graph.training` puts them behind those of the inference.
"""
