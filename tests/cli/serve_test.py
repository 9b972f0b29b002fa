"""serve and verify: settings, ends, and stores that cannot be used (rows B31, B40, B45 to B48, B61 of the bad-input list)."""

import json
import os
import pathlib
import resource
import signal
import subprocess
import time

import pytest
from conftest import Server, run

USAGE = [
    ["frobnicate"],
    ["queue"],
    ["queue", "ls", "extra"],
    ["queue", "ls", "--frob"],
    ["queue", "create"],
    ["queue", "create", "a", "--ttl"],
    ["queue", "create", "a", "--ttl", "30"],
    ["queue", "create", "a", "--max-depth-bytes", "5mb"],
    ["queue", "create", "a", "--max-attempts", "0"],
    ["queue", "create", "a", "--backoff-initial", "10s", "--backoff-max", "1s"],
    ["queue", "set", "a"],
    ["pub"],
    ["pub", "a", "x", "--file", "f"],
    ["pub", "a", "--key-field", "id"],
    ["pub", "a", "x", "y", "--key", "k"],
    ["pub", "a", "x", "--header", "novalue"],
    ["pub", "a", "x", "--delay", "-1s"],
    ["sub", "a", "--concurrency", "2"],
    ["sub", "a", "--exec", "true", "--format", "%b"],
    ["sub", "a", "b"],
    ["dlq", "redrive", "a"],
    ["dlq", "ls", "a", "--reason", "bored"],
    ["stats", "--interval", "1s"],
    ["-o", "yaml", "queue", "ls"],
    ["serve"],
    ["serve", "d", "--store-bytes-limit", "5gb"],
    ["version", "stats"],
    ["queue", "ls", "version"],
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_use_is_status_2_and_does_nothing(arguments, folder):  # B47
    done = run(*arguments, cwd=folder)
    assert done.status == 2, done.err
    assert done.out == "" and done.err.startswith("ackwire: usage: ") and "nothing was done" in done.err
    assert list(folder.iterdir()) == []


def test_an_unknown_word_is_named(folder):
    assert 'no command "crate" (did you mean "create"?)' in run("queue", "crate", "a").err
    assert 'no option --max-atempts (did you mean "--max-attempts"?)' in run("queue", "create", "a", "--max-atempts", "3").err
    assert json.loads(run("-o", "json", "queue", "crate", "a").err)["error"]["code"] == "usage"


def test_check_refuses_what_could_never_start(folder):
    file = folder / "broker.toml"
    for text in ('[queues."bad name"]\nttl = "1h"\n', '[serve]\nlisten = ["tcp://0.0.0.0:1"]\n', '[serve]\nlisten = "bogus"\n'):
        file.write_text(text)
        done = run("serve", folder / "store", "--check", "--config", file)
        assert done.status == 78 and f"{file}:" in done.err, text
    assert run("serve", folder / "store", "--check", "--listen", "bogus").status == 78
    assert not (folder / "store").exists()


def test_units_suggest_what_was_meant(folder):  # B45
    assert "did you mean 5MiB?" in run("queue", "create", "a", "--max-depth-bytes", "5mb").err
    assert "did you mean 30s or 30ms?" in run("queue", "create", "a", "--ttl", "30").err


def test_help_is_an_answer():
    for arguments in (["--help"], ["queue", "--help"], ["pub", "--help"], ["serve", "--help"]):
        done = run(*arguments)
        assert done.status == 0 and done.err == "" and "--help" in done.out


def test_a_name_of_a_command_may_be_a_queue_or_a_body(server):
    server.good("queue", "create", "stats")
    server.good("pub", "stats", "queue", "version")
    assert server("sub", "stats", "--max", "2").out == "queue\nversion\n"


def test_settings_file(folder):
    file = folder / "a.toml"
    file.write_text(f'[serve]\nlisten = ["ipc://{folder}/s"]\nlog_level = "info"\n[queues.orders]\nmax_attempts = 4\nttl = "1h"\n')
    server = Server(folder / "store", "--config", file, listen=False)
    server.endpoint = f"ipc://{folder}/s"
    try:
        policy = server.good("queue", "info", "orders")["policy"]
        assert (policy["max_attempts"], policy["ttl_ms"]) == (4, 3_600_000)
    finally:
        assert server.stop() == 0


def test_wrong_settings_are_all_reported_and_nothing_is_opened(folder):  # B45, B46
    file = folder / "a.toml"
    file.write_text('[limits]\nmax_sesions = 3\nsession_timeout = 5\n[queues.a]\nmax_attempts = 0\nmax_depth_bytes = "5mb"\n')
    done = run("serve", folder / "store", "--config", file)
    assert done.status == 78
    assert f'{file}:2:1: unknown key "limits.max_sesions" (did you mean "max_sessions"?)' in done.err
    assert f"{file}:3:19: limits.session_timeout must be a string with a unit" in done.err
    assert f"{file}:5:16: queues.a.max_attempts: 0 is outside 1 to 1000" in done.err
    assert "did you mean 5MiB?" in done.err
    assert not (folder / "store").exists()
    for text in (b"\xef\xbb\xbf[serve]\n", b"[serve]\n#\xff\n", b" " * (1 << 20) + b" ", b"[serve]\nlisten = []\nlisten = []\n"):
        file.write_bytes(text)
        done = run("serve", folder / "store", "--config", file, "--check")
        assert done.status == 78 and f"bad_config: {file}:" in done.err
    file.write_text("[limits]\nmax_sessions = 3\n")
    assert run("serve", folder / "store", "--config", file, "--check").status == 0
    assert not (folder / "store").exists()


def test_open_binds_are_refused(folder):
    for endpoint in ("tcp://0.0.0.0:7733", "tcp://*:7733", "tcp://example.com:1"):
        done = run("serve", folder / "store", "--listen", endpoint, timeout=30)
        assert done.status == 78 and ("insecure_bind" in done.err or "invalid_argument" in done.err), done.err


def test_directories_that_cannot_be_a_store(folder):  # B31
    file = folder / "file"
    file.write_text("x")
    done = run("serve", file, "--listen", f"ipc://{folder}/s")
    assert done.status == 78 and str(file) in done.err and file.read_text() == "x"
    done = run("serve", folder / "absent" / "deeper" / "store", "--listen", f"ipc://{folder}/s", "--store-bytes-limit", "5gb")
    assert done.status == 2 and not (folder / "absent").exists()
    loose = folder / "loose"
    loose.mkdir(mode=0o777)
    os.chmod(loose, 0o777)
    done = run("serve", loose, "--listen", f"ipc://{folder}/s")
    assert done.status == 78 and "777" in done.err and list(loose.iterdir()) == []


def test_a_store_in_use_is_refused_to_others(server):  # B40, B48
    second = run("serve", server.directory, "--listen", f"{server.endpoint}2")
    assert second.status == 78 and "store_in_use" in second.err and str(server.process.pid) in second.err
    offline = run("verify", server.directory)
    assert offline.status == 78 and "store_in_use" in offline.err and "ackwire stats" in offline.err
    assert server.good("queue", "ls") == []


def test_verify_counts_what_is_there(orders):
    orders.good("pub", "orders", "a", "b", "--header", "x=y")
    orders.good("pub", "orders", "c", "--key", "k", "--delay", "1h")
    assert orders.stop() == 0
    report = run("verify", orders.directory, "-o", "json").json()
    assert report["sound"] is True and report["problems"] == [] and report["queues"] == 1 and report["groups"] == 1
    assert "SOUND" in run("verify", orders.directory).out
    assert run("verify", orders.directory / "absent").status == 78


def test_one_flipped_bit_is_named_then_repaired_and_nothing_else_is_lost(orders):
    orders.good("pub", "orders", "first", "the-body-that-rots", "last")
    assert orders.stop() == 0
    data = next(orders.directory.rglob("data.mdb"))
    content = bytearray(data.read_bytes())
    content[content.rindex(b"the-body-that-rots")] ^= 4
    data.write_bytes(content)

    found = run("verify", orders.directory)
    assert found.status == 1 and "problem: blocks" in found.err and "--repair" in found.err
    assert data.read_bytes() == content

    report = run("verify", "--repair", orders.directory, "-o", "json")
    assert report.status == 0, report.err
    assert report.json()["sound"] is True and report.json()["dead"] == 1 and report.json()["repaired"]
    assert "repaired: message 2 of queue orders" in report.err
    again = run("verify", "--repair", orders.directory, "-o", "json")
    assert again.status == 0 and again.json()["repaired"] == []

    server = Server(orders.directory)
    try:
        assert [letter["reason"] for letter in server.good("dlq", "ls", "orders")] == ["damaged"]
        assert server("sub", "orders", "--max", "2", "--wait", "30s").out.splitlines() == ["first", "last"]
    finally:
        server.stop()


def test_a_damaged_store_is_refused_and_left_as_it_is(orders):
    orders.good("pub", "orders", "a")
    assert orders.stop() == 0
    data = next(orders.directory.rglob("data.mdb"))
    data.write_bytes(b"")
    done = run("serve", orders.directory, "--listen", orders.endpoint)
    assert done.status == 78 and "store_" in done.err and data.read_bytes() == b""


def test_sigterm_drains_and_keeps_everything(server):  # B61
    server.good("queue", "create", "load")
    epoch = server.good("stats")["boot_epoch"]
    load = server.start("bench", "--messages", "1000000", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 5.5
    load.kill()
    load.wait()
    assert run("verify", server.directory).status == 0
    again = Server(server.directory)
    try:
        assert "load" in [queue["name"] for queue in again.good("queue", "ls")]
        assert again.good("stats")["boot_epoch"] > epoch
    finally:
        again.stop()


def test_a_second_signal_ends_at_once_and_is_safe(server):  # B61
    server.good("queue", "create", "orders")
    server.good("pub", "orders", "kept")
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGTERM)  # at once: the same request, as timeout(1) sends it
    time.sleep(0.3)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=20) in (0, 128 + signal.SIGINT)
    assert run("verify", server.directory).status == 0


