"""A consumer beside a publisher that floods: it is served, keeps its session, and nothing is delivered twice."""

import os
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import scene  # noqa: E402
import wire  # noqa: E402
from client import Client  # noqa: E402


@pytest.fixture
def broker():
    broker = scene.Broker()
    yield broker
    assert broker.process.poll() is None
    assert broker.stop() == 0
    broker.remove()


def consume(client, count):
    """Acks each delivery."""
    acked = 0
    while acked < count:
        messages = client.receive(wait_ms=30_000)
        assert all(m.delivery == 1 for m in messages), "delivered twice"
        client.send(wire.SETTLE, wire.settle(1, wire.ACK, client.welcome.boot_epoch, [(m.sequence, 1, 1) for m in messages]), 1)
        client.kept.clear()
        acked += len(messages)


@pytest.mark.parametrize("size,count", [(16 << 10, 4_000), (64 << 10, 1_500), ((1 << 20) - 100, 120)])
def test_a_consumer_is_served_under_a_publish_flood(broker, size, count):
    with Client(broker.endpoint) as client:
        client.request("create_queue", queue="flood", policy={})
        client.subscribe("flood", credit=2_000)
        session = client.welcome.session
        with scene.Resident(broker.process.pid) as resident:
            publisher = subprocess.Popen(
                [sys.executable, "-B", os.path.join(HERE, "flood.py"), broker.endpoint, "flood", str(size), str(count)])
            time.sleep(0.5)  # the consumer is slow to begin
            consume(client, count)
            assert publisher.wait(60) == 0
        client.ping()  # the session is the one it was: another would have said so
        assert client.welcome.session == session
        group = client.group("flood")
        assert group["acked"] == count and group["redelivered"] == 0, group
        assert resident.peak < scene.RESIDENT_LIMIT
