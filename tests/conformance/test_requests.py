"""Section 7."""

import base64
import json
import time

import pytest
import wire
from client import Client, Refused
from wire import CODES, NACK, REJECT, record


def b64(text):
    return base64.b64decode(text)


def dead(client, queue, count, reason="no"):
    client.publish(queue, *[record(b"m%d" % i, b"k%d" % i, headers=[(b"h", b"\xff")]) for i in range(count)])
    client.subscribe(queue)
    messages = client.receive(count)
    assert client.settle(REJECT, *messages, text=reason).applied == count
    return messages


def test_create_get_set_list(client):
    made = client.request("create_queue", queue="life", policy={"max_attempts": 4, "backoff": {"initial_ms": 7}})["queue"]
    assert made["name"] == "life" and made["policy"]["max_attempts"] == 4
    assert made["policy"]["backoff"] == {"initial_ms": 7, "multiplier": 2.0, "max_ms": 900_000, "jitter": 0.5}
    assert made["policy"]["on_expiry"] == "dead_letter" and made["next_sequence"] == 1
    assert [g["name"] for g in made["groups"]] == ["default"]
    again = client.request("create_queue", queue="life", policy={"max_attempts": 4, "backoff": {"initial_ms": 7}})["queue"]
    assert again["id"] == made["id"]
    with pytest.raises(Refused) as refused:
        client.request("create_queue", queue="life")
    assert refused.value.code == CODES["queue_exists"]
    changed = client.request("set_queue", queue="life", change={"paused": True, "backoff": {"jitter": 0.25}})["queue"]
    assert changed["policy"]["paused"] is True and changed["policy"]["max_attempts"] == 4
    assert changed["policy"]["backoff"]["initial_ms"] == 7 and changed["policy"]["backoff"]["jitter"] == 0.25
    ensured = client.request("ensure_queue", queue="life", change={"ttl_ms": 5000})["queue"]
    assert ensured["policy"]["ttl_ms"] == 5000 and ensured["policy"]["paused"] is True
    assert client.request("ensure_queue", queue="life2")["queue"]["policy"]["max_attempts"] == 10
    assert client.request("get_queue", queue="life") == {"reply": "queue", "queue": ensured}
    assert "life" in [q["name"] for q in client.request("list_queues")["queues"]]
    assert client.request("remove_queue", queue="life") == {"reply": "done"}
    with pytest.raises(Refused) as refused:
        client.request("get_queue", queue="life")
    assert refused.value.code == CODES["no_queue"]


@pytest.mark.parametrize("policy", [
    {"visibility_timeout_ms": 99}, {"visibility_timeout_ms": 43_200_001}, {"max_attempts": 0}, {"max_attempts": 1001},
    {"max_attempts": -1}, {"backoff": {"multiplier": 0.5}}, {"backoff": {"jitter": 1.5}}, {"backoff": {"max_ms": 1}},
    {"ttl_ms": -1}, {"ttl_ms": 10**18}, {"dedupe_window_ms": 604_800_001}, {"max_message_bytes": 1_048_577}, {"max_depth": 2**64},
])
def test_settings_out_of_range(client, policy):
    with pytest.raises(Refused) as refused:
        client.request("create_queue", queue="never", policy=policy)
    assert refused.value.code in (CODES["out_of_range"], CODES["invalid_argument"])
    with pytest.raises(Refused):
        client.request("get_queue", queue="never")


@pytest.mark.parametrize("text,says", [
    (b"", "JSON"), (b"[]", "object"), (b"{}", "request"), (b'{"request":"explode"}', "explode"), (b"\xff\xfe", "JSON"),
    (b'{"request":"get_queue"}', "queue"), (b'{"request":"get_queue","queue":1}', "queue"),
    (b'{"request":"get_queue","queue":"q","quue":1,"must_understand":["quue"]}', "quue"),
    (b'{"request":"get_queue","queue":"q"} x', "JSON"),
    (b'{"request":"create_queue","queue":"q","policy":{"max_attemps":1},"must_understand":["policy.max_attemps"]}',
     "policy.max_attemps"),
    (b"[" * 100_000, "deep"),
])
def test_bad_json(client, text, says):
    client.send(wire.REQUEST, text, request=77)
    error = client.expect(wire.ERROR)
    assert error.request == 77
    code, _, message = wire.parse_error(error.payload)
    assert code == CODES["invalid_argument"] and says in message
    assert client.ping() > 0