def test_the_default_socket_is_in_the_store(folder):
    port = run("serve", folder / "store", "--listen", "tcp://127.0.0.1:*", "--check")
    assert port.status == 0
    server = Server(folder / "store", "--listen", "tcp://127.0.0.1:*")
    try:
        assert "tcp://127.0.0.1:" in server.log.read_text() and server.endpoint in server.log.read_text()
        assert ":*" not in server.log.read_text()
    finally:
        assert server.stop() == 0


def test_a_full_disk_refuses_publishes_and_lets_acks_drain(folder):  # B41
    server = Server(folder / "store", limits={resource.RLIMIT_FSIZE: (256 << 10, 256 << 10)})
    try:
        server.good("queue", "create", "orders")
        confirmed = 0
        while (done := server("pub", "orders", "x" * 20_000, "--timeout", "1s")).status == 0 and confirmed < 100:
            confirmed += 1
        assert 0 < confirmed < 100 and done.status == 1 and "overloaded" in done.err and "nothing was stored" in done.err
        assert len(server("sub", "orders", "--wait", "1s").out.split()) == confirmed
        assert server.good("queue", "info", "orders")["acked"] == confirmed
        assert server.stop() == 0
    finally:
        server.stop(signal.SIGKILL)
    assert run("verify", server.directory).status == 0


