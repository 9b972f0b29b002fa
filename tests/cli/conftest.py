"""Real processes of the command, on temporary directories."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

COMMAND = os.environ.get("ACKWIRE_COMMAND") or shutil.which("ackwire")
READY_SECONDS = 30


class Done:
    """What a run of the command gave."""

    def __init__(self, completed):
        self.status, self.out, self.err = completed.returncode, completed.stdout, completed.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments, stdin="", env=None, timeout=60, cwd=None):
    environment = {**os.environ, "ACKWIRE_ENDPOINT": "ipc:///nonexistent/socket", **(env or {})}
    return Done(subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, text=True, env=environment,
                               timeout=timeout, cwd=cwd))


class Server:
    """`ackwire serve` over a directory, with an ipc endpoint beside it."""

    def __init__(self, directory, *arguments, listen=True, limits=None):
        self.directory = pathlib.Path(directory)
        self.endpoint = f"ipc://{self.directory}.sock"
        self.log = pathlib.Path(f"{self.directory}.log")
        self.log.write_text("")
        extra = ["--listen", self.endpoint] if listen else []
        with self.log.open("a") as log:
            def limit():
                for what, soft_and_hard in (limits or {}).items():
                    resource.setrlimit(what, soft_and_hard)

            self.process = subprocess.Popen([COMMAND, "serve", str(directory), *extra, *map(str, arguments)], stderr=log,
                                            preexec_fn=limit)
        self.wait_until_ready()

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while " ready: " not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "not ready in time"
            time.sleep(0.01)

    def __call__(self, *arguments, **options):
        env = {**options.pop("env", {}), "ACKWIRE_ENDPOINT": self.endpoint}
        return run(*arguments, env=env, **options)

    def good(self, *arguments, **options):
        """Runs the command, which must succeed; the answer as JSON."""
        done = self(*arguments, "--output", "json", **options)
        assert done.status == 0, done.err
        return done.json()

    def start(self, *arguments, **options):
        env = {**os.environ, "ACKWIRE_ENDPOINT": self.endpoint}
        return subprocess.Popen([COMMAND, *map(str, arguments)], env=env, text=True, **options)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=20)


@pytest.fixture
def folder():
    # Short, since the path of a socket is bounded.
    path = pathlib.Path(tempfile.mkdtemp(prefix="aw-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def server(folder):
    running = Server(folder / "store")
    yield running
    running.stop(signal.SIGKILL)


@pytest.fixture
def orders(server):
    """A server with a queue "orders" that retries at once."""
    server.good("queue", "create", "orders", "--backoff-initial", "0", "--max-attempts", "2")
    return server