def test_json_over_the_limit(client):
    client.send(wire.REQUEST, b'{"request":"' + b"x" * (256 * 1024) + b'"}', request=78)
    assert client.error()[0] == CODES["too_large"]


@pytest.mark.parametrize("text,where,code", [
    (b"{", wire.ERROR, "invalid_argument"),
    (b'{"request":"get_queue"}', wire.ERROR, "invalid_argument"),
    (b'{"request":"get_queue","queue":null}', wire.ERROR, "invalid_argument"),
    (b'{"request":"get_queue","queue":"q","queue":"q"}', wire.ERROR, "invalid_argument"),
    (b'{"request":"create_queue","queue":"q","policy":{"backoff":{"jitter":0,"jitter":1}}}', wire.ERROR, "invalid_argument"),
    (b'{"request":"create_queue","queue":"q","policy":{"max_attempts":-1}}', wire.ERROR, "out_of_range"),
    (b'{"request":"create_queue","queue":"q","policy":{"max_attempts":4294967296}}', wire.ERROR, "out_of_range"),
    (b'{"request":"create_queue","queue":"q","policy":{"max_attempts":3.0}}', wire.ERROR, "invalid_argument"),
    (b'{"request":"create_queue","queue":"q","policy":{"max_attempts":1e1}}', wire.ERROR, "invalid_argument"),
    (b'{"request":"create_queue","queue":"q","policy":{"max_attempts":1001}}', wire.REPLY, "out_of_range"),
    (b'{"request":"create_queue","queue":""}', wire.REPLY, "invalid_name"),
    (b'{"request":"get_queue","queue":"nowhere","queu":1}', wire.REPLY, "no_queue"),
    (b'{"request":"get_queue","queue":"nowhere","queu":1,"must_understand":["queu"]}', wire.ERROR, "invalid_argument"),
    (b'{"request":"get_queue","queue":"nowhere","must_understand":"queue"}', wire.ERROR, "invalid_argument"),
    (b'{"request":"get_queue","queue":"nowhere"}', wire.REPLY, "no_queue"),
    (b'{"request":"get_history","resolution":"hour"}', wire.ERROR, "invalid_argument"),
    (b'{"request":"move_dead","action":"copy","queue":"q","group":"g"}', wire.ERROR, "invalid_argument"),
])
def test_what_cannot_be_read_is_an_error_and_what_is_refused_a_reply(client, text, where, code):
    client.send(wire.REQUEST, text, request=79)
    frame = client.expect(where)
    assert frame.request == 79
    if where == wire.ERROR:
        assert wire.parse_error(frame.payload)[0] == CODES[code]
    else:
        reply = json.loads(frame.payload)
        assert (reply["reply"], reply["code"]) == ("error", code)
    with pytest.raises(Refused):
        client.request("get_queue", queue="q")  # nothing was made


@pytest.mark.parametrize("member,low,high", [
    ("visibility_timeout_ms", 100, 43_200_000), ("max_attempts", 1, 1000), ("ttl_ms", 0, 315_619_200_000),
    ("dedupe_window_ms", 0, 604_800_000), ("max_depth", 1, 2**40), ("max_depth_bytes", 1024, 2**50),
    ("max_in_flight", 1, 1_000_000), ("max_message_bytes", 1, 1_048_576),
    ("backoff.initial_ms", 0, 900_000), ("backoff.max_ms", 50, 31_622_400_000),
    ("backoff.multiplier", 1, 100), ("backoff.jitter", 0, 1),
])
def test_limits_of_a_policy(client, queue, member, low, high):
    client.request("set_queue", queue=queue, change={"backoff": {"initial_ms": 50, "max_ms": 900_000}})

    def change(value):
        outer, _, inner = member.partition(".")
        return {outer: {inner: value}} if inner else {outer: value}

    for value in (low, high):
        client.request("set_queue", queue=queue, change=change(value))
    for value in (low - 1, high + 1):
        text = wire.to_json({"request": "set_queue", "queue": queue, "change": change(value)})
        client.send(wire.REQUEST, text, request=81)
        frame = client.next_frame()
        while frame.operation == wire.PONG:
            frame = client.next_frame()
        refused = frame.payload if frame.operation == wire.REPLY else wire.parse_error(frame.payload)[2].encode()
        name = member.partition(".")[0].removesuffix("_ms")
        assert frame.request == 81 and name.encode() in refused and b"Nothing was changed" in refused, refused


