"""A store of format 1 whose broker is killed while it upgrades it, at one moment after the other: all of it is there afterwards."""

import gzip
import pathlib
import subprocess
import time

from conftest import COMMAND, Server

FIXTURE = pathlib.Path(__file__).resolve().parents[1] / "fixtures/format1"
ROUNDS = 20
STEP_SECONDS = 0.003  # from one moment to the next: a start takes some tens of milliseconds


def unpack(directory):
    directory.mkdir()
    for packed in FIXTURE.glob("*.gz"):
        (directory / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))


def killed_after(seconds, directory):
    """Whether the broker was still on its way up."""
    serve = [COMMAND, "serve", directory, "--listen", f"ipc://{directory}.early"]
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as early:
        time.sleep(seconds)
        early.kill()
        return " ready: " not in early.stderr.read()


def held(directory):
    """What is in each group, wherever it waits, and where each queue stands."""
    server = Server(directory)
    try:
        queues = server.good("queue", "ls")
        return {queue["name"]: (queue["next_sequence"], queue["depth"], queue["published"], queue["acked"], queue["dead"])
                for queue in queues}
    finally:
        server.stop()


def test_a_kill_at_any_moment_of_an_upgrade_loses_nothing(tmp_path):
    unpack(tmp_path / "whole")
    expected = held(tmp_path / "whole")
    assert len(expected) > 3
    on_the_way = 0
    for number in range(ROUNDS):
        directory = tmp_path / f"store-{number}"
        unpack(directory)
        for again in range(1 + number % 3):  # also in the middle of what goes on
            on_the_way += killed_after(number * STEP_SECONDS, directory)
        assert held(directory) == expected, f"killed after {number * STEP_SECONDS:.3f} s"
        assert subprocess.run([COMMAND, "verify", directory], capture_output=True).returncode == 0
    assert on_the_way > 0
