"""The networks and devices that Ren, Anicic and Runkler describe, as Turtle in their schema.

Figures as in their files (How-to-Manage-TinyML-at-Scale, semantic_schema/): RAM and flash in
kilobytes, multiply-accumulates, top-1 accuracy in percent where one is given.
"""

from __future__ import annotations

from pathlib import Path

SPEECH = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
MOTION = "Accelerometer Gyroscope"
NETWORKS: tuple[tuple[str, float, float, int, str, float], ...] = (
    ("ARM_CNN_Small_keyword_spotting", 15.168, 76.752, 2498304, "Microphone", 91.4),
    ("ARM_DS_CNN_Small_", 32.528, 47.616, 2656768, "Microphone", 93.5),
    ("ARM_MicroNet_Small_anomaly_detection", 128.256, 252.848, 18740190, "Microphone", 95.5),
    ("ARM_MicroNet_VWW_3", 206.976, 542.4, 22565040, "Camera", 85.5),
    ("Anomaly_Detection_Autoencoder", 2.816, 4.736, 1008, "Accelerometer", 0),
    ("Hello_World", 1.936, 2.472, 288, "OtherSensor", 0),
    ("Magic_Wand_1", 16.784, 19.616, 62016, "Accelerometer", 0),
    ("Magic_Wand_2", 12.08, 31.256, 701056, MOTION, 0),
    ("Mapping_Dance", 4.848, 147.828, 36495, MOTION, 0),
    ("Micro_Speech_Forward_Backward", 10.48, 18.856, 336000, "Microphone", 0),
    ("Micro_Speech_Up_Down_Go", 8.08, 22.712, 340000, "Microphone", 0),
    ("Micro_Speech_Yes_No_1", 8.08, 18.712, 336000, "Microphone", 92.1),
    ("Micro_Speech_Yes_No_2", 8.8, 8.864, 381824, "Microphone", 82.3),
    ("Micro_Speech_Yes_No_3", 10.48, 18.856, 336000, "Microphone", 93.2),
    ("Micro_Speech_Yes_No_4", 8.8, 8.864, 381824, "Microphone", 83),
    ("Motion_Trainer_Left_Right", 4.048, 18.48, 15780, MOTION, 99.1),
    ("Motion_Trainer_Up_Forward", 4.048, 18.48, 15780, MOTION, 99.2),
    ("Move", 2.848, 6.48, 3780, MOTION, 0),
    ("Person_Detection", 94.128, 236.072, 7158144, "Camera", 0),
    ("Snoring_Guardian", 25.968, 219.896, 2119808, "Microphone", 94.6),
    ("Squats_Counter", 2.224, 17.048, 3780, MOTION, 0),
    ("Visual_Alarm_Clock", 116.48, 531.624, 7387976, "Camera", 0),
    ("Voice_Turn", 6.288, 8.048, 26032, "Microphone", 0),
)
"""Name, RAM, flash, multiply-accumulates, sensors, accuracy (0: none given)"""
DEVICES: tuple[tuple[str, float, float, str], ...] = (
    ("nano_33_ble", 172, 628, "Accelerometer Gyroscope Magnetometer Microphone Thermometer"),
    ("nano_kit", 187, 785, "Accelerometer Camera Gyroscope Magnetometer Microphone Thermometer"),
    ("ssi_web", 86, 348, "Accelerometer Gyroscope Thermometer"),
    ("pybadge", 109, 385, "Accelerometer"),
    ("tflm_kit", 96, 245, "Accelerometer Microphone"),
    ("syntiant", 25, 1883, "Accelerometer Gyroscope Microphone"),
)
"""Name, free RAM, free flash, sensors"""
INSTANCES = "http://tinyml-schema.org/"
ONTOLOGY = "https://w3id.org/tinyml-schema/neural-network-schema"

_PREFIXES = """\
@prefix nnet: <{nnet}> .
@prefix s3n: <http://w3id.org/s3n/> .
@prefix s3n_extend: <{base}s3n_extend/> .
@prefix sosa_extend: <{base}sosa_extend/> .
@prefix ssn_extend: <{base}ssn_extend/> .
@prefix ssn: <http://www.w3.org/ns/ssn/> .
@prefix ssn-system: <http://www.w3.org/ns/ssn/systems/> .
@prefix schema: <https://schema.org/> .
@prefix om: <http://www.ontology-of-units-of-measure.org/resource/om-2/> .
@prefix td: <https://www.w3.org/2019/wot/td#> .
"""


def prefixes(ontology: bool = False) -> str:
    """With the IRIs of the instance files, or those of the ontology file."""
    if ontology:
        return _PREFIXES.format(nnet=f"{ONTOLOGY}#", base=f"{ONTOLOGY}/")
    return _PREFIXES.format(nnet=f"{INSTANCES}networkschema#", base=INSTANCES)


def network(row: tuple[str, float, float, int, str, float]) -> str:
    name, ram, flash, macs, sensors, accuracy = row
    words = "yes/no" if "Yes_No" in name else "something else"
    needs = "".join(
        f"  s3n:hasProcedureFeature [ ssn-system:inCondition [ a s3n_extend:{kind} ; "
        f"schema:minValue {amount} ; schema:unitCode om:kilobyte ] ] ;\n"
        for kind, amount in (("RAM", ram), ("Flash", flash))
    )
    feeds = "".join(
        f"[] a sosa_extend:{sensor} ; ssn_extend:provideInput <urn:in:{name}> .\n"
        for sensor in sensors.split()
    )
    return (
        f"<urn:net:{name}> a nnet:NeuralNetwork ;\n{needs}"
        f'  schema:name "{name}" ; schema:description "a NN for {words}" ;\n'
        f"  nnet:trainingDataset <{SPEECH if 'Speech' in name else 'urn:other'}> ;\n"
        f"  nnet:hasMetric [ a nnet:Top_1_accuracy ; nnet:hasMetricValue {accuracy} ] ;\n"
        f"  nnet:hasMultiplyAccumulateOps {macs} ; ssn:hasInput <urn:in:{name}> .\n{feeds}"
    )


def device(row: tuple[str, float, float, str]) -> str:
    name, ram, flash, sensors = row
    has = "".join(f"  ssn:hasSubSystem [ a sosa_extend:{kind} ] ;\n" for kind in sensors.split())
    return (
        f'<urn:dev:{name}> a s3n:SmartSensor ;\n{has}  td:title "{name}" ;\n'
        f'  td:description "{name}" ;\n'
        "  ssn:hasSubSystem [ a s3n:MicroController ; s3n:hasSystemCapability [\n"
        f"    ssn-system:hasSystemProperty [ a s3n_extend:RAM ; schema:value {ram} ; "
        "schema:unitCode om:kilobyte ] ,\n"
        f"      [ a s3n_extend:Flash ; schema:value {flash} ; schema:unitCode om:kilobyte ] ] ] .\n"
    )


def write(folder: Path, *, ontology: bool = False) -> list[Path]:
    """Two files in a folder: networks and devices."""
    networks, devices = folder / "networks.ttl", folder / "devices.ttl"
    networks.write_text(prefixes(ontology) + "".join(map(network, NETWORKS)))
    devices.write_text(prefixes(ontology) + "".join(map(device, DEVICES)))
    return [networks, devices]
