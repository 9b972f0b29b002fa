"""One table of units, limits and defaults, for the help, the command, the broker and the page; and what else was not as it said."""

import json
import pathlib
import re
import socket

import pytest
from conftest import Server, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
HELP = re.compile(r"\(([^()]*) to ([^();]*); default ([^()]*)\)")


def limits_of(*command):
    """{flag: (least, most, default)} as the help tells them."""
    found, text = {}, run(*command, "--help").out
    for piece in re.split(r"\n  (?=-)", text):
        flag, told = piece.split()[0], HELP.search(" ".join(piece.split()))
        if told:
            found[flag] = told.groups()
    return found


def test_every_limit_that_the_help_names_is_the_brokers(server):
    limits = limits_of("queue", "create")
    assert len(limits) >= 11
    for number, (flag, (least, most, standard)) in enumerate(limits.items()):
        for value in (least, most):
            also = ["--backoff-max", "366d"] if flag == "--backoff-initial" else []
            also = ["--backoff-initial", "0"] if flag == "--backoff-max" else also
            done = server("queue", "create", f"q{number}", "--ensure", flag, value, *also)
            assert done.status == 0, (flag, value, done.err)
    plain = server.good("queue", "create", "plain")["policy"]
    for flag, (_, _, standard) in limits.items():
        shown = server.good("queue", "create", "same", "--ensure", flag, standard)["policy"]
        assert shown == plain, (flag, standard)


def test_the_page_has_the_table_of_the_command():
    page = (ROOT / "docs/cli.md").read_text()
    for flag, (_, _, standard) in limits_of("queue", "create").items():
        row = next(line for line in page.splitlines() if line.startswith("| `--") and f"`{flag}`" in line)
        plain = {"8GiB": "8GiB", "0s": "0"}.get(standard, standard)
        assert plain in row, (row, standard)


@pytest.mark.parametrize("text, milliseconds", [("1.5s", 1_500), ("2m1.5s5ms", 121_505), ("1h30m", 5_400_000), ("0.25h", 900_000)])
def test_durations_have_decimals(text, milliseconds, server):
    assert server.good("queue", "create", "q", "--visibility-timeout", text)["policy"]["visibility_timeout_ms"] == milliseconds
    assert server.good("queue", "set", "q", "--ttl", "1w 1d")["policy"]["ttl_ms"] == 691_200_000


def test_a_dash_is_standard_input(orders):
    assert orders.good("pub", "orders", "-", stdin="hi\nthere\n")["published"] == 2
    assert [message["body"] for message in orders.good("peek", "orders")] == ["hi", "there"]
    assert orders.good("pub", "orders", "-", "--whole", stdin="-")["published"] == 1
    mixed = orders("pub", "orders", "x", "-", stdin="hi")
    assert mixed.status == 2 and "stands alone" in mixed.err
    assert orders.good("queue", "info", "orders")["ready"] == 3


@pytest.mark.parametrize("arguments, wrong, meant", [
    (["queue", "set", "orders", "--ttll", "30s"], "--ttll", "--ttl"),
    (["queue", "create", "--ttll", "30s", "orders"], "--ttll", "--ttl"),
    (["pub", "--fiel", "x"], "--fiel", "--file"),
    (["dlq", "redrive", "orders", "--al"], "--al", "--all"),
    (["sub", "orders", "--exce", "true", "--concurrency", "2"], "--exce", "--exec"),
])
def test_a_typo_is_named_before_what_it_left_out(arguments, wrong, meant):
    done = run(*arguments)
    assert done.status == 2 and f'there is no option {wrong} (did you mean "{meant}"?)' in done.err, done.err


