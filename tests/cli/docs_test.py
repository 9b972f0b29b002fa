"""Every command line of the documents, word for word: each is understood, and none fails for a reason of its own."""

import os
import pathlib
import re
import signal
import subprocess

import pytest
from conftest import COMMAND

ROOT = pathlib.Path(__file__).resolve().parents[2]
DONE = {0, 3, 5, 6}  # 3, 5 and 6: the example's message or key is not there, which says nothing about the line
SHOWN_SECONDS = 1    # for those that run until Ctrl-C


def examples():
    for page in ("docs/cli.md", "docs/operations.md", "README.md"):
        text = (ROOT / page).read_text()
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
            for line in block.splitlines():
                if re.search(r"(^|\| )ackwire (?!serve)", line):
                    yield pytest.param(line.split("  #")[0].strip(), id=f"{page.split('/')[-1]}: {line[:60]}")


@pytest.fixture
def desk(orders, folder):
    """A folder with the files that the examples name, and a queue with a dead letter."""
    (folder / "events.jsonl").write_text('{"delivery":"d1","ordering_key":"o","body":{"n":1}}\n' * 2)
    (folder / "events.log").write_text("event\n")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    charge = folder / "charge-card"
    charge.write_text("#!/bin/sh\ncat > /dev/null\n")
    charge.chmod(0o700)
    (folder / "bin").mkdir()
    (folder / "bin/ackwire").symlink_to(COMMAND)
    orders("queue", "rm", "orders", "--yes")
    orders.good("queue", "create", "orders")
    orders.good("group", "create", "orders", "audit")
    orders.good("pub", "orders", "a", "b")
    orders.good("pub", "orders", "bad")
    orders("sub", "orders", "--exec", 'test "$ACKWIRE_SEQUENCE" != 3 || exit 65', "--max", "3", "--wait", "5s")
    orders.good("pub", "orders", "c")
    return orders


@pytest.mark.parametrize("line", examples())
def test_example(line, desk, folder):
    offline = line.startswith(("ackwire verify", "ackwire compact"))
    if offline:
        assert desk.stop() == 0
        line = f"{' '.join(line.split()[:2])} {desk.directory}"
    if line.startswith("ackwire backup"):
        line = f"ackwire backup {desk.directory} copy {' '.join(line.split()[4:])}"
    if line.startswith("ackwire restore"):
        assert desk("backup", desk.directory, folder / "copy").status == 0
        line = "ackwire restore copy restored"
    if line.startswith(("ackwire queue create orders --visibility-timeout", "ackwire queue rm")):
        desk.good("queue", "rm", "orders", "--yes", "--force")
    if line.startswith("ackwire queue rm"):
        desk.good("queue", "create", "orders")
    env = {**os.environ, "ACKWIRE_ENDPOINT": desk.endpoint, "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    process = subprocess.Popen(["bash", "-c", line], cwd=folder, env=env, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        _, err = process.communicate(timeout=SHOWN_SECONDS if not line.startswith("ackwire bench") else 60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert "usage" not in err
        return
    assert process.returncode in DONE, f"status {process.returncode}: {err}"
