"""pub, sub, dlq: messages through the command."""

import json
import os
import signal
import subprocess
import time


def test_arguments_lines_and_the_whole_input(orders):
    assert orders.good("pub", "orders", "one", "two")["published"] == 2
    assert orders.good("pub", "orders", stdin="three\nfour\n")["published"] == 2
    assert orders.good("pub", "orders", "--whole", stdin="five\nsix\n")["body_bytes"] == 9
    assert orders.good("pub", "orders", "")["published"] == 1
    done = orders("sub", "orders", "--wait", "1s")
    assert done.out == "one\ntwo\nthree\nfour\nfive\nsix\n\n\n" and done.status == 0
    assert orders.good("queue", "info", "orders")["acked"] == 6


def test_a_key_is_stored_once(orders):
    first = orders.good("pub", "orders", "x", "--key", "k")
    again = orders.good("pub", "orders", "x", "--key", "k")
    assert again["duplicates"] == 1 and again["first_sequence"] == first["first_sequence"]
    conflict = orders("pub", "orders", "y", "--key", "k")
    assert conflict.status == 1 and "key_conflict" in conflict.err
    assert orders.good("queue", "info", "orders")["ready"] == 1


def test_a_file_may_be_published_again(orders, folder):
    events = [{"delivery": f"d{i}", "ordering_key": "r", "body": {"n": i, "text": "ü"}, "meta": {"o": i % 2}} for i in range(1000)]
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events))
    fields = ["--key-field", "delivery", "--ordering-field", "meta.o", "--body-field", "body"]
    arguments = ["pub", "orders", "--file", file, *fields]
    done = orders(*arguments, "-o", "json")
    assert done.json()["published"] == 1000 and done.json()["duplicates"] == 0 and done.err == ""
    assert orders.good(*arguments)["duplicates"] == 1000
    got = orders("sub", "orders", "--max", "1000", "--wait", "2s", "-o", "jsonl").lines()
    assert [json.loads(message["body"]) for message in got] == [event["body"] for event in events]
    assert got[3]["idempotency_key"] == "d3" and got[3]["ordering_key"] == "1"


def test_a_bad_line_is_named_and_what_came_before_is_stored(orders, folder):
    file = folder / "events.jsonl"
    file.write_text('{"id":"a"}\n{"id":"b"}\n{"key":"c"}\n{"id":"d"}\n')
    done = orders("pub", "orders", "--file", file, "--key-field", "id")
    assert done.status == 5 and "2 messages are stored" in done.err
    assert 'line 3 cannot be published: it has no field "id"' in done.err
    assert orders.good("queue", "info", "orders")["ready"] == 2
    first = orders("pub", "orders", "--file", "-", "--key-field", "id", stdin="nonsense\n")
    assert first.status == 1 and "line 1" in first.err and first.out == ""
    assert orders("pub", "orders", "--file", folder / "absent").status == 1


def test_a_body_over_the_limit_is_refused_and_named(orders):
    done = orders("pub", "orders", stdin="ok\n" + "x" * (1 << 20) + "y\n")
    assert done.status in (1, 5) and "too_large" in done.err and "line 2" in done.err


def test_receipts_headers_delay_ttl(orders):
    receipts = orders("pub", "orders", "a", "b", "--receipts", "-o", "jsonl").lines()
    assert [receipt["sequence"] for receipt in receipts] == [1, 2] and not receipts[0]["duplicate"]
    orders.good("pub", "orders", "h", "--header", "a=1", "--header", "b=x=y")
    orders.good("pub", "orders", "later", "--delay", "1h")
    assert orders.good("peek", "orders", "--from", "3")[0]["headers"] == {"a": "1", "b": "x=y"}
    assert orders.good("queue", "info", "orders")["delayed"] == 1
    orders.good("queue", "set", "orders", "--on-expiry", "discard")
    orders.good("pub", "orders", "short", "--ttl", "1s", "--delay", "0")
    time.sleep(1.3)
    assert "short" not in orders("sub", "orders", "--wait", "500ms").out


