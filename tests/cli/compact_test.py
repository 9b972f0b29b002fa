"""compact: what it gives back, and what it refuses."""

import json

from conftest import Server, run


def test_gives_the_bytes_of_settled_messages_back_and_keeps_the_rest(folder):
    server = Server(folder / "store", "--disk-floor-bytes", "0")
    server.good("queue", "create", "q")
    server.good("queue", "create", "kept")
    server.good("pub", "kept", "one", "two")
    server.good("pub", "q", stdin=("x" * 60_000 + "\n") * 300)
    busy = run("compact", folder / "store")
    assert busy.status != 0 and "store_in_use" in busy.err
    server.good("queue", "purge", "q", "--yes")
    epoch = server.good("stats")["boot_epoch"]
    assert server.stop() == 0

    before = (folder / "store/data.mdb").stat()
    done = run("compact", folder / "store", "-o", "json")
    assert done.status == 0, done.err
    report, after = done.json(), (folder / "store/data.mdb").stat()
    assert report["bytes_before"] == before.st_blocks * 512 and report["bytes_after"] == after.st_blocks * 512
    assert report["bytes_freed"] == report["bytes_before"] - report["bytes_after"] > 15_000_000
    assert after.st_size < 1_000_000

    assert json.loads(run("verify", folder / "store", "-o", "json").out)["sound"]
    server = Server(folder / "store", "--disk-floor-bytes", "0")
    assert server.good("stats")["boot_epoch"] > epoch
    assert server("sub", "kept", "--max", "2", "--wait", "10s").out.split() == ["one", "two"]
    assert server.stop() == 0


def test_makes_nothing_where_no_store_is(folder):
    done = run("compact", folder / "nothing")
    assert done.status == 78 and "There is no store" in done.err, done.err
    assert list(folder.iterdir()) == []
