"""Pretraining: one loop, exact resume."""
