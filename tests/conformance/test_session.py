"""Section 2 and the bad frames of section 8."""

import os
import struct
import time

import pytest
import wire
from client import Client, Refused
from wire import CODES


def raw(broker):
    return Client(broker.endpoint, hello=False)


def test_welcome(client):
    welcome = client.welcome
    assert welcome.version == 1
    assert welcome.boot_epoch >= 1
    assert welcome.session_timeout_ms > 0
    assert welcome.max_frame_bytes == 8 * 1024 * 1024
    assert welcome.software.startswith("ackwire ")
    assert abs(welcome.now - time.time() * 1000) < 60_000


def test_sessions_are_numbered_and_the_store_is_named(client, second):
    assert client.welcome.session != second.welcome.session
    assert client.welcome.store_id == second.welcome.store_id


def test_broker_time_goes_on(client):
    first = client.ping()
    time.sleep(0.05)
    assert 30 <= client.ping() - first < 5_000


def test_a_newer_client_that_speaks_version_1(shared_broker):
    with raw(shared_broker) as client:
        assert client.hello(1, 9).version == 1


@pytest.mark.parametrize("low,high", [(2, 9), (0, 0)])
def test_no_common_version(shared_broker, low, high):
    with raw(shared_broker) as client:
        with pytest.raises(Refused) as refused:
            client.hello(low, high)
        assert refused.value.code == CODES["unsupported_version"]
        assert "1 to 1" in refused.value.text


def test_frames_before_hello(shared_broker):
    with raw(shared_broker) as client:
        client.send(wire.PING, request=5)
        error = client.expect(wire.ERROR)
        assert error.request == 5
        assert wire.parse_error(error.payload)[0] == CODES["no_session"]
        assert client.hello().version == 1


def test_a_second_hello_begins_a_new_session(client, queue):
    client.subscribe(queue)
    before = client.welcome.session
    assert client.hello().session != before
    client.subscribe(queue)  # the number is free again


def test_goodbye_ends_the_session(client):
    client.send(wire.GOODBYE, struct.pack("<H", 0) + wire.str16(""))
    client.send(wire.PING)
    assert client.error()[0] == CODES["no_session"]


def test_a_silent_session_ends_and_its_leases_with_it(client, second, queue):
    """B30."""
    client.request("set_queue", queue=queue, change={"visibility_timeout_ms": 600_000})
    second.publish(queue, wire.record(b"x"))
    client.subscribe(queue)
    assert client.receive()[0].delivery == 1
    second.subscribe(queue)
    deadline = time.time() + client.welcome.session_timeout_ms / 1000 + 4
    while time.time() < deadline:
        second.ping()
        if not second.nothing(wire.DELIVER, 200):
            break
    else:
        pytest.fail("the lease of the silent session did not end")
    client.send(wire.PING)
    assert client.error()[0] == CODES["no_session"]


def test_goodbye_of_a_broker_that_closes(own_broker):
    with Client(own_broker.endpoint) as client:
        assert own_broker.stop() == 0
        cursor = wire.Cursor(client.expect(wire.GOODBYE).payload)
        cursor.read("H"), cursor.str16(), cursor.end()


def test_boot_epoch_rises(own_broker):
    with Client(own_broker.endpoint) as client:
        first = client.welcome
        assert first.boot_epoch <= client.welcome.now
    own_broker.kill()
    own_broker.start()
    with Client(own_broker.endpoint) as client:
        assert client.welcome.boot_epoch > first.boot_epoch
        assert client.welcome.boot_epoch >= first.now
        assert client.welcome.store_id == first.store_id


def test_a_hello_that_names_a_life(own_broker):
    with Client(own_broker.endpoint) as client:
        first = client.welcome
        assert client.hello(life=(first.store_id, first.boot_epoch)).boot_epoch == first.boot_epoch
    own_broker.kill()
    own_broker.start()
    with Client(own_broker.endpoint) as client:
        assert client.hello(life=(first.store_id, first.boot_epoch)).boot_epoch > first.boot_epoch
        for other in ((first.store_id, first.boot_epoch + 1), (first.store_id, client.welcome.boot_epoch + 1),
                      (bytes(16), first.boot_epoch)):
            with pytest.raises(Refused) as refused:
                client.hello(life=other)
            assert refused.value.code == CODES["store_rollback"]
            client.send(wire.PING)
            assert client.error()[0] == CODES["no_session"]
        assert client.hello().boot_epoch > first.boot_epoch


# -- bad frames ------------------------------------------------------------------------------------------------------


def goes_on(client):
    return client.ping() > 0


def session_is_over(client):
    client.send(wire.PING)
    return client.error()[0] == CODES["no_session"]


def bad(client, data):
    client.send_bytes(data)
    return client.error()[0]


@pytest.mark.parametrize("data", [b"", b"A", b"AW\x01\x10", b"AW\x01\x10\0\0\0"])
def test_b1_short(client, data):
    assert bad(client, data) == CODES["frame_short"]
    assert goes_on(client)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 8, b"WA\x01\x10\0\0\0\0"])