def test_sub_formats(orders):
    orders.good("pub", "orders", "body", "--key", "k", "--ordering-key", "o", "--header", "h=v")
    done = orders("sub", "orders", "--max", "1", "--wait", "2s", "--format", "%i|%k|%o|%a|%d|%s|%h|%b%%\\n")
    assert done.out == '1|k|o|1|1|4|{"h":"v"}|body%\n'
    orders.good("pub", "orders", "two")
    assert orders("sub", "orders", "--max", "1", "-o", "plain", "--columns", "sequence,body").out == "2\ttwo\n"
    assert orders("sub", "orders", "--format", "%z").status == 2


def test_sub_says_when_fewer_came_than_were_wanted(orders):
    orders.good("pub", "orders", "only")
    done = orders("sub", "orders", "--max", "2", "--wait", "300ms")
    assert done.out == "only\n" and done.status == 6
    assert orders("sub", "orders", "--wait", "100ms").status == 0


def test_a_reader_that_goes_away_loses_nothing(orders):
    orders.good("pub", "orders", *[str(i) for i in range(600)])
    sub = orders.start("sub", "orders", "--wait", "2s", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert sub.stdout.readline() == "0\n"
    sub.stdout.close()
    assert sub.wait(timeout=20) == 0
    rest = orders("sub", "orders", "--wait", "1s").out.split()
    acked = orders.good("queue", "info", "orders")["acked"]
    assert acked == 600 and rest[-1] == "599"


def test_exec_settles_by_exit_status(orders, folder):
    orders.good("pub", "orders", "good", "bad", "flaky", "--header", "tenant=x")
    script = folder / "work"
    script.write_text(f"""body=$(cat)
echo "$ACKWIRE_SEQUENCE $ACKWIRE_ATTEMPTS $ACKWIRE_QUEUE $ACKWIRE_GROUP $ACKWIRE_HEADERS $body" >> {folder}/log
case $body in good) exit 0;; bad) echo 'no such order' >&2; exit 65;; *) echo 'try again' >&2; exit 1;; esac
""")
    done = orders("sub", "orders", "--exec", f"sh {script}", "--wait", "1500ms")
    assert done.status == 0 and "received 4, acked 1, nacked 2, rejected 1, stale 0" in done.err
    log = (folder / "log").read_text().splitlines()
    assert '1 1 orders default {"tenant":"x"} good' in log and '3 2 orders default {"tenant":"x"} flaky' in log
    dead = {letter["body"]: letter for letter in orders.good("dlq", "ls", "orders")}
    assert dead["bad"]["reason"] == "rejected" and "no such order" in dead["bad"]["detail"]
    assert dead["flaky"]["reason"] == "max_attempts" and dead["flaky"]["attempts"] == 2
    assert all("exit 1: try again" in error["text"] for error in dead["flaky"]["errors"])


def test_exec_of_nothing_puts_the_message_back(orders):
    orders.good("pub", "orders", "x")
    done = orders("sub", "orders", "--exec", "/nonexistent/command", "--wait", "1s")
    assert done.status == 1 and "cannot be run" in done.err
    info = orders.good("queue", "info", "orders")
    assert (info["ready"], info["dead"]) == (1, 0) and orders.good("peek", "orders")[0]["attempts"] == 0


def test_exec_runs_at_once_and_is_bounded(orders):
    orders.good("pub", "orders", "1", "2", "3", "4")
    begin = time.monotonic()
    assert orders("sub", "orders", "--exec", "sleep 0.8", "--concurrency", "4", "--max", "4").status == 0
    assert time.monotonic() - begin < 3
    orders.good("pub", "orders", "5")
    done = orders("sub", "orders", "--exec", "sleep 60", "--exec-timeout", "200ms", "--max", "1")
    assert done.status == 0 and "nacked 1" in done.err


def test_sub_ends_in_order_at_a_signal(orders):
    orders.good("pub", "orders", "x")
    sub = orders.start("sub", "orders", "--exec", "sleep 0.7", stderr=subprocess.PIPE)
    time.sleep(0.6)
    sub.send_signal(signal.SIGINT)
    _, err = sub.communicate(timeout=20)
    assert sub.returncode == 0 and "acked 1" in err
    assert orders.good("queue", "info", "orders")["acked"] == 1


def dead_letters(server, count):
    server.good("pub", "orders", *[f"m{i}" for i in range(count)])
    server("sub", "orders", "--exec", 'test "$ACKWIRE_SEQUENCE" != 1 || exit 65; exit 1', "--wait", "1500ms")
    assert server.good("queue", "info", "orders")["dead"] == count


def test_a_redrive_that_ends_at_a_limit_is_done_in_part(orders):
    dead_letters(orders, 4)
    orders.good("queue", "set", "orders", "--max-depth", "2")
    part = orders("dlq", "redrive", "orders", "--all")
    assert part.status == 5 and "overloaded" in part.err and "2 messages were redriven" in part.err, part.err
    assert orders.good("queue", "info", "orders")["dead"] == 2
    nothing = orders("dlq", "redrive", "orders", "--all")
    assert nothing.status == 1 and "overloaded" in nothing.err


def test_dlq_from_ls_to_discard(orders):
    dead_letters(orders, 4)
    assert [letter["sequence"] for letter in orders.good("dlq", "ls", "orders")] == [1, 2, 3, 4]
    assert [letter["sequence"] for letter in orders.good("dlq", "ls", "orders", "--reason", "rejected")] == [1]
    shown = orders.good("dlq", "show", "orders", "2")
    assert shown["reason"] == "max_attempts" and len(shown["errors"]) == 2 and shown["body"] == "m1"
    assert orders("dlq", "show", "orders", "99").status == 3

    assert orders.good("dlq", "redrive", "orders", "--all", "--dry-run")["moved"] == 4
    assert orders("dlq", "redrive", "orders").status == 2
    assert orders("dlq", "redrive", "orders", "--all", "--reason", "rejected").status == 2
    assert orders.good("dlq", "redrive", "orders", "--reason", "rejected")["moved"] == 1
    assert orders("sub", "orders", "--wait", "1s").out == "m0\n"
    partial = orders("dlq", "redrive", "orders", "--sequence", "2,77", "-o", "json")
    assert partial.status == 5 and partial.json()["moved"] == 1 and partial.json()["not_found"] == [77]
    assert orders("dlq", "redrive", "orders", "--sequence", "77").status == 3

    assert orders("dlq", "discard", "orders", "--all").status == 2
    assert orders.good("dlq", "discard", "orders", "--all", "--dry-run")["moved"] == 2
    assert orders.good("queue", "info", "orders")["dead"] == 2
    assert orders.good("dlq", "discard", "orders", "--sequence", "3", "--yes")["moved"] == 1
    assert orders.good("dlq", "discard", "orders", "--all", "--yes")["moved"] == 1
    assert orders.good("dlq", "ls", "orders") == []


def test_bench(server):
    result = server.good("bench", "--messages", "2000", "--batch", "50", "--producers", "2", "--consumers", "2")
    assert result["messages"] == 2000 and result["end_to_end_per_s"] > 0
    assert result["confirm_p99_ms"] >= result["confirm_p50_ms"] > 0
    assert server.good("queue", "ls") == []
    assert server("bench", "--batch", "10000", "--size", "1MiB").status == 2


def test_no_colour_and_no_escape_in_a_pipe(orders):
    orders.good("pub", "orders", "\x1b[31mred")
    assert "\x1b[1m" not in orders("queue", "ls").out
    assert orders("sub", "orders", "--max", "1").out == "\x1b[31mred\n"


def test_control_characters_are_escaped_on_a_terminal(orders):
    orders.good("pub", "orders", "\x1b[31mred", "\x1b[31mraw")
    assert on_terminal(orders, "sub", "orders", "--max", "1") == "\\x1b[31mred\r\n"
    assert on_terminal(orders, "sub", "orders", "--max", "1", "--raw") == "\x1b[31mraw\r\n"


def test_removing_asks_on_a_terminal(orders):
    orders.good("pub", "orders", "x")
    assert "[y/N]" in answered(orders, "n\n", "queue", "purge", "orders", status=1)
    assert orders.good("queue", "info", "orders")["ready"] == 1
    assert "Discard 1 ready and 0 delayed messages" in answered(orders, "y\n", "queue", "purge", "orders", status=0)
    assert orders.good("queue", "info", "orders")["ready"] == 0


def test_progress_is_shown_on_a_terminal_only(orders, folder):
    file = folder / "events.jsonl"
    file.write_text("".join(f'{{"id":{i}}}\n' for i in range(3000)))
    said = answered(orders, "", "pub", "orders", "--file", file, "--key-field", "id", status=0)
    assert "100%  3000 confirmed, 0 duplicates" in said


def answered(server, text, *arguments, status):
    """Runs with a terminal for input and errors; what it said there."""
    leader, follower = os.openpty()
    process = server.start(*arguments, stdin=follower, stderr=follower, stdout=subprocess.DEVNULL)
    os.close(follower)
    os.write(leader, text.encode())
    said = read_all(leader)
    assert process.wait(timeout=20) == status, said
    return said


def on_terminal(server, *arguments):
    """Runs with a terminal for output; what it wrote there."""
    leader, follower = os.openpty()
    process = server.start(*arguments, stdout=follower, stderr=subprocess.DEVNULL)
    os.close(follower)
    text = read_all(leader)
    process.wait(timeout=20)
    return text


def read_all(leader):
    text = b""
    while True:
        try:
            more = os.read(leader, 4096)
        except OSError:  # the other side has closed
            break
        if not more:
            break
        text += more
    os.close(leader)
    return text.decode()


def test_a_queue_smaller_than_a_batch_is_filled(orders):
    orders.good("queue", "create", "small", "--max-depth", "30")
    lines = "".join(f"{i}\n" for i in range(2000))
    start = time.monotonic()
    done = orders("--timeout", "2s", "pub", "small", stdin=lines)
    assert done.status == 5 and "overloaded" in done.err and "30 messages are stored" in done.err
    assert time.monotonic() - start < 30  # not a timeout for each batch that was under way
    assert orders.good("queue", "info", "small")["ready"] == 30


def test_ctrl_c_ends_a_publish_that_waits_for_room(orders):
    orders.good("queue", "create", "small", "--max-depth", "10")
    process = orders.start("--timeout", "60s", "pub", "small", stdin=subprocess.PIPE)
    process.stdin.write("x\n" * 3000)
    process.stdin.flush()
    while orders.good("queue", "info", "small")["refused"] == 0:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.stdin.close()


def test_bytes_that_are_not_text_are_shown_in_every_form(orders, folder):
    (folder / "bytes").write_bytes(b"\xff\x00")
    for _ in range(3):
        with open(folder / "bytes", "rb") as bytes_in:
            assert orders.start("pub", "orders", "--whole", "-q", stdin=bytes_in, stdout=subprocess.DEVNULL).wait(20) == 0
    assert orders("peek", "orders", "-o", "plain", "--columns", "body").out == "base64:/wA=\n" * 3
    assert orders("sub", "orders", "--max", "1", "-o", "jsonl", "--columns", "body").lines() == [{"body_base64": "/wA="}]
    assert orders("sub", "orders", "--max", "1", "-o", "plain", "--columns", "body_base64").out == "base64:/wA=\n"


def test_what_the_broker_refused_is_told_before_a_later_bad_line(orders, folder):
    orders.good("pub", "orders", "x", "--key", "a")
    file = folder / "events.jsonl"
    file.write_text('{"id":"a","other":1}\nnonsense\n')
    done = orders("pub", "orders", "--file", file, "--key-field", "id")
    assert done.status == 1 and "key_conflict" in done.err and "line 1" in done.err


def test_a_second_signal_kills_the_command(orders, folder):
    orders.good("pub", "orders", "x")
    process = orders.start("sub", "orders", "--exec", "touch started; sleep 3; touch late", cwd=folder)
    while not (folder / "started").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    time.sleep(3.5)
    assert not (folder / "late").exists()


def test_an_answer_that_cannot_be_written_is_told(orders):
    with open("/dev/full", "w") as full:
        process = orders.start("queue", "ls", stdout=full, stderr=subprocess.PIPE)
        error = process.communicate(timeout=20)[1]
    assert process.returncode == 1 and "could not be written" in error


def test_a_dead_letter_that_nobody_began_never_started(orders):
    orders.good("queue", "set", "orders", "--ttl", "1ms")  # counts from the moment it is stored
    orders.good("pub", "orders", "late")
    deadline = time.monotonic() + 30
    while not orders.good("dlq", "ls", "orders") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert orders.good("dlq", "ls", "orders")[0]["attempts"] == 0
    assert "never started" in orders("dlq", "ls", "orders", "-o", "table").out
