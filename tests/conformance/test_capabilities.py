"""What each side can do: clients that name it, that name something else, and that were written before it could be named."""

import struct

import pytest
import wire
from client import Client, Refused
from wire import CODES


def greeted(broker, **hello):
    client = Client(broker.endpoint, hello=False)
    client.hello(**hello)
    return client


def test_a_client_that_names_none_is_told_of_none(client, queue):
    """The welcome ends with `software`, and everything works that worked before there were names."""
    assert client.welcome.capabilities is None
    client.publish(queue, wire.record(b"x"))
    client.subscribe(queue, concurrency=1)
    message = client.receive()[0]
    client.begun(message)
    assert client.settle(wire.ACK, message).applied == 1


def test_the_broker_names_what_it_can(shared_broker):
    with greeted(shared_broker, capabilities=["begun"]) as client:
        assert client.welcome.capabilities == ["begun"]


def test_a_client_that_knows_of_the_list_and_can_nothing_of_it(shared_broker):
    with greeted(shared_broker, capabilities=[]) as client:
        assert client.welcome.capabilities == ["begun"]


def test_names_of_a_newer_client_are_passed_over(shared_broker, client, queue):
    names = ["something_newer", "begun", "x-9"] + [f"n{i}" for i in range(61)]
    with greeted(shared_broker, capabilities=names) as newer:
        newer.publish(queue, wire.record(b"x"))
        newer.subscribe(queue, concurrency=1)
        assert newer.settle(wire.ACK, *newer.receive()).applied == 1


def test_they_follow_the_life(shared_broker):
    with greeted(shared_broker, capabilities=["begun"]) as client:
        life = client.welcome.store_id, client.welcome.boot_epoch
        assert client.hello(life=life, capabilities=["begun"]).capabilities == ["begun"]


@pytest.mark.parametrize("begun", [True, False])
def test_a_recall_goes_only_to_who_said_that_it_understands_one(shared_broker, second, queue, begun):
    with greeted(shared_broker, capabilities=["begun"] if begun else []) as rich:
        rich.subscribe(queue, credit=10, concurrency=1)
        second.publish(queue, *[wire.record(b"%d" % i) for i in range(10)])
        rich.receive(10)
        second.subscribe(queue, concurrency=1)
        assert rich.nothing(wire.RECALL, 1500) != begun


@pytest.mark.parametrize("tail,code", [
    (struct.pack("<B", 65) + wire.str8("n") * 65, "invalid_argument"),
    (struct.pack("<B", 1) + wire.str8("n" * 33), "invalid_argument"),
    (struct.pack("<B", 1) + wire.str8(""), "invalid_argument"),
    (struct.pack("<B", 1) + wire.str8("No"), "invalid_argument"),
    (struct.pack("<B", 2) + wire.str8("begun"), "bad_length"),
    (struct.pack("<B", 1) + wire.str8("begun") + b"x", "trailing_bytes"),
    (b"", "bad_length"),
])
def test_a_list_that_cannot_be(shared_broker, tail, code):
    with Client(shared_broker.endpoint, hello=False) as client:
        client.send(wire.HELLO, struct.pack("<BBH", 1, 1, 2) + client.producer + wire.str8("x") + tail)
        assert client.error()[0] == CODES[code]


def test_flags_that_nobody_knows_are_still_refused(shared_broker):
    """So a client may try what is newer, and say hello again without it."""
    with Client(shared_broker.endpoint, hello=False) as client:
        with pytest.raises(Refused) as refused:
            client.hello(flags=4)
        assert refused.value.code == CODES["invalid_argument"]
        assert client.hello().version == 1