def test_what_the_broker_does_not_know_is_ignored_unless_it_must_be_understood(client, queue):
    later = {"paused": True, "later": {"deep": 1}}
    made = client.request("set_queue", queue=queue, change=later, another=2)["queue"]
    assert made["policy"]["paused"] is True and "later" not in made["policy"]
    assert client.request("set_queue", queue=queue, change={"ttl_ms": 5}, must_understand=["queue", "change.ttl_ms"])
    for name in ("another", "change.later", "change.later.deep"):
        text = {"request": "set_queue", "queue": queue, "change": later, "another": 2, "must_understand": ["queue", name]}
        client.send(wire.REQUEST, wire.to_json(text), request=82)
        code, _, words = client.error()
        assert code == CODES["invalid_argument"] and f"'{name}' is not known here" in words and "Nothing was changed" in words
    assert client.request("get_queue", queue=queue)["queue"]["policy"]["ttl_ms"] == 5


def test_lists_of_queues_come_in_pages(client):
    names = [f"page.{i:02}" for i in range(7)]
    for name in reversed(names):
        client.request("ensure_queue", queue=name)
    seen, start = [], "page."
    while start:
        page = client.request("list_queues", count=3, **{"from": start})
        assert 1 <= len(page["queues"]) <= 3
        seen += [q["name"] for q in page["queues"]]
        start = page["next"]
    assert seen[:7] == names and seen == sorted(seen)
    whole = client.request("list_queues")
    assert whole["next"] == "" and set(names) <= {q["name"] for q in whole["queues"]}, "all of them when nobody asks for a page"
    first = client.request("get_stats", count=2, **{"from": "page."})
    assert [q["name"] for q in first["stats"]["queues"]] == names[:2] and first["next"] == names[2]
    assert client.request("list_queues", count=1, **{"from": "zzz"}) == {"reply": "queues", "queues": [], "next": ""}
    for name in names:
        client.request("remove_queue", queue=name)


def test_json_is_at_most_16_deep(client):
    for depth, says in [(16, "deep"), (15, "not JSON")]:
        client.send(wire.REQUEST, b'{"request":' + b"[" * depth, request=80)
        assert says in client.error()[2]


def test_null_stands_for_left_out(client, queue):
    assert client.request("peek", queue=queue, group="default", count=1, body_bytes=None, **{"from": None})["messages"] == []
    assert client.request("set_queue", queue=queue, change=None)["queue"]["name"] == queue


@pytest.mark.parametrize("name", ["", "x" * 129, "../x", "a b", ".hidden", "größe"])
def test_a_bad_name_is_invalid_only_where_it_is_made(client, queue, name):
    def code(request, **members):
        with pytest.raises(Refused) as refused:
            client.request(request, **members)
        return refused.value.code

    for request in ("create_queue", "ensure_queue"):
        assert code(request, queue=name) == CODES["invalid_name"]
    assert code("create_group", queue=queue, group=name) == CODES["invalid_name"]
    for request in ("get_queue", "set_queue", "remove_queue", "purge"):
        assert code(request, queue=name) == CODES["no_queue"]
    assert code("create_group", queue=name, group="g") == CODES["no_queue"]
    if name:  # "" is the whole broker there
        assert code("get_history", queue=name) == CODES["no_queue"]
    for request, more in [("remove_group", {}), ("peek", {"count": 1}), ("get_dead_letters", {"count": 1}),
                          ("move_dead", {"action": "discard"})]:
        assert code(request, queue=queue, group=name, **more) == CODES["no_group"]
    assert client.publish(name, record(b"x")).code == CODES["no_queue"]


