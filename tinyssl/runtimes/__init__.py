"""What runs a model: our C on this computer, TensorFlow Lite Micro, LiteRT."""
