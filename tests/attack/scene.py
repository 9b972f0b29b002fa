"""A broker, a good client that is measured, and attackers in processes of their own."""

import importlib.util
import os
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CONFORMANCE = os.path.join(os.path.dirname(HERE), "conformance")
sys.path[:0] = [HERE, CONFORMANCE]

import attacks  # noqa: E402
import wire  # noqa: E402
from client import Client  # noqa: E402

_spec = importlib.util.spec_from_file_location("broker_of_conformance", os.path.join(CONFORMANCE, "conftest.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
Broker = _module.Broker

LARGE, PAGES = "large", "pages"  # 64 messages of 1 MiB; 70 of 60,000 bytes
GOOD = "good"
RESIDENT_LIMIT = 512 << 20


def fill(endpoint):
    with Client(endpoint) as client:
        for queue in (LARGE, PAGES, GOOD):
            client.request("create_queue", queue=queue, policy={})
        for _ in range(64):
            client.publish(LARGE, wire.record(os.urandom(1 << 20)))
        for _ in range(70):
            client.publish(PAGES, wire.record(os.urandom(60_000)))


def queue_of(attack):
    return LARGE if attack == "pages_from_128_connections" else PAGES


class Attackers:
    """Forked before any ZeroMQ context of this process is used by them; ended by SIGKILL, as an out-of-memory killer would."""

    def __init__(self, name, endpoint, count):
        self.pids = []
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                try:
                    # A peer on another machine takes no processor from the broker: this one takes what the others leave.
                    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
                    os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), name, endpoint])
                finally:
                    os._exit(70)
            self.pids.append(pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            os.waitpid(pid, 0)


class Resident:
    """The most resident memory that the process had while this was open, in bytes."""

    def __init__(self, pid):
        self.pid, self.peak, self.over = pid, 0, threading.Event()

    def now(self):
        with open(f"/proc/{self.pid}/status") as status:
            fields = dict(line.split(":", 1) for line in status if ":" in line)
        return int(fields.get("RssAnon", "0 kB").split()[0]) * 1024

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.over.is_set():
            try:
                self.peak = max(self.peak, self.now())
            except (FileNotFoundError, ProcessLookupError):
                return
            time.sleep(0.02)

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def publish_for(endpoint, seconds):
    """Latencies in milliseconds of a client that publishes one message after the other. Raises when its session is lost."""
    latencies = []
    with Client(endpoint) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(latencies) < 20:
            begin = time.monotonic()
            sequence = client.start_publish(GOOD, [[wire.record(b"good" * 50)]])
            entry = wire.parse_confirm(client.expect(wire.CONFIRM, 30_000).payload)
            assert entry[0] == sequence and entry[2][0].code == 0, entry
            latencies.append((time.monotonic() - begin) * 1000)
            time.sleep(0.001)
    return sorted(latencies)


def quantile(latencies, share):
    return latencies[min(len(latencies) - 1, int(len(latencies) * share))]


if __name__ == "__main__":
    attacks.ALL[sys.argv[1]](sys.argv[2], queue_of(sys.argv[1]))
