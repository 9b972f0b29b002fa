"""Jobs: what was asked for goes on in the broker when whoever asked is gone."""

import signal
import subprocess
import time

from conftest import Server

MANY = 40_000
LONG = 300_000  # far more than can be purged while a command connects
TRIES = 8


def until(look, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def ended(server, number):
    """The job as it ended, or None."""
    return next((job for job in server.good("job", "ls") if job["id"] == number and job["state"] != "running"), None)


def kill_in_the_middle(server, fill, *words):
    """Kills the caller once its job is seen, and returns what is seen. Again when the broker was done before anybody could look."""
    for number in range(1, TRIES + 1):
        fill()
        caller = server.start(*words, stdout=subprocess.DEVNULL)
        until(lambda: len(server.good("job", "ls")) == number)
        caller.kill()
        caller.wait()
        job = server.good("job", "ls")[-1]
        if job["state"] == "running":
            return job
    raise AssertionError("no job was seen running")


def test_a_purge_goes_on_without_its_caller(server):
    server.good("queue", "create", "many")
    seen = kill_in_the_middle(server, lambda: server.good("pub", "many", stdin="x\n" * MANY), "queue", "purge", "many", "--yes")
    assert seen["kind"] == "purge" and seen["moved"] < MANY
    job = until(lambda: ended(server, seen["id"]))
    assert (job["state"], job["moved"]) == ("done", MANY)
    assert server.good("queue", "info", "many")["ready"] == 0


def test_a_redrive_goes_on_without_its_caller_and_over_a_kill_of_the_broker(server):
    def fill():
        server.good("pub", "many", "--ttl", "2s", stdin="x\n" * MANY)
        until(lambda: server.good("queue", "info", "many")["dead"] == MANY)

    server.good("queue", "create", "many")
    seen = kill_in_the_middle(server, fill, "dlq", "redrive", "many", "--all")
    server.stop(signal.SIGKILL)
    again = Server(server.directory)
    try:
        job = until(lambda: ended(again, seen["id"]))
        assert (job["kind"], job["state"], job["moved"]) == ("redrive", "done", MANY)
        assert again.good("queue", "info", "many")["dead"] == 0
    finally:
        again.stop()
    assert again("verify", again.directory).status == 0


def test_a_call_that_ran_out_of_time_names_its_job(server):
    server.good("queue", "create", "many")
    for limit in range(50, 2_000, 50):  # too short to connect at first, on a busy machine
        server.good("pub", "many", stdin="x\n" * LONG)
        late = server("queue", "purge", "many", "--yes", "--timeout", f"{limit}ms")
        if "goes on in the broker as job" in late.err:
            break
    assert late.status == 6
    job = server.good("job", "ls")[-1]
    assert f"ackwire job cancel {job['id']}" in late.err
    assert until(lambda: ended(server, job["id"]))["state"] == "done"


def test_cancel(server):
    assert server("job", "cancel", "7").status == 3
    server.good("queue", "create", "few")
    server.good("pub", "few", "a")
    server.good("queue", "purge", "few", "--yes")
    (job,) = server.good("job", "ls")
    assert (job["state"], job["moved"]) == ("done", 1)
    assert server.good("job", "cancel", job["id"]) == job
