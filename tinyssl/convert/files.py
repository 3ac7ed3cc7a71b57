"""Files of a convert run, and the seed of its choice of samples."""

MODEL_FILE = "model.tflite"
FLOAT_FILE = "float.tflite"
TEST_FILE = "test.npz"
CALIBRATION_FILE = "calibration.npz"
LAYERS_FILE = "layers.json"
LOG_FILE = "converter.log"
CALIBRATION_SEED = 0
