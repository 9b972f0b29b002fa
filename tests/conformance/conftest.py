import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

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
        """`ackwire serve` where it is built, else the smallest broker process (conformance_host)."""
        store, endpoint = os.path.join(self.directory, "store"), "tcp://127.0.0.1:*"
        if "ACKWIRE_CONFORMANCE_COMMAND" in os.environ:
            command = [os.environ["ACKWIRE_CONFORMANCE_COMMAND"], "serve", store, "--listen", endpoint, "--session-timeout", "5s"]
        else:
            command = [os.environ["ACKWIRE_CONFORMANCE_HOST"], store, endpoint]
        self.log = open(os.path.join(self.directory, "log"), "a+")  # a file never fills up as a pipe does
        self.log.seek(0, os.SEEK_END)
        start = self.log.tell()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        self.endpoint = self.wait_for_endpoint(start)

    def wait_for_endpoint(self, start):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(self.log.name) as log:
                log.seek(start)
                found = re.search(r"tcp://127\.0\.0\.1:\d+(?=[\s,\"])", log.read())
            if found:
                return found.group()
            assert self.process.poll() is None, f"the broker ended: see {self.log.name}"
            time.sleep(0.02)
        raise TimeoutError("the broker did not start")

    def ended(self):
        self.process.stdin.close()
        self.log.close()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.ended()

    def stop(self):
        """As an operator would: a signal, or the end of its standard input."""
        if "ACKWIRE_CONFORMANCE_COMMAND" in os.environ:
            self.process.terminate()
        else:
            self.process.stdin.close()
        self.process.wait(15)
        return self.ended()

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
