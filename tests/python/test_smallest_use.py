"""The examples of the documents, word for word: each ends by itself, also when it is run again at once."""

import pathlib
import re
import subprocess
import sys

import ackwire
from conftest import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]


def example(page, number=0):
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)[number]


def attempt(code, folder):
    options = {"env": environment(), "text": True, "capture_output": True, "timeout": 60}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, **options)


def run(code, folder):
    done = attempt(code, folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_readme_runs_and_runs_again(directory):
    code = example("README.md")
    assert run(code, directory) == "message 1: stored\nattempt 1: two tickets\nleft in the queue: 0\n"
    assert run(code, directory) == "message 1: known, not stored again\nleft in the queue: 0\n"


def test_the_smallest_use_runs_and_runs_again(directory):
    code = example("docs/python.md")
    assert run(code, directory) == "Receipt(sequence=1, duplicate=False)\nb'...' 1\n"
    assert run(code, directory) == "Receipt(sequence=1, duplicate=True)\n"


def test_the_asyncio_example_runs_and_runs_again(directory):
    (code,) = [code for code in (example("docs/python.md", n) for n in range(4)) if "asyncio.gather(*(orders" in code]
    for _ in range(2):
        assert sorted(run(code, directory).split()) == sorted(repr(b"%d" % n) for n in range(100))


def test_a_failing_handler_of_the_smallest_use_is_called_again(directory):
    code = example("docs/python.md").replace("    print(body, attempts)", "    print(attempts)\n    assert attempts > 1")
    code = code.replace('queue("orders")', 'queue("orders", backoff_initial=0)')
    done = attempt(code, directory)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["1", "2"])
    assert "failed at attempt 1" in done.stderr


def test_a_message_goes_all_the_way(broker):
    orders = broker.queue("orders")
    receipt = orders.publish(b"two tickets", idempotency_key="order-91", ordering_key="customer-7", headers={"tenant": "a"})
    assert receipt == ackwire.Receipt(sequence=1, duplicate=False)
    (message,) = orders.consume(max_messages=1)
    with message:
        assert message.body == b"two tickets"
        assert bytes(message.body_view) == b"two tickets"
        assert message.body_view.readonly
        assert message.idempotency_key == "order-91"
        assert message.ordering_key == "customer-7"
        assert message.headers == {"tenant": "a"}
        assert (message.sequence, message.attempts, message.deliveries) == (1, 1, 1)
        assert message.publish_time.tzinfo is not None
        assert message.lease_token.sequence == 1
        assert message.lease_token.delivery == 1
        assert message.lease_token.boot_epoch >= 1
    assert message.settled == "ack"
    group = orders.info().group()
    assert (group.acked, group.ready, group.leased) == (1, 0, 0)
