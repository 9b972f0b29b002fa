"""Frames, records and runs, written from docs/protocol.md alone. Standard library only."""

import json
import struct
import zlib
from dataclasses import dataclass, field

(HELLO, WELCOME, PUBLISH, CONFIRM, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, CREDIT, DELIVER, SETTLE, SETTLED, RENEW,
 SUBSCRIPTION_ENDED, REQUEST, REPLY, PING, PONG, ERROR, GOODBYE, BEGUN, RECALL) = range(1, 22)

ACK, NACK, REJECT, RELEASE, EXTEND = range(1, 6)
NO_INDEX = 2**32 - 1

CODES = {
    "ok": 0, "invalid_name": 1, "invalid_argument": 2, "out_of_range": 3, "too_large": 4, "invalid_headers": 5,
    "invalid_key": 6, "key_conflict": 7, "invalid_batch": 8, "no_queue": 20, "no_group": 21, "queue_exists": 22,
    "not_empty": 23, "not_found": 24, "stale_lease": 25, "bad_token": 26, "overloaded": 40, "closed": 60,
    "frame_short": 70, "bad_magic": 71, "unsupported_version": 72, "unknown_operation": 73, "bad_length": 74,
    "trailing_bytes": 75, "too_many_frames": 76, "request_reused": 77, "bad_checksum": 78, "no_session": 79,
    "store_rollback": 94,
}


class Damaged(Exception):
    """A frame of the broker that is not as the page says."""


def str8(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<B", len(data)) + data


def str16(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<H", len(data)) + data


def frame(operation, payload=b"", request=0, version=1, magic=b"AW"):
    return magic + struct.pack("<BBI", version, operation, request) + payload


@dataclass
class Frame:
    operation: int
    request: int
    payload: bytes

    @classmethod
    def parse(cls, data):
        if len(data) < 8 or data[:2] != b"AW" or data[2] != 1:
            raise Damaged(data[:16])
        return cls(data[3], struct.unpack_from("<I", data, 4)[0], data[8:])


class Cursor:
    """Reads a payload from front to back; it must be used up."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Damaged("cut short")
        self.at += count
        return self.data[self.at - count:self.at]

    def read(self, form):
        values = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        return values[0] if len(values) == 1 else values

    def str8(self):
        return self.take(self.read("B"))

    def str16(self):
        return self.take(self.read("H")).decode()

    def rest(self):
        return self.take(len(self.data) - self.at)

    def end(self):
        if self.at != len(self.data):
            raise Damaged("trailing bytes")


def record(body=b"", key=b"", ordering_key=b"", headers=(), deliver_at=None, expires_at=None, attributes=0, damage=False):
    times = b""
    if deliver_at is not None:
        attributes |= 1
        times += struct.pack("<Q", deliver_at)
    if expires_at is not None:
        attributes |= 2
        times += struct.pack("<Q", expires_at)
    encoded = b"".join(struct.pack("<BH", len(n), len(v)) + n + v for n, v in headers)
    covered = struct.pack("<BBBBI", attributes, len(key), len(ordering_key), len(headers), len(encoded))
    covered += times + key + ordering_key + encoded + body
    crc = zlib.crc32(covered) ^ (1 if damage else 0)
    return struct.pack("<II", len(covered), crc) + covered


def publish(queue, batches, sequence, first_unconfirmed):
    """Batches are lists of encoded records."""
    parts = [struct.pack("<QQ", sequence, first_unconfirmed), str8(queue), struct.pack("<I", len(batches))]
    for batch in batches:
        parts += [struct.pack("<II", len(batch), sum(map(len, batch))), *batch]
    return b"".join(parts)


@dataclass
class Entry:
    kind: int
    batches: int = 1
    messages: int = 0
    first_sequence: int = 0
    receipts: list = field(default_factory=list)
    code: int = 0
    retry_after_ms: int = 0
    index: int = NO_INDEX
    text: str = ""


def parse_confirm(payload):
    cursor = Cursor(payload)
    sequence, queue = cursor.read("Q"), cursor.str8().decode()
    entries = []
    while cursor.at < len(payload):
        kind = cursor.read("B")
        if kind == 0:
            batches, messages, first = cursor.read("IIQ")
            entries.append(Entry(0, batches, messages, first))
        elif kind == 1:
            count = cursor.read("I")
            receipts = [(s, bool(d)) for s, d in (cursor.read("QB") for _ in range(count))]
            entries.append(Entry(1, 1, count, receipts=receipts))
        elif kind == 2:
            code, retry_after, index = cursor.read("HII")
            entries.append(Entry(2, code=code, retry_after_ms=retry_after, index=index, text=cursor.str16()))
        else:
            raise Damaged(kind)
    return sequence, queue, entries


@dataclass
class Message:
    sequence: int
    publish_time: int
    delivery: int
    attempts: int
    body: bytes = b""
    key: bytes = b""
    ordering_key: bytes = b""
    headers: list = field(default_factory=list)
    deliver_at: int = 0
    expires_at: int = 0


def parse_record(cursor, message):
    length, crc = cursor.read("II")
    covered = cursor.take(length)
    if zlib.crc32(covered) != crc:
        raise Damaged("record checksum")
    inner = Cursor(covered)
    attributes, key_bytes, ordering_bytes, header_count, header_bytes = inner.read("BBBBI")
    if attributes & ~3:
        raise Damaged("attributes")
    message.deliver_at = inner.read("Q") if attributes & 1 else 0
    message.expires_at = inner.read("Q") if attributes & 2 else 0
    message.key, message.ordering_key = inner.take(key_bytes), inner.take(ordering_bytes)
    headers = Cursor(inner.take(header_bytes))
    for _ in range(header_count):
        name_bytes, value_bytes = headers.read("BH")
        message.headers.append((headers.take(name_bytes), headers.take(value_bytes)))
    headers.end()
    message.body = inner.rest()
    return message


def parse_deliver(payload):
    cursor = Cursor(payload)
    subscription, messages = cursor.read("I"), []
    while cursor.at < len(payload):
        head = cursor.take(40)
        first, time, count, record_bytes, delivery, attempts, codec, key_id, crc = struct.unpack("<QQIIIIHHI", head)
        if zlib.crc32(head[:36]) != crc or codec or key_id:
            raise Damaged("run header")
        records = Cursor(cursor.take(record_bytes))
        for i in range(count):
            messages.append(parse_record(records, Message(first + i, time, delivery, attempts)))
        records.end()
    return subscription, messages


def settle(subscription, kind, boot_epoch, ranges, duration_ms=-1, text=""):
    payload = struct.pack("<IBBHQq", subscription, kind, 0, 0, boot_epoch, duration_ms) + str16(text)
    return payload + struct.pack("<I", len(ranges)) + b"".join(struct.pack("<QII", *r) for r in ranges)


@dataclass
class Settled:
    subscription: int
    applied: int
    code: int
    text: str
    stale: list


def parse_settled(payload):
    cursor = Cursor(payload)
    subscription, applied, code = cursor.read("IIH")
    settled = Settled(subscription, applied, code, cursor.str16(), [])
    settled.stale = [cursor.read("QII") for _ in range(cursor.read("I"))]
    cursor.end()
    return settled


def parse_error(payload):
    cursor = Cursor(payload)
    code, retry_after = cursor.read("HI")
    text = cursor.str16()
    cursor.end()
    return code, retry_after, text


def to_json(members):
    return json.dumps(members).encode()
