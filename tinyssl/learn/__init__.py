"""Training: backbones, self-supervised methods, teachers, the trainer and probes."""
