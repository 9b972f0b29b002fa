"""No peer ends the broker, fills its memory or cuts a good client off."""

import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scene  # noqa: E402
from scene import attacks  # noqa: E402


@pytest.fixture(scope="module")
def broker():
    broker = scene.Broker()
    scene.fill(broker.endpoint)
    yield broker
    assert broker.process.poll() is None
    assert broker.stop() == 0
    broker.remove()


@pytest.mark.parametrize("attack", attacks.ALL)
def test_attack(broker, attack):
    rounds = 3 if attack == "asks_and_does_not_read" else 1
    with scene.Resident(broker.process.pid) as resident:
        for _ in range(rounds):
            with scene.Attackers(attack, broker.endpoint, 2):
                time.sleep(0.5)  # so that it is under way
                scene.publish_for(broker.endpoint, 1)
    scene.publish_for(broker.endpoint, 0)
    assert broker.process.poll() is None, "the broker ended"
    assert resident.peak < scene.RESIDENT_LIMIT
