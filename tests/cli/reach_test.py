"""A broker that cannot be reached: what is in the way is said, at once and in the end, and it is the truth."""

import contextlib
import http.server
import signal
import socket
import subprocess
import threading
import time

import pytest
import zmq
from conftest import COMMAND, Server, run


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def answering(reply):
    """A server that says `reply` to whoever connects; b"" says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        kept = []
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                break
            kept.append(peer)
            if reply:
                with contextlib.suppress(OSError):
                    peer.sendall(reply)
        for peer in kept:
            peer.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):
            super().handle()


@contextlib.contextmanager
def http_server():
    server = http.server.HTTPServer(("127.0.0.1", 0), QuietHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_refused_connection_is_said_at_once():
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    process = subprocess.Popen([COMMAND, "queue", "ls", "--endpoint", endpoint], stderr=subprocess.PIPE, text=True)
    first = process.stderr.readline()  # before it has given up
    assert f"Nobody listens at {endpoint} (Connection refused)" in first and "Trying again for 5s" in first
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 6
    assert "no answer within 5s" in rest and f"Nobody listens at {endpoint}" in rest and "no connection since" in rest


def test_quiet_says_it_once_at_the_end():
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    done = run("-q", "queue", "ls", "--endpoint", endpoint, "--timeout", "1s")
    assert done.status == 6 and done.err.count("Nobody listens") == 1


def test_a_socket_that_is_not_there_and_one_that_was_left_behind(folder):
    done = run("queue", "ls", "--endpoint", f"ipc://{folder}/none", "--timeout", "1s")
    assert done.status == 6 and f"There is no socket at ipc://{folder}/none" in done.err
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{folder}/left")
    done = run("queue", "ls", "--endpoint", f"ipc://{folder}/left", "--timeout", "1s")
    assert done.status == 6 and "was left behind" in done.err


def test_other_servers_are_told_from_silence():
    patience = "20s"  # of --timeout; the connection has 5 s of it
    with http_server() as endpoint:
        assert "an HTTP server answers" in run("queue", "ls", "--endpoint", endpoint, "--timeout", patience).err.replace("An", "an")
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as endpoint:
        assert "an HTTP server answers" in run("queue", "ls", "--endpoint", endpoint, "--timeout", patience).err.replace("An", "an")
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n") as endpoint:
        assert 'answers at' in (told := run("queue", "ls", "--endpoint", endpoint, "--timeout", patience).err)
        assert "SSH-2.0-OpenSSH_9.2" in told
    with answering(b"") as endpoint:
        assert "takes connections but says nothing" in run("queue", "ls", "--endpoint", endpoint, "--timeout", patience).err


def test_a_stopped_broker_is_silent(server):
    server.good("queue", "create", "orders")
    server.process.send_signal(signal.SIGSTOP)
    try:
        assert "takes connections but says nothing" in server("queue", "ls").err
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert server.good("queue", "ls")[0]["name"] == "orders"


def test_a_publish_into_an_outage_tells_the_real_wait(folder):
    server = Server(folder / "store")
    server.good("queue", "create", "orders")
    process = server.start("pub", "orders", "--timeout", "2s", stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                           stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while server.good("stats")["sessions"] < 3 and time.monotonic() < deadline:  # serve itself, this one, and pub
        time.sleep(0.05)
    server.stop(signal.SIGKILL)
    _, told = process.communicate("x\n", timeout=60)
    assert process.returncode == 6 and "outcome of line 1 is not known" in told
    assert "no answer within 2s" in told and "within 0" not in told
    assert server.endpoint in told and "no connection since" in told


@pytest.mark.parametrize("text", ["tcp://example.com:7733", "carrier pigeon"])
def test_what_is_no_endpoint_is_said_before_anything_is_tried(text):
    done = run("queue", "ls", "--endpoint", text)
    assert done.status == 2 and "is not an endpoint" in done.err


@pytest.mark.parametrize("kind", ["REP", "PULL"])
def test_a_foreign_zeromq_socket_is_named(kind):
    """The first takes the connection and never says anything on it; the second refuses it."""
    with zmq.Context() as context, context.socket(getattr(zmq, kind)) as foreign:
        foreign.setsockopt(zmq.LINGER, 0)
        port = foreign.bind_to_random_port("tcp://127.0.0.1")
        tried = run("--endpoint", f"tcp://127.0.0.1:{port}", "stats")
        assert tried.status == 6 and f"A ZeroMQ socket of the kind {kind} answers at" in tried.err, tried.err
