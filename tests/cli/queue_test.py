"""queue, group, peek, stats, version: what they print and how they end."""

import json


def test_a_queue_from_create_to_rm(server):
    create = ["queue", "create", "orders", "--visibility-timeout", "1m", "--max-depth-bytes", "64MiB", "--on-expiry", "discard"]
    made = server.good(*create)
    assert made["policy"]["visibility_timeout_ms"] == 60_000
    assert made["policy"]["max_depth_bytes"] == 64 << 20
    assert made["policy"]["on_expiry"] == "discard"
    assert server(*create).status == 0
    other = server("queue", "create", "orders")
    assert other.status == 1 and "queue_exists" in other.err and "next:" in other.err and other.out == ""
    assert server.good("queue", "create", "orders", "--ensure", "--max-attempts", "3")["policy"]["max_attempts"] == 3
    changed = server.good("queue", "set", "orders", "--backoff-jitter", "0.25")
    assert changed["policy"]["backoff_jitter"] == 0.25 and changed["policy"]["max_attempts"] == 3
    assert server.good("queue", "pause", "orders")["paused"] is True
    assert server.good("queue", "resume", "orders")["paused"] is False
    assert [queue["name"] for queue in server.good("queue", "ls")] == ["orders"]
    assert server.good("queue", "info", "orders")["groups"][0]["name"] == "default"
    assert server.good("queue", "rm", "orders", "--yes")["removed"] is True
    assert server.good("queue", "ls") == []


def test_what_is_not_there_is_status_3_with_a_next_step(server):
    for arguments in (["queue", "info", "nope"], ["queue", "set", "nope", "--ttl", "1s"], ["pub", "nope", "x"],
                      ["sub", "nope", "--wait", "0"], ["peek", "nope"], ["dlq", "ls", "nope"],
                      ["queue", "rm", "nope", "--yes"], ["group", "ls", "nope"]):
        done = server(*arguments)
        assert done.status == 3, (arguments, done.err)
        assert done.err.startswith("ackwire: no_queue: ") and "next: " in done.err and done.out == "", arguments


def test_a_group_is_paused_and_resumed(server):
    server("queue", "create", "orders")
    assert server.good("group", "pause", "orders", "default")["done"] == "paused"
    assert server.good("group", "ls", "orders")[0]["paused"] is True
    server("pub", "orders", "x")
    assert server("sub", "orders", "--max", "1", "--wait", "300ms").status == 6
    assert server.good("group", "resume", "orders", "default")["done"] == "resumed"
    assert server("sub", "orders", "--max", "1", "--wait", "5s").out == "x\n"
    assert server("group", "pause", "orders", "none").status == 3


def test_any_verb_by_its_name(server):
    server("queue", "create", "orders")
    verbs = server("request").out.split()
    assert {"get_queue", "move_dead", "get_history"} <= set(verbs) and len(verbs) == len(set(verbs))
    got = server("request", "get_queue", '{"queue": "orders"}')
    assert got.status == 0 and json.loads(got.out)["queue"]["name"] == "orders"
    line = server("request", "list_queues", '{"count": 1}', "-o", "jsonl").out
    assert line.count("\n") == 1 and json.loads(line)["queues"][0]["policy"]["backoff"]["initial_ms"] == 1_000
    typo = server("request", "get_queu", "{}")
    assert typo.status == 2 and "get_queue" in typo.err and typo.out == ""
    member = server("request", "set_queue", '{"queue": "orders", "chnge": {"paused": true}}')
    assert member.status == 2 and "'chnge' is not known here" in member.err and "Nothing was changed" in member.err
    inner = server("request", "set_queue", '{"queue": "orders", "change": {"pausd": true}}')
    assert inner.status == 2 and "'change.pausd' is not known here" in inner.err
    assert server("request", "get_queue", '{"queue": "nope"}').status == 3
    assert server.good("queue", "info", "orders")["paused"] is False


def test_errors_are_json_when_asked(server):
    done = server("queue", "info", "nope", "-o", "json")
    assert done.status == 3 and json.loads(done.err)["error"]["code"] == "no_queue" and done.out == ""


def test_no_broker_is_status_6(folder):
    from conftest import run
    done = run("queue", "ls", "--endpoint", f"ipc://{folder}/none", "--timeout", "300ms")
    assert done.status == 6 and "timeout" in done.err and "ackwire serve" in done.err


