import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from client import Client  # noqa: E402


class Broker:
    """A broker process over a directory of its own. It can be killed and started again."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="ackwire_conformance_")
        self.process = None
        self.start()

    def start(self):
        host = os.environ["ACKWIRE_CONFORMANCE_HOST"]
        self.process = subprocess.Popen([host, os.path.join(self.directory, "store"), "tcp://127.0.0.1:*"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.endpoint = self.process.stdout.readline().strip()
        assert self.endpoint.startswith("tcp://127.0.0.1:"), self.process.wait()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        return self.process.returncode

    def remove(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory)


@pytest.fixture(scope="session")
def shared_broker():
    broker = Broker()
    yield broker
    assert broker.process.poll() is None, "the broker ended by itself"
    assert broker.stop() == 0
    broker.remove()


@pytest.fixture
def own_broker():
    """For tests that kill or stop it."""
    broker = Broker()
    yield broker
    broker.remove()


@pytest.fixture
def client(shared_broker):
    with Client(shared_broker.endpoint) as client:
        yield client


@pytest.fixture
def second(shared_broker):
    with Client(shared_broker.endpoint) as client:
        yield client


_names = itertools.count()


@pytest.fixture
def queue(client):
    """A queue of its own for each test, with short backoff."""
    name = f"q{next(_names)}"
    client.request("create_queue", queue=name, policy={"visibility_timeout_ms": 30_000, "max_attempts": 3,
                                                       "backoff": {"initial_ms": 50, "max_ms": 200, "jitter": 0}})
    return name


@pytest.fixture
def short_lease(client, queue):
    """Of the queue."""
    client.request("set_queue", queue=queue, change={"visibility_timeout_ms": 500})
    return 0.5
