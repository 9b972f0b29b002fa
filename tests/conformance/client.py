"""A client of an Ackwire broker in plain Python: one DEALER, everything by hand."""

import json
import os
import struct
import time
from dataclasses import dataclass

import wire
import zmq


class Refused(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


@dataclass
class Welcome:
    version: int
    session_timeout_ms: int
    boot_epoch: int
    session: int
    now: int
    store_id: bytes
    max_frame_bytes: int
    software: str
    capabilities: list | None = None  # only when the hello named some


class Client:
    def __init__(self, endpoint, hello=True, producer=None):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.ROUTING_ID, b"\x01" + os.urandom(15))
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self.socket.connect(endpoint)
        self.producer = producer or os.urandom(16)
        self.numbers = {}  # queue -> next producer sequence
        self.requests = 0
        self.kept = []  # frames that came while another was waited for
        self.welcome = self.hello() if hello else None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- frames ------------------------------------------------------------------------------------------------------
    def send_bytes(self, data):
        self.socket.send(data)

    def send(self, operation, payload=b"", request=0):
        self.send_bytes(wire.frame(operation, payload, request))

    def next_frame(self, wait_ms=5000):
        if not self.socket.poll(wait_ms):
            return None
        parts = self.socket.recv_multipart()
        assert len(parts) == 1, "one message is one part"
        return wire.Frame.parse(parts[0])

    def expect(self, operation, wait_ms=5000, request=None):
        """The next frame of this operation; others are kept for later. An ERROR raises, unless it is what was asked for."""
        for i, kept in enumerate(self.kept):
            if kept.operation == operation and (request is None or kept.request == request):
                return self.kept.pop(i)
        deadline = time.monotonic() + wait_ms / 1000
        while True:
            frame = self.next_frame(max(0, round((deadline - time.monotonic()) * 1000)))
            if frame is None:
                raise TimeoutError(f"no frame {operation}")
            if frame.operation == operation and (request is None or frame.request == request):
                return frame
            if frame.operation == wire.ERROR:
                raise Refused(*wire.parse_error(frame.payload)[::2])
            if frame.operation != wire.PONG:  # the broker sends some by itself
                self.kept.append(frame)

    def nothing(self, operation, wait_ms=300):
        """True when no such frame comes."""
        try:
            self.expect(operation, wait_ms)
            return False
        except TimeoutError:
            return True

    def error(self):
        return wire.parse_error(self.expect(wire.ERROR).payload)

    # -- verbs -------------------------------------------------------------------------------------------------------
    def hello(self, low=1, high=1, flags=0, name="conformance", life=None, capabilities=None):
        """Without `capabilities` it is a client of the time before they could be named."""
        tail = life[0] + struct.pack("<Q", life[1]) if life else b""
        if capabilities is not None:
            tail += struct.pack("<B", len(capabilities)) + b"".join(map(wire.str8, capabilities))
        flags |= (1 if life else 0) | (0 if capabilities is None else 2)
        self.send(wire.HELLO, struct.pack("<BBH", low, high, flags) + self.producer + wire.str8(name) + tail)
        cursor = wire.Cursor(self.expect(wire.WELCOME).payload)
        version, _, _, timeout, boot_epoch, session, now = cursor.read("BBHIQQQ")
        welcome = Welcome(version, timeout, boot_epoch, session, now, cursor.take(16), cursor.read("I"), cursor.str8().decode())
        if capabilities is not None:
            welcome.capabilities = [cursor.str8().decode() for _ in range(cursor.read("B"))]
        cursor.end()
        self.welcome = welcome
        return welcome

    def ping(self):
        self.requests += 1
        self.send(wire.PING, request=self.requests)
        return struct.unpack("<Q", self.expect(wire.PONG, request=self.requests).payload)[0]

    def request(self, name, **members):
        self.requests += 1
        self.send(wire.REQUEST, wire.to_json({"request": name, **members}), self.requests)
        reply = json.loads(self.expect(wire.REPLY, request=self.requests).payload)
        if reply["reply"] == "error":
            raise Refused(wire.CODES[reply["code"]], reply["message"])
        return reply

    def start_publish(self, queue, batches):
        sequence = self.numbers.get(queue, 1)
        self.numbers[queue] = sequence + len(batches)
        self.send(wire.PUBLISH, wire.publish(queue, batches, sequence, sequence))
        return sequence

    def confirmed(self, queue, sequence):
        got_sequence, got_queue, entries = wire.parse_confirm(self.expect(wire.CONFIRM).payload)
        assert (got_sequence, got_queue) == (sequence, queue)
        return entries

    def publish(self, queue, *records):
        """One batch; its only entry."""
        entries = self.confirmed(queue, self.start_publish(queue, [list(records)]))
        assert len(entries) == 1
        return entries[0]

    def subscribe(self, queue, group="default", credit=100, subscription=1, concurrency=None):
        tail = b"" if concurrency is None else struct.pack("<I", concurrency)
        self.send(wire.SUBSCRIBE, struct.pack("<II", subscription, credit) + wire.str8(queue) + wire.str8(group) + tail)
        cursor = wire.Cursor(self.expect(wire.SUBSCRIBED).payload)
        got, timeout, code = cursor.read("IIH")
        text = cursor.str16()
        cursor.end()
        assert got == subscription
        if code:
            raise Refused(code, text)
        return timeout

    def begun(self, *messages, subscription=1):
        ranges = b"".join(struct.pack("<QII", m.sequence, 1, m.delivery) for m in messages)
        self.send(wire.BEGUN, struct.pack("<IQI", subscription, self.welcome.boot_epoch, len(messages)) + ranges)

    def receive(self, count=1, wait_ms=5000):
        messages = []
        while len(messages) < count:
            messages += wire.parse_deliver(self.expect(wire.DELIVER, wait_ms).payload)[1]
        return messages

    def receive_again(self, wait_ms=20_000):
        """What comes when a lease has run out: not before the client says something."""
        deadline = time.monotonic() + wait_ms / 1000
        while time.monotonic() < deadline:
            try:
                return self.receive(1, wait_ms=50)
            except TimeoutError:
                self.ping()
        raise TimeoutError("no message")

    def settle(self, kind, *messages, subscription=1, boot_epoch=None, duration_ms=-1, text=""):
        ranges = [(m.sequence, 1, m.delivery) for m in messages]
        return self.settle_ranges(kind, ranges, subscription, boot_epoch, duration_ms, text)

    def settle_ranges(self, kind, ranges, subscription=1, boot_epoch=None, duration_ms=-1, text=""):
        self.requests += 1
        epoch = self.welcome.boot_epoch if boot_epoch is None else boot_epoch
        self.send(wire.SETTLE, wire.settle(subscription, kind, epoch, ranges, duration_ms, text), self.requests)
        return wire.parse_settled(self.expect(wire.SETTLED, request=self.requests).payload)

    def credit(self, credit, subscription=1):
        self.send(wire.CREDIT, struct.pack("<II", subscription, credit))

    def group(self, queue, group="default"):
        groups = self.request("get_queue", queue=queue)["queue"]["groups"]
        return next(g for g in groups if g["name"] == group)