def test_b2_magic(client, data):
    assert bad(client, data) == CODES["bad_magic"]
    assert session_is_over(client)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_b3_version(client, version):
    client.send_bytes(wire.frame(wire.PING, version=version, request=9))
    error = client.expect(wire.ERROR)
    assert error.request == 9
    code, _, text = wire.parse_error(error.payload)
    assert code == CODES["unsupported_version"] and f"version {version}" in text
    assert session_is_over(client)


OF_THE_BROKER = [wire.WELCOME, wire.CONFIRM, wire.DELIVER, wire.REPLY, wire.PONG, wire.ERROR, wire.RECALL]


@pytest.mark.parametrize("operation", [0, 22, 255, *OF_THE_BROKER])
def test_b4_operation(client, operation):
    assert bad(client, wire.frame(operation)) == CODES["unknown_operation"]
    assert goes_on(client)


BAD_LENGTHS = [
    wire.frame(wire.PUBLISH),
    wire.frame(wire.PUBLISH, struct.pack("<QQ", 1, 1) + wire.str8("q") + struct.pack("<I", 0)),
    wire.frame(wire.PUBLISH, struct.pack("<QQ", 1, 1) + wire.str8("q") + struct.pack("<I", 2**32 - 1)),
    wire.frame(wire.PUBLISH, struct.pack("<QQ", 1, 1) + wire.str8("q") + struct.pack("<III", 1, 1, 2**32 - 1)),
    wire.frame(wire.PUBLISH, struct.pack("<QQ", 1, 1) + wire.str8("q") + struct.pack("<III", 1, 2**31, 16) + bytes(16)),
    wire.frame(wire.SUBSCRIBE, struct.pack("<II", 1, 1) + b"\xffq"),
    wire.frame(wire.SETTLE, struct.pack("<IBBHQqHI", 1, 1, 0, 0, 1, -1, 0, 2**32 - 1)),
    wire.frame(wire.SETTLE, struct.pack("<IBBHQqHI", 1, 1, 0, 0, 1, -1, 0, 0)),
    wire.frame(wire.SETTLE, struct.pack("<IBBHQqH", 1, 1, 0, 0, 1, -1, 65535)),
    wire.frame(wire.CREDIT, b"\1\0\0\0"),
]


@pytest.mark.parametrize("data", BAD_LENGTHS)
def test_b5_lengths(client, data):
    assert bad(client, data) == CODES["bad_length"]
    assert goes_on(client)


@pytest.mark.parametrize("data", [
    wire.frame(wire.PING, b"x"),
    wire.frame(wire.RENEW, struct.pack("<IB", 1, 0)),
    wire.frame(wire.SUBSCRIBE, struct.pack("<II", 1, 1) + wire.str8("q") + wire.str8("default") + struct.pack("<I", 0) + b"x"),
    wire.frame(wire.SETTLE, wire.settle(1, wire.ACK, 1, [(1, 1, 1)]) + b"\0"),
])
def test_b6_trailing_bytes(client, data):
    assert bad(client, data) == CODES["trailing_bytes"]
    assert goes_on(client)


@pytest.mark.parametrize("parts", [2, 9, 40])
def test_b7_several_parts(client, queue, parts):
    data = wire.frame(wire.PUBLISH, wire.publish(queue, [[wire.record(b"x")]], 1, 1))
    client.socket.send_multipart([data] * parts)
    code, _, text = client.error()
    assert code == CODES["too_many_frames"] and f"{parts - 1} parts behind its first" in text
    assert goes_on(client)
    assert client.group(queue)["published"] == 0


def test_wrong_values(client):
    assert bad(client, wire.frame(wire.SETTLE, wire.settle(1, 9, 1, [(1, 1, 1)]))) == CODES["invalid_argument"]
    nobody = struct.pack("<II", 0, 1) + wire.str8("q") + wire.str8("g")
    assert bad(client, wire.frame(wire.SUBSCRIBE, nobody)) == CODES["invalid_argument"]
    with pytest.raises(Refused) as refused:
        client.hello(flags=4)
    assert refused.value.code == CODES["invalid_argument"]


def test_random_bytes_hurt_nobody(shared_broker, client):
    for i in range(200):
        with raw(shared_broker) as wild:
            data = os.urandom(40)
            wild.send_bytes(data if i % 2 else b"AW\x01" + bytes([1 + i % 19]) + data)
            wild.expect(wire.ERROR)
    assert goes_on(client)


def test_b9_a_frame_over_the_limit_ends_only_its_connection(shared_broker, client):
    with raw(shared_broker) as huge:
        huge.hello()
        huge.send_bytes(wire.frame(wire.PING, bytes(8 * 1024 * 1024)))
        assert huge.nothing(wire.ERROR)
    assert goes_on(client)
