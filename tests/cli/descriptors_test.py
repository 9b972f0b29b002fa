"""Standard descriptors that are closed: nothing that the command opens may get their numbers."""

import itertools
import json
import os
import signal
import subprocess
import time

import pytest
from conftest import COMMAND, READY_SECONDS, run


def closing(numbers):
    def close():
        for number in numbers:
            os.close(number)

    return close


def wait_for(endpoint):
    deadline = time.monotonic() + READY_SECONDS
    while run("queue", "ls", "--timeout", "1s", env={"ACKWIRE_ENDPOINT": endpoint}).status != 0:
        assert time.monotonic() < deadline, "no answer in time"


@pytest.mark.parametrize("closed", [[1, 2], [0, 1, 2], [0], [2]], ids=str)
def test_a_server_without_standard_descriptors_serves_and_keeps_its_store(closed, folder):
    endpoint = f"ipc://{folder}/s.sock"
    process = subprocess.Popen([COMMAND, "serve", folder / "store", "--listen", endpoint], preexec_fn=closing(closed),
                               stderr=subprocess.DEVNULL)
    try:
        wait_for(endpoint)
        links = {number: os.readlink(f"/proc/{process.pid}/fd/{number}") for number in closed}
        assert links == {number: "/" for number in closed}, "a place holder, which cannot be written to"
        env = {"ACKWIRE_ENDPOINT": endpoint}
        assert run("queue", "create", "q", env=env).status == 0
        assert run("pub", "q", "one", env=env).status == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    report = json.loads(run("verify", folder / "store", "-o", "json").out)
    assert report["sound"] and report["messages"] == 1
    assert (folder / "store" / "witness").stat().st_size <= 64, "no log text in it"


@pytest.mark.parametrize("closed", [c for n in (1, 2, 3) for c in itertools.combinations((0, 1, 2), n)], ids=str)
def test_clients_end_and_say_so_where_they_still_can(closed, server):
    env = {**os.environ, "ACKWIRE_ENDPOINT": server.endpoint}
    server.good("queue", "create", "q")
    done = subprocess.run([COMMAND, "pub", "q", "body"], preexec_fn=closing(closed), capture_output=True, text=True, env=env,
                          timeout=30)
    assert done.returncode == (1 if 1 in closed else 0), done.stderr  # the summary could not be written: that is said
    if 1 in closed and 2 not in closed:
        assert "could not be written in full" in done.stderr
    listed = server.good("queue", "ls")
    assert [queue["ready"] for queue in listed] == [1]


def test_publishing_from_a_closed_standard_input_ends(server):
    server.good("queue", "create", "q")
    env = {**os.environ, "ACKWIRE_ENDPOINT": server.endpoint}
    started = time.monotonic()
    done = subprocess.run([COMMAND, "pub", "q"], preexec_fn=closing([0]), capture_output=True, text=True, env=env, timeout=30)
    assert done.returncode == 1 and "cannot read the input" in done.stderr, done.stderr
    assert time.monotonic() - started < 20
