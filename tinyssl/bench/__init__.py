"""Measurements on a device: latency, profile, accuracy, agreement, memory."""
