"""The boot loader in the ROM of an ESP32-C3, as far as esptool talks to it, behind RFC 2217.

Frames and commands: ESP32-C3 Technical Reference Manual and esptool's "Serial Protocol" page. The
lines DTR and RTS come through RFC 2217 too: EN is low while RTS is raised, and GPIO9, which selects
download mode, while DTR is. Flash is a byte array; nothing else of the chip exists.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading

from serial import rfc2217

SYNC, READ_REG, WRITE_REG = 0x08, 0x0A, 0x09
FLASH_BEGIN, FLASH_DATA, FLASH_END, FLASH_MD5 = 0x02, 0x03, 0x04, 0x13
SECURITY_INFO = 0x14
CHIPS = {"esp32c3": 5, "esp32s3": 9}
FLASH_ID = 0x1640C8
SPI_W0 = 0x60002058
END, ESCAPE = 0xC0, 0xDB


class Lines:
    """What `rfc2217.PortManager` takes for a serial port; remembers the control lines."""

    def __init__(self):
        self.baudrate, self.bytesize, self.parity, self.stopbits = 115200, 8, "N", 1
        self.timeout = self.xonxoff = self.rtscts = False
        self.in_waiting = 0
        self.cts = self.dsr = self.ri = self.cd = False
        self.break_condition = False
        self._dtr = self._rts = False
        self.resets = []

    @property
    def dtr(self):
        return self._dtr

    @dtr.setter
    def dtr(self, value):
        self._dtr = bool(value)

    @property
    def rts(self):
        return self._rts

    @rts.setter
    def rts(self, value):
        if self._rts and not value:  # EN goes up: the chip starts, in the mode that GPIO9 says
            self.resets.append("download" if self._dtr else "run")
        self._rts = bool(value)

    def reset_input_buffer(self):
        pass

    reset_output_buffer = reset_input_buffer


class EspRom:
    """Serves one connection after another on a local port, until `close`."""

    def __init__(self, chip: str = "esp32c3", damaged: bool = False) -> None:
        self.chip = CHIPS[chip]
        self.damaged = damaged
        self.flash = bytearray(b"\xff" * 0x400000)
        self.written = 0
        self.lines = Lines()
        self._offset = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}?ign_set_control"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        class Writer:
            def write(self, data):
                connection.sendall(data)

        manager = rfc2217.PortManager(self.lines, Writer())
        buffer = bytearray()
        while True:
            try:
                data = connection.recv(4096)
            except OSError:
                return
            if not data:
                return
            buffer += b"".join(manager.filter(data))
            while (frame := _take(buffer)) is not None:
                for answer in self._answer(frame):
                    connection.sendall(b"".join(manager.escape(_slip(answer))))

    def _answer(self, frame: bytes) -> list[bytes]:
        if len(frame) < 8 or frame[0] != 0:
            return []
        op, size, _ = struct.unpack("<xBHI", frame[:8])
        body = frame[8 : 8 + size]
        value, reply = 0, b""
        if op == SYNC:
            return [_reply(op, 0, b"")] * 8
        if op == READ_REG:
            value = FLASH_ID if struct.unpack("<I", body)[0] == SPI_W0 else 0
        elif op == SECURITY_INFO:
            reply = struct.pack("<IB7sII", 0, 0, bytes(7), self.chip, 0)
        elif op == FLASH_BEGIN:
            erase, _, _, self._offset = struct.unpack("<4I", body[:16])
            self.flash[self._offset : self._offset + erase] = b"\xff" * erase
        elif op == FLASH_DATA:
            self._write(body)
        elif op == FLASH_MD5:
            address, count = struct.unpack("<2I", body[:8])
            reply = hashlib.md5(self.flash[address : address + count]).hexdigest().encode()
        return [_reply(op, value, reply)]

    def _write(self, body: bytes) -> None:
        count, number = struct.unpack("<2I", body[:8])
        data = bytearray(body[16 : 16 + count])
        if self.damaged:
            data[0] ^= 1
        place = self._offset + number * count
        self.flash[place : place + count] = data
        self.written += count


def _reply(op: int, value: int, body: bytes) -> bytes:
    status = bytes(4)
    return struct.pack("<BBHI", 1, op, len(body) + len(status), value) + body + status


def _slip(data: bytes) -> bytes:
    inside = data.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + inside + b"\xc0"


def _take(buffer: bytearray) -> bytes | None:
    """The next whole frame, without its ends and escapes."""
    while True:
        start = buffer.find(END)
        end = buffer.find(END, start + 1)
        if start < 0 or end < 0:
            return None
        frame = bytes(buffer[start + 1 : end])
        del buffer[: end if not frame else end + 1]
        if frame:
            return frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
