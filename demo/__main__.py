"""Runs the demonstration and checks the ledger. The last line is one JSON object; the exit code says whether it adds up."""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from typing import Callable, Dict, List, Tuple

import ackwire

from .cast import QUEUE, WORKERS, Cast
from .events import BadInput, events
from .ledger import Ledger

STALL_LIMIT = 60.0  # without progress for so long, the run has failed
Plan = List[Tuple[float, str, Callable[[], None]]]


def say(text: str) -> None:
    print(f"  {text}", flush=True)


class Run:
    def __init__(self, cast: Cast, expected: int, picture: pathlib.Path) -> None:
        self._cast = cast
        self._expected = expected
        self._picture = picture
        self._windowed = False
        self._pictured = False
        self.repeats = 0
        self._start = time.monotonic()
        self._ledger = Ledger(cast.ledger)

    def play(self) -> None:
        cast = self._cast
        cast.start_broker()
        # Retries come quickly here, so that poison is out of its ten attempts while one watches.
        with ackwire.connect(cast.endpoint, connect_timeout="30s") as client:
            client.queue(QUEUE, backoff_initial="50ms", backoff_max="500ms")
        self._windowed = cast.open_dashboard()
        for number in range(WORKERS):
            cast.start_worker(number)
        cast.start_producers()
        say(f"broker at {cast.endpoint}, 3 producers, {WORKERS} workers")
        self._follow(self._plan())
        self._drain()

    def _plan(self) -> Plan:
        """What goes wrong, and at which share of the effects."""

        def kill_worker(number: int) -> None:
            self._cast.kill(f"worker-{number}")
            self._cast.killed_workers += 1
            self._cast.start_worker(number)

        def kill_broker() -> None:
            self._cast.kill("broker")
            time.sleep(0.5)
            self._cast.start_broker()

        return [
            (0.15, "worker 0 is killed with SIGKILL, and started again", lambda: kill_worker(0)),
            (0.30, "worker 1 is killed with SIGKILL, and started again", lambda: kill_worker(1)),
            (0.45, "the broker is killed with SIGKILL, and started again on the same port", kill_broker),
            (0.60, "worker 2 is killed with SIGKILL, and started again", lambda: kill_worker(2)),
            (0.75, "worker 0 is killed with SIGKILL, and started again", lambda: kill_worker(0)),
            (0.85, "", self._take_picture),
        ]

    def _take_picture(self) -> None:
        if self._windowed:
            say("the dashboard is open")
            return
        self._pictured = self._cast.picture(self._picture) is not None
        seen = f"the dashboard, as it looks now: {self._picture}"
        say(seen if self._pictured else "the dashboard was not built or gave no picture")

    def _follow(self, plan: Plan) -> None:
        last, moved = -1, time.monotonic()
        while plan:
            effects = self._ledger.effects()
            if effects != last:
                last, moved = effects, time.monotonic()
            self._check(moved)
            share, words, act = plan[0]
            if effects >= share * self._expected:
                if words:
                    say(f"{time.monotonic() - self._start:5.1f} s  {effects:>8,} effects: {words}")
                act()
                plan.pop(0)
            time.sleep(0.05)

    def _drain(self) -> None:
        """Waits until every producer is done and nothing waits to be processed."""
        moved, last = time.monotonic(), (-1, -1)
        with ackwire.connect(self._cast.endpoint, connect_timeout="30s") as client:
            queue = client.queue(QUEUE)
            while True:
                group = queue.info().group()
                now = (group.ready + group.delayed + group.leased, group.delivered)
                if now != last:
                    last, moved = now, time.monotonic()
                self._check(moved)
                if now[0] == 0 and not self._cast.running("producer"):
                    break
                time.sleep(0.1)
        say(f"{time.monotonic() - self._start:5.1f} s  everything is settled")
        self._cast.stop("worker")

    def _check(self, moved: float) -> None:
        for kind in ("producer", "worker", "broker"):
            for name in self._cast.failed(kind):
                raise RuntimeError(f"{name} ended with an error:\n{self._cast.tail(name)}")
        if time.monotonic() - moved > STALL_LIMIT:
            raise RuntimeError(f"nothing moved for {STALL_LIMIT:.0f} s\nbroker:\n{self._cast.tail('broker')}")

    def figures(self, wanted: Callable[[], "set[str]"]) -> Dict[str, int]:
        with ackwire.connect(self._cast.endpoint) as client:
            info = client.queue(QUEUE).info()
        group = info.group()
        produced = self._cast.producer_figures()
        keys = self._ledger.keys()
        needed = wanted()
        stray = len(keys - needed)
        if stray:
            raise RuntimeError(f"{stray} effects are of events that nobody wanted applied")
        figures = {
            "published": produced.get("published", 0),
            "confirmed": produced.get("confirmed", 0),
            "delivered": group.delivered,
            "redelivered": group.redelivered,
            "duplicates_suppressed": info.duplicates_suppressed,
            "effects": self._ledger.effects(),
            "effects_missing": len(needed - keys),
            "effects_doubled": self._ledger.doubled(),
            "dead_lettered": group.dead,
        }
        self.repeats = self._ledger.repeats()
        self._ledger.close()
        return figures