def test_requests_do_nothing_the_second_time(client, queue):
    def twice(request, **members):
        return client.request(request, **members), client.request(request, **members)

    def gone(request, code, **members):
        client.request(request, **members)
        with pytest.raises(Refused) as refused:
            client.request(request, **members)
        assert refused.value.code == CODES[code]

    first, second = twice("create_queue", queue=queue + ".twice")
    assert first == second
    first, second = twice("set_queue", queue=queue, change={"max_attempts": 7})
    assert first == second and first["queue"]["policy"]["max_attempts"] == 7
    first, second = twice("ensure_queue", queue=queue, change={"max_attempts": 8})
    assert first == second
    assert twice("create_group", queue=queue, group="g") == ({"reply": "done"}, {"reply": "done"})
    gone("remove_group", "no_group", queue=queue, group="g")
    gone("remove_queue", "no_queue", queue=queue + ".twice")
    client.publish(queue, *[record(b"x")] * 3)
    purged, again = twice("purge", queue=queue)
    assert (purged["count"], again["count"]) == (3, 0)
    dead(client, queue, 2)
    moved, again = twice("move_dead", action="discard", queue=queue, group="default")
    assert (moved["moved"], again["moved"]) == (2, 0)


def test_the_last_group_stays(client, queue):
    with pytest.raises(Refused) as refused:
        client.request("remove_group", queue=queue, group="default")
    assert refused.value.code == CODES["invalid_argument"]
    client.request("create_group", queue=queue, group="other")
    client.request("remove_group", queue=queue, group="default")
    assert [g["name"] for g in client.request("get_queue", queue=queue)["queue"]["groups"]] == ["other"]


def test_groups_of_a_queue_are_bounded(client, queue):
    for i in range(63):
        client.request("create_group", queue=queue, group=f"g{i}")
    with pytest.raises(Refused) as refused:
        client.request("create_group", queue=queue, group="one.more")
    assert refused.value.code == CODES["overloaded"] and "64" in refused.value.text


def test_paused(client, queue):
    client.request("set_queue", queue=queue, change={"paused": True})
    assert client.publish(queue, record(b"x")).kind == 0
    client.subscribe(queue)
    assert client.nothing(wire.DELIVER, 200)
    client.request("set_queue", queue=queue, change={"paused": False})
    assert client.receive()[0].body == b"x"


def test_a_paused_group(client, queue):
    client.request("create_group", queue=queue, group="other")
    for _ in range(2):  # the same again changes nothing
        assert client.request("pause_group", queue=queue, group="default") == {"reply": "done"}
    assert client.publish(queue, record(b"x")).kind == 0
    client.subscribe(queue)
    assert client.nothing(wire.DELIVER, 200)
    assert client.group(queue)["paused"] is True and client.group(queue, "other")["paused"] is False
    client.request("pause_group", queue=queue, group="default", paused=False)
    assert client.receive()[0].body == b"x"
    with pytest.raises(Refused) as refused:
        client.request("pause_group", queue=queue, group="none")
    assert refused.value.code == CODES["no_group"]


def test_b51_a_queue_that_is_not_empty(client, queue):
    client.publish(queue, *[record(b"x")] * 5)
    with pytest.raises(Refused) as refused:
        client.request("remove_queue", queue=queue)
    assert refused.value.code == CODES["not_empty"]
    assert client.request("remove_queue", queue=queue, force=True) == {"reply": "done"}
    assert client.request("ensure_queue", queue=queue)["queue"]["groups"][0]["ready"] == 0


def test_groups(client, queue):
    client.publish(queue, record(b"old"))
    client.request("create_group", queue=queue, group="late")
    client.request("create_group", queue=queue, group="early", from_oldest=True)
    assert client.group(queue, "late")["ready"] == 0
    assert client.group(queue, "early")["ready"] == 1
    client.request("remove_group", queue=queue, group="late")
    for name, more in [("remove_group", {}), ("peek", {"count": 1})]:
        with pytest.raises(Refused) as refused:
            client.request(name, queue=queue, group="late", **more)
        assert refused.value.code == CODES["no_group"]


def test_purge_leaves_what_is_leased(client, queue):
    client.publish(queue, *[record(b"x")] * 10)
    client.publish(queue, record(b"later", deliver_at=client.ping() + 60_000))
    client.subscribe(queue, credit=3)
    held = client.receive(3)
    count, below, more = 0, 0, True
    while more:
        reply = client.request("purge", queue=queue, below_sequence=below)
        count, below, more = count + reply["count"], reply["below_sequence"], reply["more"]
    assert count == 8
    group = client.group(queue)
    assert (group["ready"], group["delayed"], group["leased"], group["discarded"]) == (0, 0, 3, 8)
    assert client.settle(wire.ACK, *held).applied == 3


