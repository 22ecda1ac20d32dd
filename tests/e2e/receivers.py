"""Syslog receivers that behave badly, as processes of their own: `python receivers.py PORT KIND HOW FOLDER [CERTIFICATE KEY]`.

KIND is tcp, tls or relp. What each connection's program has read goes to a file of its own in the folder. HOW:

reads: everything, at once.   hangs: accepts, reads a little, and nothing more.   mute: accepts and reads nothing.
stalls: reads two megabytes as fast as it can, so that its buffer grows, and nothing more.
resets: accepts, reads nothing, and resets after half a second.   slow: a byte a second.   leaves: says good-bye with much unread.
"""

from __future__ import annotations

import itertools
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import m365_records
from running import DOWNLOADS, OneAtATime, Site, external_id, wait_until

FRAME = re.compile(rb"(\d+) (\w+) (\d+)([ \n])")
LITTLE, MUCH = 2000, 2_000_000
_numbers = itertools.count()


def main(port: str, kind: str, how: str, folder: str, *certificate: str) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", int(port)), backlog=64) as listening:
        while True:
            connection, _ = listening.accept()
            path = Path(folder) / f"{time.time_ns()}-{next(_numbers)}"
            threading.Thread(target=serve, args=(connection, context, kind, how, path), daemon=True).start()


def serve(connection: socket.socket, context: ssl.SSLContext | None, kind: str, how: str, path: Path) -> None:
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        with connection, path.open("wb", buffering=0) as out:
            if how == "resets":
                time.sleep(0.5)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how == "mute":
                time.sleep(3600)
            elif kind == "relp":
                relp(connection, how, out)
            else:
                stream(connection, how, out)
    except OSError:
        pass


def stream(connection: socket.socket, how: str, out) -> None:
    read = 0
    while data := connection.recv({"slow": 1, "hangs": LITTLE, "leaves": LITTLE}.get(how, 1 << 16)):
        out.write(data)
        read += len(data)
        if how != "stalls" or read > MUCH:
            rest_after(how, connection)


def relp(connection: socket.socket, how: str, out) -> None:
    """A message counts as read when it was answered."""
    data, answered = b"", 0
    while more := connection.recv(1 if how == "slow" else 1 << 16):
        data += more
        while (head := FRAME.match(data)) and len(data) > head.end() + int(head[3]):
            end = head.end() + int(head[3])
            if head[2] == b"syslog":
                out.write(data[head.end() : end] + b"\n")
                answered += 1
            data = data[end + (head[4] == b" ") :]
            connection.sendall(b"%s rsp 6 200 OK\n" % head[1])
            if answered >= 3:
                rest_after(how, connection)
        if how == "slow":
            time.sleep(0.001)


def rest_after(how: str, connection: socket.socket) -> None:
    if how == "slow":
        time.sleep(1)
    elif how in ("hangs", "stalls"):
        time.sleep(3600)
    elif how == "leaves":
        time.sleep(0.5)
        raise OSError


class Receiving(OneAtATime):
    """Receivers at one port, one after the other. certificate: the authority's, the receiver's, and its key."""

    def __init__(self, folder: Path, port: int, kind: str, certificate: Sequence[Path] = ()) -> None:
        folder.mkdir()
        self.folder, self.port, self.kind, self.certificate = folder, port, kind, certificate

    def start(self, how: str) -> None:
        self.run(__file__, self.port, self.kind, how, self.folder, *(self.certificate[1:] if self.kind == "tls" else ()))

    def read(self) -> list[str]:
        """The whole lines that programs have read, connection after connection."""
        found: list[str] = []
        for path in sorted(self.folder.iterdir(), key=lambda path: int(path.name.partition("-")[0])):
            found += path.read_bytes().decode().split("\n")[:-1]
        return found


BEFORE, WHILE = 40, 60
"""Alerts that are there when the receiver starts, and those that come while it behaves badly."""


def connect(site: Site, receiver: Receiving) -> None:
    """Configure the receiver as the first output, and a file as the second."""
    siem = {"name": "siem", "type": "syslog", "host": "localhost", "port": receiver.port, "send_timeout": "2s", "transport": receiver.kind}
    if receiver.kind == "tls":
        siem |= {"ca_file": str(receiver.certificate[0]), "framing": "lf"}
    site.rule("downloads", DOWNLOADS)
    site.configure(outputs=[siem, {"name": "file", "type": "file", "path": str(site.alerts_file)}])


def write(site: Site, start: int, stop: int) -> None:
    one = json.loads(m365_records.download(m365_records.USERS[0], m365_records.START, seed=0))
    site.write("audit.ndjson", [json.dumps(one | {"Id": f"{one['Id'][:-12]}{n:012}"}).encode() for n in range(start, stop)])


def first_ones(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(map(external_id, lines)))


def misbehave(site: Site, receiver: Receiving, how: str, *, kill_casbd: bool, seconds: float = 3.0, before: int = BEFORE) -> None:
    """Alerts come while the receiver behaves badly; it is killed; a good one takes its place and gets all that is missing."""
    receiver.start(how)
    daemon = site.start()
    write(site, 0, before)
    steps = 6
    for step in range(steps):
        time.sleep(seconds / steps)
        write(site, before + step * WHILE // steps, before + (step + 1) * WHILE // steps)
    wait_until(lambda: len(site.alert_lines()) == before + WHILE)  # another output does not wait for it
    if kill_casbd:
        daemon.kill()
        daemon = site.start()
    receiver.kill()
    receiver.start("reads")
    wanted = first_ones(site.alert_lines())  # a file may have a line twice after a kill
    wait_until(lambda: len(first_ones(receiver.read())) == len(wanted), 60, lambda: f"{len(first_ones(receiver.read()))}\n{site.log()}")
    assert first_ones(receiver.read()) == wanted
    assert daemon.terminate() == 0
    siem = next(output for output in site.status()["outputs"] if output["name"] == "siem")
    assert (siem["pending"], siem["in_doubt"], siem["down_since"]) == (0, 0, None)
    assert siem["delivered"] >= len(wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
