"""Sections 5 and 6."""

import struct
import time

import pytest
import wire
from client import Client, Refused
from wire import ACK, CODES, EXTEND, NACK, REJECT, RELEASE, record


def fill(client, queue, count):
    client.publish(queue, *[record(b"m%d" % i) for i in range(1, count + 1)])


def test_deliver_and_ack(client, queue):
    fill(client, queue, 3)
    assert client.subscribe(queue) == 30_000
    messages = client.receive(3)
    assert [(m.sequence, m.body, m.delivery, m.attempts) for m in messages] == [(i, b"m%d" % i, 1, 1) for i in (1, 2, 3)]
    settled = client.settle_ranges(ACK, [(1, 3, 1)])
    assert (settled.applied, settled.code, settled.stale) == (3, 0, [])
    group = client.group(queue)
    assert (group["acked"], group["ready"], group["leased"]) == (3, 0, 0)


def test_acks_out_of_order(client, queue):
    fill(client, queue, 50)
    client.subscribe(queue)
    messages = client.receive(50)
    for message in sorted(messages, key=lambda m: (m.sequence * 7919) % 50):
        assert client.settle(ACK, message).applied == 1
    assert client.group(queue)["acked"] == 50


def test_nobody_gets_what_is_leased_or_acked(client, second, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    second.subscribe(queue)
    assert second.nothing(wire.DELIVER, 200)
    client.settle(ACK, message)
    assert second.nothing(wire.DELIVER, 700)


def test_two_consumers_share(client, second, queue):
    client.subscribe(queue, credit=5)
    second.subscribe(queue, credit=5)
    fill(client, queue, 10)
    both = client.receive(5) + second.receive(5)
    assert sorted(m.sequence for m in both) == list(range(1, 11))


def test_each_group_gets_everything(client, queue):
    client.request("create_group", queue=queue, group="audit")
    fill(client, queue, 2)
    client.subscribe(queue, "default", subscription=1)
    client.subscribe(queue, "audit", subscription=2)
    got = {}
    while sum(map(len, got.values())) < 4:
        subscription, messages = wire.parse_deliver(client.expect(wire.DELIVER).payload)
        got.setdefault(subscription, []).extend(m.sequence for m in messages)
    assert got == {1: [1, 2], 2: [1, 2]}
    assert client.settle_ranges(ACK, [(1, 2, 1)], subscription=2).applied == 2
    assert (client.group(queue, "audit")["acked"], client.group(queue)["acked"]) == (2, 0)


def test_b19_ack_twice(client, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    assert client.settle(ACK, message).applied == 1
    again = client.settle(ACK, message)
    assert (again.applied, again.stale) == (1, [])
    assert client.group(queue)["acked"] == 1


def test_b18_ack_after_the_lease(client, second, queue, short_lease):
    fill(client, queue, 1)
    client.subscribe(queue, credit=1)
    old = client.receive()[0]
    client.credit(0)
    second.subscribe(queue)
    new = second.receive()[0]
    assert (new.sequence, new.delivery, new.attempts) == (old.sequence, 2, 2)
    settled = client.settle(ACK, old)
    assert settled.applied == 0 and settled.stale == [(1, 1, 1)]
    assert second.settle(ACK, new).applied == 1, "the second holder is not affected"
    assert client.group(queue)["stale_settles"] == 1


def test_b20_ack_from_before_a_restart(own_broker):
    with Client(own_broker.endpoint) as client:
        client.request("create_queue", queue="q")
        fill(client, "q", 1)
        client.subscribe("q")
        old, epoch = client.receive()[0], client.welcome.boot_epoch
    own_broker.kill()
    own_broker.start()
    with Client(own_broker.endpoint) as client:
        client.subscribe("q")
        new = client.receive()[0]
        assert new.delivery == 2 and new.attempts == 2, "the hand-over before the crash counts"
        settled = client.settle(ACK, old, boot_epoch=epoch)
        assert settled.applied == 0 and settled.stale == [(1, 1, 1)]
        assert client.settle(ACK, new).applied == 1


def test_b17_tokens_of_others(client, second, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    assert second.settle(ACK, message).code == CODES["bad_token"], "no such subscription in this session"
    second.subscribe(queue)
    assert second.settle(ACK, message).stale == [(1, 1, 1)]
    for garbled in [(99, 1, 1), (1, 1, 7)]:
        assert client.settle_ranges(ACK, [garbled]).stale == [garbled]
    for impossible in [(0, 1, 1), (1, 0, 1), (1, 1, 0)]:
        assert client.settle_ranges(ACK, [impossible]).code == CODES["bad_token"]
    assert client.settle(ACK, message).applied == 1


def test_part_of_a_settle_is_stale(client, queue):
    fill(client, queue, 3)
    client.subscribe(queue)
    client.receive(3)
    settled = client.settle_ranges(ACK, [(1, 10, 1)])
    assert settled.applied == 3 and settled.stale == [(4, 7, 1)]


def test_too_large_a_settle(client, queue):
    client.subscribe(queue)
    assert client.settle_ranges(ACK, [(1, 100_001, 1)]).code == CODES["too_large"]
    assert client.settle_ranges(ACK, [(1, 2**32 - 1, 1)]).code == CODES["too_large"]


def test_nack_by_policy_and_dead_letter(client, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    for attempt in (1, 2, 3):
        message = client.receive()[0]
        assert (message.delivery, message.attempts) == (attempt, attempt)
        assert client.settle(NACK, message, text=f"no {attempt}").applied == 1
    assert client.nothing(wire.DELIVER, 400)
    letter = client.request("get_dead_letters", queue=queue, group="default", count=1)["letters"][0]
    assert letter["reason"] == "max_attempts" and letter["attempts"] == 3
    assert [e["text"] for e in letter["errors"]] == ["no 1", "no 2", "no 3"]


def test_nack_with_a_delay(client, queue):
    client.request("set_queue", queue=queue, change={"backoff": {"max_ms": 10_000}})
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    start = time.monotonic()
    client.settle(NACK, message, duration_ms=400)
    assert client.receive()[0].delivery == 2
    assert 0.38 <= time.monotonic() - start < 3


def test_b22_a_longer_delay_is_honoured(client, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    client.settle(NACK, client.receive()[0], duration_ms=3_600_000)
    due = client.request("peek", queue=queue, group="default", **{"from": 0}, count=1, body_bytes=0)["messages"][0]["due_ms"]
    assert 3_500_000 < due - time.time() * 1_000 < 3_700_000, "although backoff.max = 200 ms"


def test_reject(client, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    assert client.settle(REJECT, client.receive()[0], text="no such customer").applied == 1
    letter = client.request("get_dead_letters", queue=queue, group="default", count=1)["letters"][0]
    assert (letter["reason"], letter["detail"]) == ("rejected", "no such customer")


def test_release_costs_nothing(client, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    for delivery in (1, 2, 3, 4, 5):
        message = client.receive()[0]
        assert (message.delivery, message.attempts) == (delivery, 1)
        assert client.settle(RELEASE, message).applied == 1


def test_extend(client, queue, short_lease):
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    assert client.settle(EXTEND, message, duration_ms=5_000).applied == 1
    assert client.nothing(wire.DELIVER, 1_000), "well over the visibility timeout"
    assert client.settle(ACK, message).applied == 1


@pytest.mark.parametrize("duration", [-1, 0, 99, 43_200_001, -2**63, 2**63 - 1])
def test_b21_extend_out_of_range(client, queue, duration):
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    assert client.settle(EXTEND, message, duration_ms=duration).code == CODES["out_of_range"]
    assert client.settle(ACK, message).applied == 1


@pytest.mark.parametrize("duration", [-2, -2**63, 2**63 - 1])
def test_b21_nack_out_of_range(client, queue, duration):
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    assert client.settle(NACK, message, duration_ms=duration).code == CODES["out_of_range"]
    assert client.settle(ACK, message).applied == 1


def test_a_lease_ends_by_time(client, queue, short_lease):
    fill(client, queue, 1)
    client.subscribe(queue, credit=1)
    client.receive()
    start = time.monotonic()
    assert client.receive_again()[0].delivery == 2
    assert short_lease - 0.2 <= time.monotonic() - start < short_lease + 2, "in [visibility timeout, + 1 s], and a loaded machine"


def test_renew(client, queue, short_lease):
    fill(client, queue, 1)
    client.subscribe(queue)
    message = client.receive()[0]
    for _ in range(6):
        client.send(wire.RENEW, (1).to_bytes(4, "little"))
        assert client.nothing(wire.DELIVER, 250)
    assert client.settle(ACK, message).applied == 1


def test_credit(client, queue):
    fill(client, queue, 10)
    client.subscribe(queue, credit=2)
    first = client.receive(2)
    assert client.nothing(wire.DELIVER, 200)
    client.settle(ACK, first[0])
    assert client.receive()[0].sequence == 3
    client.credit(0)
    client.settle(ACK, first[1])
    assert client.nothing(wire.DELIVER, 200)
    client.credit(100)
    assert [m.sequence for m in client.receive(7)] == [4, 5, 6, 7, 8, 9, 10]


def test_b25_credit_out_of_range(client, queue):
    with pytest.raises(Refused) as refused:
        client.subscribe(queue, credit=100_001)
    assert refused.value.code == CODES["out_of_range"]
    client.subscribe(queue, credit=0)
    fill(client, queue, 1)
    assert client.nothing(wire.DELIVER, 200)
    client.credit(100_001)
    assert client.error()[0] == CODES["out_of_range"]
    client.credit(1)
    assert client.receive()[0].sequence == 1


def test_b26_a_subscription_number_in_use(client, queue):
    client.subscribe(queue, subscription=7)
    with pytest.raises(Refused) as refused:
        client.subscribe(queue, subscription=7)
    assert refused.value.code == CODES["request_reused"]


def test_subscribing_to_nothing(client, queue):
    for name, group, code in [("nowhere", "default", "no_queue"), (queue, "nobody", "no_group")]:
        with pytest.raises(Refused) as refused:
            client.subscribe(name, group)
        assert refused.value.code == CODES[code]


def test_unsubscribe_returns_what_was_held(client, second, queue):
    fill(client, queue, 2)
    client.subscribe(queue)
    client.receive(2)
    client.send(wire.UNSUBSCRIBE, (1).to_bytes(4, "little"))
    second.subscribe(queue)
    assert [(m.delivery, m.attempts) for m in second.receive(2)] == [(2, 2), (2, 2)]
    client.subscribe(queue)


def test_goodbye_returns_what_was_held(shared_broker, second, queue):
    fill(second, queue, 1)
    with Client(shared_broker.endpoint) as client:
        client.subscribe(queue)
        client.receive()
        client.send(wire.GOODBYE, b"\0\0\0\0")
        second.subscribe(queue)
        assert second.receive(1, wait_ms=1_500)[0].delivery == 2


def test_subscribed_comes_before_the_first_delivery(client, queue):
    fill(client, queue, 1)
    client.send(wire.SUBSCRIBE, (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + wire.str8(queue) + wire.str8("default"))
    order = []
    while len(order) < 2:
        frame = client.next_frame()
        order += [frame.operation] if frame.operation != wire.PONG else []
    assert order == [wire.SUBSCRIBED, wire.DELIVER]


def test_a_number_is_free_after_unsubscribe(client, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    old = client.receive()[0]
    client.send(wire.UNSUBSCRIBE, (1).to_bytes(4, "little"))
    client.subscribe(queue)
    new = client.receive()[0]
    assert (new.sequence, new.delivery) == (1, 2)
    assert client.settle(ACK, old).stale == [(1, 1, 1)]
    assert client.settle(ACK, new).applied == 1


def test_an_empty_group_is_not_default(client, queue):
    with pytest.raises(Refused) as refused:
        client.subscribe(queue, "")
    assert refused.value.code == CODES["no_group"] and "no group ''" in refused.value.text


def test_subscriptions_of_a_session_are_bounded(client, queue):
    for number in range(1, 1001):
        client.subscribe(queue, credit=0, subscription=number)
    with pytest.raises(Refused) as refused:
        client.subscribe(queue, credit=0, subscription=1001)
    assert refused.value.code == CODES["overloaded"] and "1000" in refused.value.text
    client.send(wire.UNSUBSCRIBE, (7).to_bytes(4, "little"))
    client.subscribe(queue, credit=0, subscription=1001)


def test_what_an_ack_does_not_need_is_ignored(client, queue):
    fill(client, queue, 3)
    client.subscribe(queue)
    messages = client.receive(3)
    for kind, message in zip((ACK, RELEASE, REJECT), messages, strict=True):
        settled = client.settle(kind, message, duration_ms=-77, text="x" * 2000)
        assert (settled.applied, settled.code) == (1, 0)


def test_a_repeated_ack_counts_on_its_own_subscription_only(client, second, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    client.subscribe(queue, subscription=2)
    message = client.receive()[0]
    assert client.settle(ACK, message).applied == 1
    assert client.settle(ACK, message).applied == 1
    assert client.settle(ACK, message, subscription=2).stale == [(1, 1, 1)]
    second.subscribe(queue)
    assert second.settle(ACK, message).stale == [(1, 1, 1)]
    assert client.group(queue)["acked"] == 1


def test_texts_are_cut_between_characters(client, queue):
    fill(client, queue, 1)
    client.subscribe(queue)
    client.settle(REJECT, client.receive()[0], text="x" + "ö" * 600)
    letter = client.request("get_dead_letters", queue=queue, group="default", count=1)["letters"][0]
    assert letter["detail"] == "x" + "ö" * 510 + "…", "1,024 bytes"


def test_the_last_32_errors_are_kept(client, queue):
    client.request("set_queue", queue=queue, change={"max_attempts": 34, "backoff": {"initial_ms": 0, "max_ms": 0}})
    fill(client, queue, 1)
    client.subscribe(queue)
    for attempt in range(1, 35):
        assert client.settle(NACK, client.receive()[0], duration_ms=0, text=f"no {attempt}").applied == 1
    letter = client.request("get_dead_letters", queue=queue, group="default", count=1)["letters"][0]
    assert [e["text"] for e in letter["errors"]] == [f"no {i}" for i in range(3, 35)]


def test_the_timeout_is_that_of_the_hand_over(client, queue):
    assert client.subscribe(queue) == 30_000
    client.request("set_queue", queue=queue, change={"visibility_timeout_ms": 500})
    fill(client, queue, 1)
    assert [client.receive()[0].delivery, client.receive_again()[0].delivery] == [1, 2]


def test_the_queue_goes(client, queue):
    client.subscribe(queue)
    client.request("remove_queue", queue=queue)
    cursor = wire.Cursor(client.expect(wire.SUBSCRIPTION_ENDED).payload)
    assert cursor.read("IH") == (1, CODES["no_queue"])


def test_large_bodies(client, queue):
    bodies = [bytes([i]) * size for i, size in enumerate((1, 60_000, 70_000, 300_000, 1024 * 1024))]
    for body in bodies:
        client.publish(queue, record(body))
    client.subscribe(queue)
    messages = client.receive(5)
    assert [m.body for m in sorted(messages, key=lambda m: m.sequence)] == bodies
    assert client.settle_ranges(ACK, [(1, 5, 1)]).applied == 5


def test_many_messages(client, queue):
    for i in range(20):
        client.publish(queue, *[record(b"%d" % (i * 500 + j), b"k%d" % (i * 500 + j)) for j in range(500)])
    client.subscribe(queue, credit=1_000)
    seen = []
    while len(seen) < 10_000:
        messages = client.receive()
        seen += [int(m.body) for m in messages]
        ranges = [(m.sequence, 1, m.delivery) for m in messages]
        assert client.settle_ranges(ACK, ranges).applied == len(messages)
    assert seen == list(range(10_000))
    assert client.group(queue)["acked"] == 10_000


def attempts_after_death(broker, queue, begin, **subscribe):
    """What the next consumer sees of three messages whose consumer went without a word."""
    with Client(broker.endpoint) as first:
        fill(first, queue, 3)
        first.subscribe(queue, **subscribe)
        messages = first.receive(3)
        first.begun(*(messages[i] for i in begin))
        first.ping()
    with Client(broker.endpoint) as next_one:
        next_one.subscribe(queue, concurrency=1)
        return {m.sequence: m.attempts for m in next_one.receive(3, wait_ms=20_000)}


def test_without_a_concurrency_everything_counts_as_begun(shared_broker, queue):
    assert attempts_after_death(shared_broker, queue, []) == {1: 2, 2: 2, 3: 2}


def test_as_many_as_the_concurrency_are_presumed_begun(shared_broker, queue):
    assert attempts_after_death(shared_broker, queue, [], concurrency=2) == {1: 2, 2: 2, 3: 1}


def test_what_was_said_to_be_begun_is_charged(shared_broker, queue):
    assert attempts_after_death(shared_broker, queue, [2], concurrency=1) == {1: 1, 2: 1, 3: 2}


def test_a_concurrency_has_a_limit(client, queue):
    with pytest.raises(Refused) as refused:
        client.subscribe(queue, concurrency=100_001)
    assert refused.value.code == CODES["out_of_range"]


def test_a_begun_of_too_many_messages_is_refused(client, queue):
    client.subscribe(queue, concurrency=1)
    ranges = struct.pack("<QII", 1, 2**32 - 1, 1)
    client.send(wire.BEGUN, struct.pack("<IQI", 1, client.welcome.boot_epoch, 1) + ranges)
    assert client.error()[0] == CODES["too_large"]
    assert client.ping()


def test_recall_asks_for_what_is_not_begun(client, second, queue):
    fill(client, queue, 5)
    client.subscribe(queue, concurrency=1)
    messages = client.receive(5)
    client.begun(messages[0])
    second.subscribe(queue, concurrency=1)
    cursor = wire.Cursor(client.expect(wire.RECALL, 20_000).payload)
    assert cursor.read("II") == (1, 2)
    cursor.end()
    client.settle_ranges(RELEASE, [(4, 2, 1)])
    assert {m.sequence for m in second.receive(1)} <= {4, 5}


def test_who_lets_a_lease_run_out_is_given_nothing_before_its_next_frame(client, queue):
    client.request("set_queue", queue=queue, change={"visibility_timeout_ms": 300})
    fill(client, queue, 1)
    client.subscribe(queue)
    client.receive(1)
    assert client.nothing(wire.DELIVER, 1_500)
    client.ping()
    assert client.receive(1)[0].delivery == 2
