"""The smallest use, word for word, as the documentation promises it."""

import ackwire

SMALLEST = '''
import ackwire
with ackwire.open("./data") as broker:                 # or ackwire.connect("tcp://127.0.0.1:7733")
    orders = broker.queue("orders")                    # created with default policy when absent; settings are keyword arguments
    receipt = orders.publish(b"...", idempotency_key="order-91", headers={"tenant": "a"})   # returns after the synced commit
    for message in orders.consume():                   # group="default", wait=None (for ever), max_messages, credit
        with message:                                  # leaves normally: ack; by an exception: nack with backoff
            handle(message.body, message.attempts)     # also sequence, idempotency_key, headers, publish_time, lease_token
'''


class Enough(BaseException):
    """Ends the endless loop from inside handle()."""


def test_smallest_use_runs_word_for_word(directory, monkeypatch):
    monkeypatch.chdir(directory)
    seen = []

    def handle(body, attempts):
        seen.append((body, attempts))
        raise Enough

    try:
        exec(SMALLEST, {"handle": handle})
    except Enough:
        pass
    assert seen == [(b"...", 1)]
    with ackwire.open("./data") as broker:  # closed by the block: the store is free again
        assert broker.queue("orders").info().published == 1


def test_smallest_use_survives_an_exception_in_the_handler(directory, monkeypatch):
    monkeypatch.chdir(directory)
    attempts_seen = []

    def handle(body, attempts):
        attempts_seen.append(attempts)
        if attempts == 1:
            raise RuntimeError("the first attempt fails")
        raise Enough

    with ackwire.open("./data") as broker:
        broker.queue("orders", backoff_initial=0, backoff_max=0)
    try:
        exec(SMALLEST, {"handle": handle})
    except Enough:
        pass
    assert attempts_seen == [1, 2]


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