def test_peek_has_no_effect(client, queue):
    client.publish(queue, record(b"a" * 100, b"key", b"order", [(b"h", b"\xff")]), record(b"b"), record(b"c"))
    page = client.request("peek", queue=queue, group="default", count=2, body_bytes=10)
    first = page["messages"][0]
    assert (first["sequence"], first["state"], first["deliveries"], first["body_bytes"]) == (1, "ready", 0, 100)
    assert b64(first["body_base64"]) == b"a" * 10
    assert b64(first["idempotency_key_base64"]) == b"key" and b64(first["ordering_key_base64"]) == b"order"
    assert [(h["name"], b64(h["value_base64"])) for h in first["headers"]] == [("h", b"\xff")]
    rest = client.request("peek", queue=queue, group="default", count=2, **{"from": page["next"]})
    assert [m["sequence"] for m in rest["messages"]] == [3]
    client.subscribe(queue)
    assert [m.attempts for m in client.receive(3)] == [1, 1, 1]
    assert client.request("peek", queue=queue, group="default", count=1)["messages"][0]["state"] == "leased"


def test_dead_letters_and_redrive(client, queue):
    dead(client, queue, 3, "no such customer")
    other = client.request("get_dead_letters", queue=queue, group="default", count=2, filter={"reason": "expired"})
    assert (other["letters"], other["next"], other["total"]) == ([], 0, 3)
    page = client.request("get_dead_letters", queue=queue, group="default", count=2, body_bytes=1000)
    assert page["total"] == 3 and [x["sequence"] for x in page["letters"]] == [1, 2]
    letter = page["letters"][0]
    assert (letter["reason"], letter["detail"], letter["attempts"], letter["redrives"]) == ("rejected", "no such customer", 1, 0)
    assert b64(letter["body_base64"]) == b"m0" and b64(letter["headers"][0]["value_base64"]) == b"\xff"
    rest = client.request("get_dead_letters", queue=queue, group="default", count=2, **{"from": page["next"]})
    assert [x["sequence"] for x in rest["letters"]] == [3] and rest["next"] == 0

    moved = client.request("move_dead", action="redrive", queue=queue, group="default", filter={"sequences": [1, 99]})
    assert (moved["moved"], moved["not_found"], moved["more"]) == (1, [99], False)
    message = client.receive()[0]
    assert (message.sequence, message.body, message.delivery, message.attempts) == (1, b"m0", 2, 1)
    assert client.settle(wire.ACK, message).applied == 1

    assert client.request("move_dead", action="discard", queue=queue, group="default", filter={"reason": "expired"})["moved"] == 0
    assert client.request("move_dead", action="discard", queue=queue, group="default", filter={"reason": "rejected"})["moved"] == 2
    group = client.group(queue)
    assert (group["dead"], group["discarded"], group["acked"], group["redriven"]) == (0, 2, 1, 1)


def test_redriven_messages_are_not_taken_for_duplicates(client, queue):
    dead(client, queue, 1)
    client.request("move_dead", action="redrive", queue=queue, group="default")
    message = client.receive()[0]
    assert message.key == b"k0"
    client.settle(wire.ACK, message)
    assert client.publish(queue, record(b"m0", b"k0")).receipts == [(1, True)], "the key stays remembered"


def test_b49_redrive_of_what_is_not_there(client, queue):
    moved = client.request("move_dead", action="redrive", queue=queue, group="default", filter={"sequences": [5, 6]})
    assert (moved["moved"], sorted(moved["not_found"])) == (0, [5, 6])
    with pytest.raises(Refused) as refused:
        client.request("move_dead", action="redrive", queue="nowhere", group="default")
    assert refused.value.code == CODES["no_queue"]
    with pytest.raises(Refused) as refused:
        client.request("move_dead", action="redrive", queue=queue, group="default", filter={"sequences": list(range(1, 1002))})
    assert refused.value.code == CODES["out_of_range"]


