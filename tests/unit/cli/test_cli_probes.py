"""`tinyssl flash --list-probes`, and what `tinyssl doctor` says of probes."""

import json
import os

import pytest

from tinyssl.cli import checks
from tinyssl.device import probes
from tinyssl.device.usb import RULES, UsbDevice


@pytest.fixture
def plugged(monkeypatch, tmp_path):
    """An ST-Link that this user may open, or not."""

    def plug(allowed):
        node = tmp_path / "007"
        node.touch()
        probe = UsbDevice("0483", "374e", "0042", "STLINK-V3", node)
        monkeypatch.setattr(os, "access", lambda path, mode: path != node or allowed)
        for module in (probes, checks):
            monkeypatch.setattr(module, "usb_devices", lambda: [probe])

    return plug


def test_probes_are_a_table_and_json(invoke, plugged):
    plugged(allowed=True)
    (probe,) = json.loads(invoke("flash", "--list-probes", "--json").stdout)["probes"]
    assert (probe["probe"], probe["ids"], probe["allowed"]) == ("0042", "0483:374e", True)
    assert "nucleo_h743zi" in probe["boards"]
    shown = invoke("flash", "--list-probes")
    assert shown.exit_code == 0
    assert "0042" in shown.stdout
    assert "udev" not in shown.stdout


def test_a_missing_rule_is_printed_with_the_file_it_goes_to(invoke, plugged):
    plugged(allowed=False)
    shown = invoke("flash", "--list-probes").stdout
    assert str(RULES) in shown
    assert 'ATTR{idVendor}=="0483"' in shown


def test_doctor_tells_how_to_open_an_attached_probe(invoke, plugged):
    def attached():
        found = json.loads(invoke("doctor", "--json").stdout)["checks"]
        return next(check for check in found if check["name"] == "attached probes")

    plugged(allowed=True)
    assert (attached()["state"], attached()["repair"]) == ("ok", "")
    plugged(allowed=False)
    assert attached()["state"] == "warn"
    assert 'ATTR{idProduct}=="374e"' in attached()["repair"]
    assert f"sudo tee -a {RULES}" in attached()["repair"]
