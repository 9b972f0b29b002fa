"""Brokers for the tests, embedded and remote, and processes that run a snippet."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
from typing import Callable, Iterator

import pytest

import ackwire

PACKAGE_ROOT = pathlib.Path(ackwire.__file__).parent.parent


@pytest.fixture
def directory() -> Iterator[pathlib.Path]:
    """A short path, because the name of an ipc socket may have 107 characters only."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="ackwire-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def embedded(directory: pathlib.Path) -> Iterator[ackwire.Broker]:
    with ackwire.open(directory / "store") as broker:
        yield broker


@pytest.fixture
def endpoint(embedded: ackwire.Broker, directory: pathlib.Path) -> str:
    return embedded.listen(f"ipc://{directory}/socket")


@pytest.fixture(params=["embedded", "remote"])
def broker(request: pytest.FixtureRequest, embedded: ackwire.Broker, directory: pathlib.Path) -> Iterator[ackwire.Connection]:
    """The same verbs over both: every test that takes this runs twice."""
    if request.param == "embedded":
        yield embedded
        return
    with ackwire.connect(embedded.listen(f"ipc://{directory}/socket")) as client:
        yield client


@pytest.fixture
def queue(broker: ackwire.Connection) -> ackwire.Queue:
    """Retries come at once, so that a test need not wait for a backoff."""
    return broker.queue("orders", backoff_initial=0, backoff_max=0)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def start(directory: pathlib.Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a Python process with a snippet, in an empty directory. Ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=directory,
            env=environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def finish(start: Callable[[str], subprocess.Popen[str]]) -> Callable[..., str]:
    """Runs a snippet to its end and returns what it printed. A hang or an error fails the test."""

    def run(code: str, limit: float = 20.0) -> str:
        process = start(code)
        out, err = process.communicate(timeout=limit)
        assert process.returncode == 0, f"exit code {process.returncode}\n{out}\n{err}"
        return out + err

    return run
