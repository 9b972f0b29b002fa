"""What `serve` logs: structured, with who and what, and never so much that the log becomes the load."""

import json
import os
import signal
import stat
import subprocess
import time

import pytest
from conftest import READY_SECONDS, Server, run


class Logging(Server):
    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while '"event":"ready"' not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "not ready in time"
            time.sleep(0.01)

    def line(self, event, **fields):
        """Waits for a line of this event with these fields."""
        deadline = time.monotonic() + 30
        while True:
            for line in self.lines():
                if line["event"] == event and all(line.get(name) == value for name, value in fields.items()):
                    return line
            assert time.monotonic() < deadline, (event, fields, self.log.read_text())
            time.sleep(0.05)


@pytest.fixture
def logging(folder):
    server = Logging(folder / "store", "--log-format", "json", "--log-level", "debug")
    yield server
    server.stop(signal.SIGKILL)


def test_every_line_is_json_with_time_level_event_and_message(logging):
    logging.good("queue", "create", "orders")
    assert logging.stop() == 0
    for line in logging.lines():
        assert line["time"].endswith("Z") and line["level"] in ("debug", "info", "warn", "error", "critical"), line
        assert line["event"] and line["message"], line
    events = [line["event"] for line in logging.lines()]
    for event in ("broker_opened", "ready", "session_opened", "queue_created", "session_ended", "closing", "closed"):
        assert event in events, event
    assert logging.line("ready")["listen"] == logging.endpoint


def test_what_an_operator_does_is_logged_with_who_and_what(logging):
    logging.good("queue", "create", "orders", "--backoff-initial", "0")
    who = logging.line("queue_created", queue="orders")
    assert who["client"].startswith("ackwire[") and who["level"] == "info"
    logging.good("queue", "set", "orders", "--max-attempts", "2", "--ttl", "7d")
    assert logging.line("queue_changed", queue="orders")["change"] == "max_attempts 10 -> 2, ttl 0s -> 7d"
    logging.good("queue", "pause", "orders")
    logging.line("queue_changed", change="paused false -> true")
    logging.good("queue", "resume", "orders")
    logging.good("group", "create", "orders", "audit")
    logging.line("group_created", queue="orders", group="audit")
    logging.good("pub", "orders", "a", "b", "c")
    logging("sub", "orders", "--exec", "echo broken >&2; exit 65", "--max", "2", "--wait", "5s")
    dead = logging.line("dead_lettered", queue="orders", group="default", reason="rejected")
    assert dead["first_sequence"] == 1 and "broken" in dead["message"] and dead["level"] == "warn"
    logging.good("dlq", "redrive", "orders", "--sequence", "1")
    assert logging.line("dead_letters_redriven", queue="orders", group="default")["count"] == 1
    logging.good("dlq", "discard", "orders", "--all", "--yes")
    assert logging.line("dead_letters_discarded", queue="orders")["count"] == 1
    logging.good("queue", "purge", "orders", "--yes")
    assert logging.line("queue_purged", queue="orders")["count"] >= 1
    logging.good("group", "rm", "orders", "audit", "--yes")
    logging.line("group_removed", queue="orders", group="audit")
    logging.good("queue", "rm", "orders", "--yes", "--force")
    logging.line("queue_removed", queue="orders")


def test_the_death_of_a_worker_is_logged_with_what_it_held(logging):
    logging.good("queue", "create", "orders")
    logging.good("pub", "orders", "x")
    worker = logging.start("sub", "orders", "--exec", "sleep 60", start_new_session=True)
    while logging.good("queue", "info", "orders")["leased"] != 1:
        time.sleep(0.05)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    line = logging.line("session_ended", leases=1)
    assert line["level"] == "warn" and line["client"] == f"ackwire[{worker.pid}]" and "go back" in line["message"]


def test_refusals_are_logged_at_times_and_counted(logging):
    logging.good("queue", "create", "orders", "--max-depth", "1")
    logging.good("pub", "orders", "x")
    for _ in range(5):
        assert logging("pub", "orders", "y", "--timeout", "1s").status == 1
    line = logging.line("publish_refused", queue="orders", code="overloaded")
    assert line["level"] == "warn" and "max_depth" in line["message"]
    assert logging.good("queue", "info", "orders")["refused"] >= 10  # each try was asked again until its time was over
    assert len([one for one in logging.lines() if one["event"] == "publish_refused"]) < 6
    assert logging("queue", "info", "nope").status == 3
    logging.line("request_refused", code="no_queue")


def test_nothing_of_a_message_is_in_the_log(logging):
    logging.good("queue", "create", "orders")
    logging.good("pub", "orders", "secret body", "--key", "secret key", "--header", "secret=header")
    logging("sub", "orders", "--exec", "exit 65", "--max", "1", "--wait", "5s")
    logging.line("dead_lettered")
    assert "secret" not in logging.log.read_text()


def test_a_slow_commit_is_logged(folder):
    server = Logging(folder / "store", "--log-format", "json", "--slow-commit", "1ms")
    try:
        server.good("queue", "create", "orders")
        deadline = time.monotonic() + 30
        while not any(line["event"] == "commit_slow" for line in server.lines()):
            server.good("pub", "orders", *["x" * 100_000] * 10)
            assert time.monotonic() < deadline
        assert server.line("commit_slow")["ms"] >= 1
    finally:
        server.stop()


def test_text_is_for_people_and_cannot_steer_a_terminal(folder):
    server = Server(folder / "store", "--log-level", "debug")
    try:
        server.good("queue", "create", "orders")
        deadline = time.monotonic() + 30
        while "made queue orders" not in server.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        line = next(line for line in server.log.read_text().splitlines() if "made queue orders" in line)
        assert " info ackwire[" in line and "queue=orders" in line
    finally:
        assert server.stop() == 0


def test_the_socket_is_for_its_owner_unless_settings_say_otherwise(folder):
    for given, mode in (([], 0o600), (["--socket-mode", "0666"], 0o666)):
        server = Server(folder / "store", *given)
        try:
            path = server.endpoint.removeprefix("ipc://")
            assert stat.S_IMODE(os.stat(path).st_mode) == mode
            os.chmod(folder, 0o755)
            if os.geteuid() == 0:  # as another user
                done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "test", "-w", path])
                assert (done.returncode == 0) is (mode == 0o666)
        finally:
            assert server.stop() == 0
    for wrong in ("9", "rw", "01777", "0o666"):
        done = run("serve", folder / "other", "--socket-mode", wrong)
        assert done.status == 2 and "is not a mode" in done.err
