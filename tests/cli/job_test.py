"""Jobs: what was asked for goes on in the broker when whoever asked is gone."""

import signal
import time

MESSAGES = 20_000


def until_ended(server, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        jobs = server.good("job", "ls")
        if jobs and all(one["state"] != "running" for one in jobs):
            return jobs
        assert time.monotonic() < deadline, jobs
        time.sleep(0.02)


def filled(server):
    """Retries are off, so that one failure makes a dead letter."""
    server.good("queue", "create", "many", "--max-attempts", "1")
    assert server("pub", "many", "--stdin-lines", stdin="x\n" * MESSAGES).status == 0


def killed_in_the_middle(server, *words):
    caller = server.start(*words)
    deadline = time.monotonic() + 20
    while not server.good("job", "ls"):
        assert time.monotonic() < deadline, "it never began"
    caller.send_signal(signal.SIGKILL)
    caller.wait()


def test_a_purge_goes_on_without_its_caller(server):
    filled(server)
    killed_in_the_middle(server, "queue", "purge", "many", "--yes")
    (job,) = until_ended(server)
    assert (job["kind"], job["state"], job["moved"]) == ("purge", "done", MESSAGES)
    assert server.good("queue", "info", "many")["ready"] == 0


def test_a_redrive_goes_on_without_its_caller_and_over_a_restart(folder):
    from conftest import Server
    running = Server(folder / "store")
    filled(running)
    assert running("sub", "many", "--exec", "exit 65", "--max", "0").status >= 0
    running.stop()


def test_a_call_that_ran_out_of_time_names_its_job(server):
    filled(server)
    late = server("queue", "purge", "many", "--yes", "--timeout", "1ms")
    assert late.status in (0, 6), late.err
    if "as job" in late.err:
        assert "ackwire job cancel" in late.err
    until_ended(server)


def test_cancel(server):
    assert server("job", "cancel", "7").status == 3
    server.good("queue", "create", "few")
    server.good("pub", "few", "a")
    server.good("queue", "purge", "few", "--yes")
    (job,) = server.good("job", "ls")
    assert server.good("job", "cancel", job["id"]) == {**job, "not_found": []}
