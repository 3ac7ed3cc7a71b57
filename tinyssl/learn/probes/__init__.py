"""Measuring frozen features with labels."""
