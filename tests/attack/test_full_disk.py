"""A commit for which the disk has no room: callers hear it by name, sessions and leases stay, the log says it once, and it
resumes by itself. On a file system that cannot allocate ahead (ext2 on a loop device), and at a file size limit, without root."""

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import scene  # noqa: E402
import wire  # noqa: E402
from client import Client, Refused  # noqa: E402

CLONE_NEWNS = 0x20000
BODY, COUNT = 60_000, 60
STORE_FULL = 98


class Served(scene.Broker):
    """A broker over a store in `directory`, with its log elsewhere."""

    def __init__(self, directory, limited):
        self.directory, self.limited = directory, limited
        self.log = tempfile.NamedTemporaryFile("a+", prefix="ackwire_full_disk_")
        command = [os.environ["ACKWIRE_CONFORMANCE_COMMAND"], "serve", os.path.join(directory, "store"), "--listen",
                   "tcp://127.0.0.1:*", "--disk-floor-bytes", "0", "--log-format", "json"]
        limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))) if limited else None
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, preexec_fn=limit)
        self.endpoint = self.wait_for_endpoint(0)

    def lines(self, event):
        with open(self.log.name) as log:
            return [line for line in log if event in line]

    def data_bytes(self):
        return os.path.getsize(os.path.join(self.directory, "store", "data.mdb"))


class FileSizeLimit:
    """The data file may not grow."""

    def __init__(self, tmp_path):
        self.broker = Served(str(tmp_path), limited=True)

    def fill(self):
        limit = self.broker.data_bytes()
        resource.prlimit(self.broker.process.pid, resource.RLIMIT_FSIZE, (limit, 1 << 40))

    def free(self):
        resource.prlimit(self.broker.process.pid, resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))

    def close(self):
        pass


class SmallDisk:
    """A file system without room, of a kind that has no blocks allocated ahead."""

    def __init__(self, tmp_path):
        image, self.mount = str(tmp_path / "image"), str(tmp_path / "disk")
        os.mkdir(self.mount)
        with open(image, "wb") as file:
            file.truncate(48 << 20)
        subprocess.run(["/sbin/mkfs.ext2", "-q", "-m", "0", image], check=True)
        subprocess.run(["mount", "-t", "ext2", "-o", "loop", image, self.mount], check=True)
        self.broker = Served(self.mount, limited=False)

    def fill(self):
        with open(os.path.join(self.mount, "other"), "wb", buffering=0) as other:
            size = 1 << 20
            while size >= 512:
                try:
                    other.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self):
        os.remove(os.path.join(self.mount, "other"))

    def close(self):
        subprocess.run(["umount", self.mount], check=False)


def kinds():
    """A file system of its own, in a mount namespace of this process, where that can be had: else it is not exercised."""
    if os.geteuid() == 0 and os.path.exists("/dev/loop-control") and os.path.exists("/sbin/mkfs.ext2"):
        if ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0:
            subprocess.run(["mount", "--make-rprivate", "/"], check=True)
            return [FileSizeLimit, SmallDisk]
    print("a file system of its own cannot be had here (root, a loop device and mkfs.ext2 are needed): not exercised")
    return [FileSizeLimit]


@pytest.fixture(params=kinds())
def disk(request, tmp_path):
    disk = request.param(tmp_path)
    yield disk
    assert disk.broker.process.poll() is None, "the broker ended"
    assert disk.broker.stop() == 0
    disk.close()


def test_sessions_and_leases_outlive_a_commit_without_room(disk):
    broker = disk.broker
    with Client(broker.endpoint) as client:
        client.request("create_queue", queue="q", policy={"max_attempts": 50})
        for _ in range(COUNT):
            client.publish("q", wire.record(os.urandom(BODY)))
        client.subscribe("q", credit=COUNT)
        messages = client.receive(COUNT)
        disk.fill()
        # Each comes back into a row of its own, which the file has no room for.
        with pytest.raises(Refused) as refused:
            client.settle(wire.NACK, *messages, duration_ms=60_000)
        assert refused.value.code == STORE_FULL, refused.value
        client.ping()
        with pytest.raises(Refused):
            client.settle(wire.NACK, *messages, duration_ms=60_000)
        group = client.group("q")
        assert group["leased"] == COUNT and group["nacked"] == 0, "reads work, and every lease is as it was"
        assert len(broker.lines("commit_failed")) == 1, "said once"
        disk.free()
        applied = 0
        for message in messages:  # one by one, as they may be
            applied += client.settle(wire.NACK, message, duration_ms=0).applied
        assert applied == COUNT, "with the tokens they had"
        again = client.receive(COUNT, wait_ms=10_000)
        assert {m.delivery for m in again} == {2}
        assert client.settle(wire.ACK, *again).applied == COUNT
        deadline = time.monotonic() + 20
        while True:  # publishes rest for five seconds
            entry = client.publish("q", wire.record(b"x"))
            if entry.code == 0 or time.monotonic() > deadline:
                break
            time.sleep(0.25)
        assert entry.code == 0
        client.ping()
        assert broker.lines("commit_failed") and not broker.lines("broker_failed")