def test_jobs(client, queue):
    dead(client, queue, 3)
    started = client.request("start_job", kind="redrive", queue=queue, group="default", filter={"sequences": [1, 99]})
    assert started["reply"] == "job"
    job = started["job"]
    while job["state"] == "running":
        job = client.request("get_job", id=job["id"])["job"]
    assert (job["kind"], job["state"], job["moved"], job["not_found"]) == ("redrive", "done", 1, [99])
    assert (job["queue"], job["group"], job["code"], job["error"]) == (queue, "default", "", "")
    assert 0 < job["started_ms"] <= job["ended_ms"]
    later = client.request("start_job", kind="purge", queue=queue)["job"]
    assert later["id"] > job["id"] and {job["id"], later["id"]} <= {one["id"] for one in client.request("list_jobs")["jobs"]}
    assert client.request("cancel_job", id=job["id"]) == {"reply": "job", "job": job}
    for verb in ("get_job", "cancel_job"):
        with pytest.raises(Refused) as refused:
            client.request(verb, id=2**40)
        assert refused.value.code == CODES["not_found"]


@pytest.mark.parametrize(("members", "code"), [
    ({"kind": "purge", "queue": "nowhere"}, "no_queue"), ({"kind": "purge", "group": "default"}, "invalid_argument"),
    ({"kind": "purge", "filter": {"reason": "expired"}}, "invalid_argument"), ({"kind": "copy"}, "invalid_argument"),
    ({"kind": "discard", "group": "none"}, "no_group"),
    ({"kind": "redrive", "group": "default", "filter": {"sequences": list(range(1, 1002))}}, "out_of_range"),
])
def test_jobs_that_cannot_be(client, queue, members, code):
    with pytest.raises(Refused) as refused:
        client.request("start_job", **{"queue": queue, **members})
    assert refused.value.code == CODES[code]


def test_pages_are_bounded(client, queue):
    for name in ("peek", "get_dead_letters"):
        for count in (0, 1001):
            with pytest.raises(Refused) as refused:
                client.request(name, queue=queue, group="default", count=count)
            assert refused.value.code == CODES["out_of_range"]


def test_stats(client, queue):
    client.publish(queue, record(b"x"))
    stats = client.request("get_stats")["stats"]
    assert stats["boot_epoch"] == client.welcome.boot_epoch
    assert bytes.fromhex(stats["store_id"]) == client.welcome.store_id
    assert stats["sessions"] >= 1 and stats["commits"] >= 1 and 0 < stats["store_bytes"] < stats["store_bytes_limit"]
    assert stats["publishes_refused"] is False and stats["started_ms"] <= stats["now_ms"]
    assert next(q for q in stats["queues"] if q["name"] == queue)["published"] == 1


def test_counts_are_conserved(client, queue):
    client.publish(queue, *[record(b"x")] * 12)
    client.publish(queue, record(b"y", deliver_at=client.ping() + 60_000))
    client.subscribe(queue, credit=6)
    messages = client.receive(6)
    client.settle(wire.ACK, *messages[:2])
    client.settle(REJECT, messages[2], text="no")
    client.settle(NACK, messages[3], duration_ms=200)
    group = client.group(queue)
    states = ("ready", "delayed", "leased", "dead", "acked", "expired", "discarded")
    assert group["published"] == 13 == sum(group[s] for s in states), group
    assert (group["acked"], group["dead"], group["nacked"], group["rejected"]) == (2, 1, 1, 1)


def test_history(client, queue):
    client.publish(queue, *[record(b"x")] * 4)
    samples = []
    deadline = time.monotonic() + 5
    while sum(s["published"] for s in samples) < 4 and time.monotonic() < deadline:
        time.sleep(0.2)
        samples = client.request("get_history", queue=queue, resolution="second", from_ms=client.welcome.now - 5_000)["samples"]
    assert sum(s["published"] for s in samples) == 4
    assert [s["time_ms"] for s in samples] == sorted(s["time_ms"] for s in samples)
    assert client.request("get_history")["samples"]


def test_requests_of_two_clients_do_not_meet(client, second, queue):
    client.requests = second.requests = 500
    client.send(wire.REQUEST, wire.to_json({"request": "get_queue", "queue": queue}), 501)
    second.send(wire.REQUEST, wire.to_json({"request": "get_queue", "queue": "nowhere"}), 501)
    assert b'"queue"' in client.expect(wire.REPLY, request=501).payload
    assert b"no_queue" in second.expect(wire.REPLY, request=501).payload