MEANING = {
    "published": "messages the producers published, their repeats included",
    "confirmed": "of them with a receipt, after the synced commit",
    "delivered": "hand-overs to workers",
    "redelivered": "of messages begun before: kills, poison, the broker's crash",
    "duplicates_suppressed": "repeats that were not stored a second time",
    "effects": "rows in the ledger",
    "effects_missing": "confirmed events without an effect, poison aside",
    "effects_doubled": "effects beyond the first of their event",
    "dead_lettered": "poison, waiting in the dead-letter queue with its history",
}


def table(figures: Dict[str, int], repeats: int) -> None:
    print()
    for name, value in figures.items():
        print(f"  {name:<22} {value:>12,}  {MEANING[name]}")
    print(f"\n  {repeats:,} deliveries were of events applied before, their ack lost in a kill: the ledger's keys stopped them.\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--input", type=pathlib.Path, metavar="FILE.jsonl", help="events; looped when shorter than --messages")
    parser.add_argument("--messages", type=int, default=20_000, metavar="N", help="events to publish (default 20,000)")
    parser.add_argument("--rate", type=float, metavar="N", help="events a second, all producers together (default: 8 s of them)")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/dev"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.messages < 1:
        parser.error("--messages must be at least 1")
    if options.rate is not None and options.rate <= 0:
        parser.error("--rate must be more than 0")
    if options.input and not options.input.is_file():
        parser.error(f"--input: there is no file {options.input}")
    return options


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        good = {event.id for event in events(options.messages, options.input) if not event.poison}
        poison = options.messages - len(good)
    except BadInput as error:
        print(f"scripts/demo: {error}", file=sys.stderr)
        return 2
    print(f"{options.messages:,} events, {poison:,} of them poison, from {options.input or 'the demo itself'}")
    rate = options.rate or max(2_000.0, options.messages / 8)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ackwire-demo-"))
    try:
        with Cast(folder, options.build, options.messages, options.input, rate) as cast:
            run = Run(cast, len(good), pathlib.Path("build/demo/dashboard.png"))
            run.play()
            figures = run.figures(lambda: good)
            cast.stop("broker")
    except KeyboardInterrupt:
        print("scripts/demo: stopped", file=sys.stderr)
        return 130
    except (RuntimeError, ackwire.AckwireError) as error:
        print(f"scripts/demo: failed: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table(figures, run.repeats)
    expected = figures["effects_missing"] == 0 and figures["effects_doubled"] == 0
    if figures["dead_lettered"] != poison:
        print(f"  note: {poison} events are poison, {figures['dead_lettered']} are dead letters\n")
    print(json.dumps(figures))
    return 0 if expected else 1


if __name__ == "__main__":
    sys.exit(main())
