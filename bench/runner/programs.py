"""Builds and runs the bench programs. Each prints one JSON object as its last line."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"
PIPELINE = BUILD / "bench/pipeline_bench"
PRODUCT = BUILD / "bench/product_bench"
TIMEOUT_S = 900


class Failed(Exception):
    """A program did not give its figures."""


def build() -> None:
    jobs = os.environ.get("ACKWIRE_JOBS", str(os.cpu_count()))
    steps = [
        ["cmake", "--preset", "bench", "-DACKWIRE_CLI=OFF"],
        ["cmake", "--build", str(BUILD), "--parallel", jobs, "--target", "pipeline_bench", "product_bench", "ackwire_python"],
    ]
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Failed(f"{' '.join(step[:3])} failed:\n{done.stdout[-4000:]}")


def run(command: list, env: dict | None = None) -> dict:
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} was not done after {TIMEOUT_S} s") from late
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()[-500:] or 'no figures'}")
    return json.loads(lines[-1])


class Programs:
    """The programs over one scratch directory and one set of sizes."""

    def __init__(self, directory: pathlib.Path, quick: bool) -> None:
        self.directory = directory
        self.rounds = 1 if quick else 3
        self.seconds = 1.0 if quick else 4.0
        self.live_keys = 300_000 if quick else 10_000_000
        self.backlog = 300_000 if quick else 5_000_000
        self.idle_queues = 300 if quick else 10_000

    def pipeline(self, frame_messages: int, frames_in_flight: int) -> dict:
        return run([PIPELINE, "--directory", self.directory, "--seconds", self.seconds,
                    "--frame-messages", frame_messages, "--frames-in-flight", frames_in_flight])

    def product(self, row: str) -> dict:
        return run([PRODUCT, row, "--directory", self.directory, "--seconds", self.seconds, "--rounds", self.rounds,
                    "--live-keys", self.live_keys, "--backlog", self.backlog, "--idle-queues", self.idle_queues])

    def python_batch(self) -> dict:
        return run(["/usr/bin/python3", "-B", ROOT / "bench/python_batch.py", PRODUCT, self.directory, self.seconds],
                   {"PYTHONPATH": str(BUILD / "python")})