def paths_of(row, prefix=""):
    for name, value in row.items():
        if isinstance(value, dict) and value and name not in ("headers",):
            yield from paths_of(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_field_that_a_command_prints_can_be_asked_for(orders):
    orders.good("pub", "orders", "a", "--key", "k", "--ordering-key", "o", "--header", "h=v")
    orders.good("pub", "orders", "b", "--delay", "1h")
    orders("sub", "orders", "--exec", "exit 65", "--max", "1", "--wait", "5s")
    commands = [["queue", "ls"], ["queue", "info", "orders"], ["queue", "set", "orders", "--ttl", "0"], ["group", "ls", "orders"],
                ["peek", "orders"], ["dlq", "ls", "orders"], ["dlq", "show", "orders", "1"], ["stats"], ["pub", "orders", "x"],
                ["sub", "orders", "--max", "1"], ["dlq", "redrive", "orders", "--all", "--dry-run"],
                ["queue", "purge", "orders", "--dry-run"], ["group", "rm", "orders", "default", "--dry-run"]]
    for command in commands:
        rows = orders.good(*command)
        for path in paths_of(rows[0] if isinstance(rows, list) else rows):
            if command[0] in ("pub", "sub"):  # once is enough: they change what is there
                continue
            done = orders(*command, "--columns", path, "-o", "jsonl")
            assert done.status == 0, (command, path, done.err)
    table = orders("queue", "ls").out.splitlines()[0].split()
    assert orders("queue", "info", "orders", "--columns", ",".join(table)).status == 0  # as the heading spells them
    assert orders.good("queue", "ls", "--columns", "policy.ttl_ms")[0] == {"policy": {"ttl_ms": 0}}


def test_settings_that_win_over_what_was_set_say_so(folder):
    file = folder / "a.toml"
    file.write_text("[queues.orders]\nmax_attempts = 5\n")
    for expected, change in ((None, "8"), ("max_attempts 8 -> 5", "5"), (None, None)):
        server = Server(folder / "store", "--config", file)
        try:
            assert ("overrides what was set" in server.log.read_text()) is (expected is not None)
            assert expected is None or expected in server.log.read_text()
            assert server.good("queue", "info", "orders")["policy"]["max_attempts"] == 5
            if change:
                server.good("queue", "set", "orders", "--max-attempts", change)
        finally:
            assert server.stop() == 0


def test_a_used_port_leaves_nothing_behind(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        done = run("serve", folder / "store", "--listen", f"ipc://{folder}/s", "--listen", endpoint)
    assert done.status == 78 and endpoint in done.err and "Address already in use" in done.err and "Nothing was opened" in done.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name, words", [
    (":memory:", "no directory"), ("tcp://127.0.0.1:7733", "an endpoint"), ("ipc:///tmp/s", "an endpoint")])
def test_what_is_no_directory_does_not_become_one(name, words, folder):
    done = run("serve", name, "--listen", "tcp://127.0.0.1:*", cwd=folder)
    assert done.status != 0 and words in done.err and "Nothing was made" in done.err
    assert list(folder.iterdir()) == []


def test_the_help_tells_both_waits():
    assert "for the connection, 5s" in " ".join(run("pub", "--help").out.split())


def test_a_duplicate_with_other_headers_is_told(orders):
    orders.good("pub", "orders", "x", "--key", "k", "--header", "a=1")
    same = orders("pub", "orders", "x", "--key", "k", "--header", "a=1", "-o", "json")
    assert same.json()["duplicates"] == 1 and same.json()["differing"] == 0 and same.err == ""
    for other in (["--header", "a=2"], [], ["--header", "a=1", "--ordering-key", "o"], ["--header", "a=1", "--delay", "1h"],
                  ["--header", "a=1", "--ttl", "1h"]):
        done = orders("pub", "orders", "x", "--key", "k", *other, "-o", "json")
        assert done.status == 0 and done.json()["differing"] == 1 and "whose own hold" in done.err, other
    receipt = orders("pub", "orders", "x", "--key", "k", "--receipts", "-o", "jsonl").lines()[0]
    assert receipt["duplicate"] is True and receipt["differs"] is True
    assert orders.good("peek", "orders")[0]["headers"] == {"a": "1"}


def test_a_redrive_holds_the_depth(orders):
    orders.good("pub", "orders", "a", "b", "c")
    orders("sub", "orders", "--exec", "exit 65", "--wait", "500ms")
    orders.good("queue", "set", "orders", "--max-depth", "2")
    done = orders("dlq", "redrive", "orders", "--all")
    assert done.status == 5 and "overloaded" in done.err and "2 messages were redriven" in done.err and "max_depth = 2" in done.err
    info = orders.good("queue", "info", "orders")
    assert (info["ready"], info["dead"], info["depth"]) == (2, 1, 2)
    assert orders("sub", "orders", "--max", "2", "--wait", "5s").status == 0
    assert orders.good("dlq", "redrive", "orders", "--all")["moved"] == 1


def test_files_are_taken_byte_for_byte(orders, folder):
    file = folder / "events.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"id":1,"x":1e400,"y":"\\ud800"}\r\n{"id":2}')
    assert orders.good("pub", "orders", "--file", file, "--key-field", "id")["published"] == 2
    assert orders.good("peek", "orders")[0]["body"] == '{"id":1,"x":1e400,"y":"\\ud800"}'
    file.write_text('{"id":3}\n{"id":4,}\n')
    done = orders("pub", "orders", "--file", file, "--key-field", "id", "-o", "json")
    assert done.status == 5 and "line 2, column 9" in json.loads(done.err.splitlines()[-1])["error"]["message"]
