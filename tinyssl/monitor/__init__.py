"""What you see while a stage runs: progress bars, log lines, and the live view of a training."""
