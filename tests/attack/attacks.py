"""What hostile peers do. Each attack runs in processes of its own until they are killed, and knows nothing but docs/protocol.md."""

import itertools
import os
import random
import socket
import struct
import time

import wire
import zmq
from client import Client

GREETING = (b"\xff" + bytes(8) + b"\x7f\x03\x01NULL").ljust(64, b"\0")
READY = b"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06DEALER"
FOR_EVER = 1 << 40


def peek(queue, count=1000, body_bytes=1 << 20):
    return wire.to_json({"request": "peek", "queue": queue, "group": "default", "from": 0, "count": count,
                         "body_bytes": body_bytes})


def tcp(endpoint):
    host, port = endpoint.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(port)))


def shaken(endpoint):
    """A connection that has its ZMTP handshake behind it."""
    connection = tcp(endpoint)
    connection.sendall(GREETING + READY)
    return connection


def asks_and_does_not_read(endpoint, queue):
    """3,000 pages, none of them read."""
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.RCVHWM, 1)
    dealer.setsockopt(zmq.RCVBUF, 4096)
    dealer.connect(endpoint)
    dealer.send(wire.frame(wire.HELLO, struct.pack("<BBH", 1, 1, 0) + os.urandom(16) + wire.str8("deaf")))
    for number in range(1, 3_001):
        dealer.send(wire.frame(wire.REQUEST, peek(queue), number))
    time.sleep(FOR_EVER / 1e9)


def pages_from_128_connections(endpoint, queue):
    """Each asks for the next page as soon as it has one."""
    clients = [Client(endpoint) for _ in range(128)]
    poller = zmq.Poller()
    for client in clients:
        poller.register(client.socket, zmq.POLLIN)
        client.send(wire.REQUEST, peek(queue), 1)
    while True:
        for ready, _ in poller.poll():
            if wire.Frame.parse(ready.recv()).operation == wire.REPLY:
                ready.send(wire.frame(wire.REQUEST, peek(queue), 1))


def message_without_an_end(endpoint, _):
    while True:
        try:
            connection = shaken(endpoint)
            part = b"\x03" + struct.pack(">Q", 60_000) + bytes(60_000)
            while True:
                connection.sendall(part * 16)
        except OSError:
            time.sleep(0.01)


def frames_without_an_end(endpoint, _):
    """Many connections, each with a frame of 8 MiB that lacks its last byte."""
    connections = []
    while True:
        try:
            connection = shaken(endpoint)
            connection.settimeout(1)
            connections.append(connection)
            connection.sendall(b"\x02" + struct.pack(">Q", 8 << 20) + bytes((8 << 20) - 1))
        except OSError:
            time.sleep(0.01)
        if len(connections) > 200:
            connections.pop(0).close()


def settles_of_8000_ranges(endpoint, queue):
    client = Client(endpoint)
    client.subscribe(queue, credit=0)
    ranges = [(2 * i + 1, 1, 1) for i in range(8_000)]
    frame = wire.frame(wire.SETTLE, wire.settle(1, wire.ACK, client.welcome.boot_epoch, ranges), 1)
    long_frame = wire.frame(wire.SETTLE, wire.settle(1, wire.ACK, client.welcome.boot_epoch, [(1, 100_000, 1)]), 1)
    while True:
        client.send_bytes(frame)
        client.send_bytes(long_frame)
        while client.socket.poll(0):
            client.socket.recv()


def requests_of_all_kinds(endpoint, queue):
    clients = [Client(endpoint) for _ in range(4)]
    group = {"queue": queue, "group": "default"}
    requests = [wire.to_json(r) for r in (
        {"request": "get_stats"}, {"request": "list_queues"}, {"request": "get_queue", "queue": queue},
        {"request": "peek", "from": 0, "count": 1000, "body_bytes": 1000, **group},
        {"request": "get_dead_letters", "from": 0, "count": 1000, "body_bytes": 1000, "filter": {}, **group},
        {"request": "get_history", "queue": queue, "resolution": "second", "from_ms": 0},
        {"request": "no such request"})]
    for number in itertools.count(1):
        client = random.choice(clients)
        client.send(wire.REQUEST, random.choice(requests), number % 1_000_000)
        if number % 50 == 0:
            for other in clients:
                while other.socket.poll(0):
                    other.socket.recv()


def publishes_and_does_not_read(endpoint, queue):
    client = Client(endpoint)
    client.socket.setsockopt(zmq.SNDHWM, 0)
    records = [wire.record(bytes(60_000))]
    for number in itertools.count(1):
        client.send(wire.PUBLISH, wire.publish(queue, [records], number, number))
        if number % 200 == 0:
            time.sleep(0.01)


def connects_and_says_nothing(endpoint, _):
    connections = []
    while True:
        try:
            connections.append(tcp(endpoint))
            if random.random() < 0.3:
                connections[-1].sendall(GREETING[:random.randrange(64)])
        except OSError:
            time.sleep(0.01)
        if len(connections) >= 300:
            connections.pop(0).close()
            time.sleep(0.005)


def noise(endpoint, _):
    """Random bytes, behind a good handshake and without one; PINGs and unknown commands in great number."""
    while True:
        try:
            connection = random.choice((tcp, shaken))(endpoint)
            connection.settimeout(0.5)
            for _ in range(100):
                connection.sendall(random.choice((os.urandom(4_096), b"\x04\x07\x04PING\0\0" * 500, b"\x04\x03\x02NO" * 500)))
        except OSError:
            pass


ALL = {attack.__name__: attack for attack in (
    asks_and_does_not_read, pages_from_128_connections, message_without_an_end, frames_without_an_end, settles_of_8000_ranges,
    requests_of_all_kinds, publishes_and_does_not_read, connects_and_says_nothing, noise)}