def test_table_json_lines_and_plain(orders):
    orders.good("queue", "create", "other")
    table = orders("queue", "ls")
    assert [line.split()[0] for line in table.out.splitlines()] == ["NAME", "orders", "other"] and table.err == ""
    assert [row["name"] for row in orders("queue", "ls", "-o", "jsonl").lines()] == ["orders", "other"]
    plain = orders("queue", "ls", "-o", "plain", "--columns", "name,paused,next_sequence")
    assert plain.out == "orders\tfalse\t1\nother\tfalse\t1\n"
    assert orders.good("queue", "ls", "--columns", "name") == [{"name": "orders"}, {"name": "other"}]
    wrong = orders("queue", "ls", "--columns", "nmae")
    assert wrong.status == 2 and 'did you mean "name"?' in wrong.err and wrong.out == ""


def test_what_removes_needs_yes_without_a_terminal(orders):
    orders.good("pub", "orders", "a", "b")
    for arguments in (["queue", "purge", "orders"], ["queue", "rm", "orders", "--force"]):
        done = orders(*arguments)
        assert done.status == 2 and "--yes" in done.err and "nothing was done" in done.err and done.out == ""
    assert orders.good("queue", "purge", "orders", "--dry-run") == {"queue": "orders", "purged": 2, "dry_run": True}
    assert orders.good("queue", "info", "orders")["ready"] == 2
    full = orders("queue", "rm", "orders", "--yes")
    assert full.status == 1 and "not_empty" in full.err
    assert orders.good("queue", "purge", "orders", "--yes")["purged"] == 2
    assert orders.good("queue", "info", "orders")["ready"] == 0
    orders.good("pub", "orders", "c")
    assert orders.good("queue", "rm", "orders", "--dry-run", "--force")["ready"] == 1
    assert orders.good("queue", "rm", "orders", "--yes", "--force")["removed"] is True


def test_groups_each_see_every_message(orders):
    orders.good("pub", "orders", "before")
    orders.good("group", "create", "orders", "audit")
    orders.good("group", "create", "orders", "all", "--from-oldest")
    orders.good("pub", "orders", "after")
    assert orders("sub", "orders", "--group", "audit", "--wait", "1s").out == "after\n"
    assert orders("sub", "orders", "--group", "all", "--wait", "1s").out == "before\nafter\n"
    assert sorted(group["name"] for group in orders.good("group", "ls", "orders")) == ["all", "audit", "default"]
    assert orders("group", "rm", "orders", "audit").status == 2
    assert orders.good("group", "rm", "orders", "audit", "--dry-run")["done"] == "nothing"
    assert orders.good("group", "rm", "orders", "audit", "--yes")["done"] == "removed"
    assert orders("group", "rm", "orders", "audit", "--yes").status == 3


def test_peek_has_no_effect(orders):
    orders.good("pub", "orders", "a\tb\x1b[31m", "--header", "tenant=x", "--key", "k1")
    for _ in range(2):
        seen = orders.good("peek", "orders")
        assert len(seen) == 1 and seen[0]["state"] == "ready" and seen[0]["deliveries"] == 0
        assert seen[0]["body"] == "a\tb\x1b[31m" and seen[0]["headers"] == {"tenant": "x"} and seen[0]["idempotency_key"] == "k1"
    table = orders("peek", "orders")
    assert "a\\tb\\x1b[31m" in table.out and "\x1b" not in table.out
    orders.good("pub", "orders", "later", "--delay", "1h")
    assert [message["state"] for message in orders.good("peek", "orders", "--from", "2")] == ["delayed"]
    assert len(orders.good("peek", "orders", "-n", "1")) == 1


def test_stats_now_and_line_by_line(orders):
    orders.good("pub", "orders", "x")
    stats = orders.good("stats")
    assert stats["boot_epoch"] >= 1 and stats["queues"][0]["name"] == "orders" and stats["commits"] >= 1
    table = orders("stats").out
    assert "STORE_BYTES" in table and "orders" in table
    lines = orders("stats", "--watch", "--interval", "200ms", "--count", "2", "-o", "jsonl").lines()
    assert len(lines) == 2 and all(line["ready"] == 1 for line in lines)


def test_version():
    from conftest import run
    assert run("version").out == run("--version").out
    assert run("version", "-o", "json").json()["version"].count(".") == 2
