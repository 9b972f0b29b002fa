"""backup and restore: a copy of a store that is served, put back."""

import json

from conftest import Server, run


def test_a_backup_of_a_served_store_can_be_restored_and_served(orders, folder):
    for body in ("a", "b", "c"):
        orders.good("pub", "orders", body)
    made = run("backup", orders.directory, folder / "copy", "-o", "json")
    assert made.status == 0, made.err
    report = made.json()
    assert report["rows"] > 0 and report["passes"] >= 2 and report["time"].endswith("Z")
    orders.good("pub", "orders", "d")

    back = run("restore", folder / "copy", folder / "restored", "-o", "json")
    assert back.status == 0, back.err
    assert back.json()["messages"] == 3 and back.json()["in_flight"] == 0 and back.json()["problems"] == []
    assert "restored as of" in back.err and "in flight" in back.err
    again = Server(folder / "restored")
    try:
        assert again.good("queue", "info", "orders")["published"] == 3
    finally:
        again.stop()


def test_backup_says_what_it_will_not_do(orders, folder):
    (folder / "taken").mkdir()
    (folder / "taken" / "file").write_text("mine")
    refused = run("backup", orders.directory, folder / "taken")
    assert refused.status == 2 and "not an empty directory" in refused.err, refused.err
    assert (folder / "taken" / "file").read_text() == "mine"
    assert run("backup", orders.endpoint, folder / "copy").status == 2
    missing = run("backup", folder / "nowhere", folder / "copy")
    assert missing.status != 0 and "There is no store" in missing.err
    assert run("restore", folder / "taken", folder / "restored").status != 0
    assert not (folder / "copy").exists() and not (folder / "restored").exists()


def test_a_backup_that_is_put_back_in_place_starts_without_a_word_and_tells_clients(orders, folder):
    orders.good("pub", "orders", "a")
    assert run("backup", orders.directory, folder / "copy").status == 0
    epoch = orders.good("stats")["boot_epoch"]
    orders.stop()
    orders.directory.rename(folder / "old")
    assert run("restore", folder / "copy", orders.directory).status == 0
    again = Server(orders.directory)
    try:
        assert again.good("stats")["boot_epoch"] > epoch
        assert json.loads(again("peek", "orders", "-o", "json").out)
    finally:
        again.stop()
