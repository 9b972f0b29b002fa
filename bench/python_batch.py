"""python_batch.py PROGRAM DIRECTORY SECONDS: a broker process, a Python producer and a Python consumer, batches both ways.

Prints {"msgs_per_s": durable acks per second, as counted by the broker}.
"""

import json
import subprocess
import sys
import time

import ackwire

QUEUE = "bench"
BODY = b"x" * 256
BATCH = 10_000
WARMUP_S = 0.5


def produce(endpoint: str, seconds: float) -> None:
    with ackwire.connect(endpoint) as client:
        queue = client.queue(QUEUE)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            queue.publish_many([BODY] * BATCH)


def consume(endpoint: str) -> None:
    with ackwire.connect(endpoint) as client, client.queue(QUEUE).consumer(credit=20_000) as consumer:
        print("ready", flush=True)
        while True:
            messages = consumer.receive(2_000)
            if messages:
                consumer.ack(messages)


def counted(client: ackwire.Connection) -> int:
    return client.queue(QUEUE).info().group().acked


def measure(program: str, directory: str, seconds: float) -> float:
    here = [sys.executable, "-B", __file__]
    started = [subprocess.Popen([program, "serve", "--directory", directory],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)]
    try:
        endpoint = started[0].stdout.readline().strip()
        started.append(subprocess.Popen([*here, "consume", endpoint], stdout=subprocess.PIPE, text=True))
        started[1].stdout.readline()
        started.append(subprocess.Popen([*here, "produce", endpoint, str(WARMUP_S + seconds + 5)]))
        with ackwire.connect(endpoint) as client:
            end = time.monotonic() + 10
            while not counted(client) and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(WARMUP_S)
            before, start = counted(client), time.monotonic()
            time.sleep(seconds)
            after, passed = counted(client), time.monotonic() - start
        if after == before:
            sys.exit("python_batch: nothing was acked; the messages above say why")
        return (after - before) / passed
    finally:
        for process in reversed(started[1:]):
            process.kill()
            process.wait()
        started[0].communicate()  # the end of its input ends the broker, which clears its directory


if __name__ == "__main__":
    if sys.argv[1] == "produce":
        produce(sys.argv[2], float(sys.argv[3]))
    elif sys.argv[1] == "consume":
        consume(sys.argv[2])
    else:
        print(json.dumps({"msgs_per_s": measure(sys.argv[1], sys.argv[2], float(sys.argv[3]))}))