def test_a_store_that_fails_ends_the_server_with_74_and_loses_nothing_confirmed(folder):  # B39, B42
    server = Server(folder / "store")
    try:
        server.good("queue", "create", "orders")
        assert server.good("pub", "orders", "before")["published"] == 1
        data = next(server.directory.rglob("data.mdb"))
        data.rename(folder / "aside")
        for _ in range(100):
            if server("pub", "orders", "meanwhile", "--timeout", "1s").status != 0:
                break
        assert server.process.wait(timeout=20) == 74, server.log.read_text()
        assert "critical" in server.log.read_text()
        (folder / "aside").rename(data)
    finally:
        server.stop(signal.SIGKILL)
    assert run("verify", server.directory).status == 0
    again = Server(server.directory)
    try:
        assert again.good("peek", "orders")[0]["body"] == "before"
    finally:
        assert again.stop() == 0


def files_allowed(process):
    limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    return next(int(line.split()[3]) for line in limits.splitlines() if line.startswith("Max open files"))


def test_the_limit_of_open_files_is_raised(folder):
    server = Server(folder / "store", limits={resource.RLIMIT_NOFILE: (256, 4096)})
    try:
        assert files_allowed(server.process) == 4096
        assert "open files" not in server.log.read_text()
    finally:
        assert server.stop() == 0


def test_too_few_open_files_are_warned_of(folder):
    server = Server(folder / "store", "--max-sessions", 1000, limits={resource.RLIMIT_NOFILE: (256, 512)})
    try:
        assert files_allowed(server.process) == 512
        assert "512 open files are allowed, 1000 sessions need about 1064" in server.log.read_text()
    finally:
        assert server.stop() == 0
