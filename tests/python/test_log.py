"""What the logger "ackwire" says of a broker that goes away and comes back."""

import logging
import re
import time

import ackwire
from ackwire import _changes


def wait_for(caplog, pattern, limit=30.0):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        for record in list(caplog.records):
            if re.search(pattern, record.getMessage()):
                return record
        time.sleep(0.02)
    raise AssertionError(f"{pattern!r} was not logged; these were: {caplog.messages}")


def test_a_lost_connection_its_outage_and_its_return_are_logged(directory, caplog, monkeypatch):
    monkeypatch.setattr(_changes, "_FIRST_WORD_S", 0.2)
    store, endpoint = directory / "store", f"ipc://{directory}/socket"
    broker = ackwire.open(store)
    broker.listen(endpoint)
    with caplog.at_level(logging.INFO, logger="ackwire"):
        with ackwire.connect(endpoint, reconnect_initial="10ms", reconnect_max="50ms") as client:
            client.queue("orders").publish(b"a")
            broker.close()
            lost = wait_for(caplog, f"no connection to {endpoint} any more: .+what was confirmed is stored")
            assert lost.levelno == logging.WARNING
            since = wait_for(caplog, rf"no broker at {endpoint} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\S* \(\d+ s\)")
            assert since.levelno == logging.WARNING
            with ackwire.open(store) as again:
                again.listen(endpoint)
                wait_for(caplog, rf"connected to {endpoint} again, after \d+\.\d s")
                client.queue("orders").publish(b"b")
            count = len(caplog.records)
        assert len(caplog.records) <= count + 1  # a close is nothing to be told of


def test_a_broker_that_never_was_there_is_logged(directory, caplog, monkeypatch):
    monkeypatch.setattr(_changes, "_FIRST_WORD_S", 0.2)
    with caplog.at_level(logging.INFO, logger="ackwire"):
        with ackwire.connect(f"ipc://{directory}/nobody", connect_timeout=0):
            wait_for(caplog, "no broker at ipc://.+ since ")


def test_the_log_goes_on_in_the_child_of_a_fork_and_ends_with_the_interpreter(finish):
    out = finish("""
        import logging, os, sys, time, ackwire
        logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
        def lose(name):
            broker = ackwire.open(name)
            client = ackwire.connect(broker.listen(f"ipc://{os.getcwd()}/{name}-socket"))
            broker.close()
            deadline = time.monotonic() + 20
            while client.state == "connected" and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.3)
            return client
        first = lose("one")
        pid = os.fork()
        if pid == 0:
            second = lose("two")
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print("end")
    """)
    assert out.count("one-socket any more") == 1
    assert out.count("two-socket any more") == 1
    assert out.endswith("end\n")
