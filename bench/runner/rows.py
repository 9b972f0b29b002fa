"""The rows of the table: how each is measured, and what it must reach."""

import dataclasses
import statistics
from typing import Callable

from programs import Programs

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Bound:
    """One figure of a row. `limit` may be a number or the name of another figure; None: reported only."""

    figure: str
    words: str
    limit: float | str | None = None
    at_most: bool = False

    def met(self, figures: dict) -> bool | None:
        if self.limit is None:
            return None
        limit = figures[self.limit] if isinstance(self.limit, str) else self.limit
        return figures[self.figure] <= limit if self.at_most else figures[self.figure] >= limit


@dataclasses.dataclass(frozen=True)
class Row:
    key: str
    measure: Callable[[Programs], dict]
    bounds: tuple[Bound, ...]


def middle(rounds: list[dict]) -> dict:
    """The median of each figure over the rounds, with the lowest and highest of the first one."""
    figures = {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}
    first = next(iter(rounds[0]))
    return {**figures, f"{first}_min": min(r[first] for r in rounds), f"{first}_max": max(r[first] for r in rounds)}


def bare_pipeline(programs: Programs) -> dict:
    return middle([programs.pipeline(100, 64) for _ in range(programs.rounds)])


def end_to_end(programs: Programs) -> dict:
    """Ceiling and product take turns, so that what else the machine does hits both."""
    rounds = []
    for _ in range(programs.rounds):
        bare, product = programs.pipeline(100, 64), programs.product("end_to_end")
        rounds.append({**product, "bare_msgs_per_s": bare["msgs_per_s"], "ratio": product["msgs_per_s"] / bare["msgs_per_s"]})
    return middle(rounds)


def confirm_latency(programs: Programs) -> dict:
    rounds = []
    for _ in range(programs.rounds):
        bare, product = programs.pipeline(1, 1), programs.product("confirm_latency")
        rounds.append({"p50_ratio": product["confirm_p50_ms"] / bare["confirm_p50_ms"], "confirm_p50_ms": product["confirm_p50_ms"],
                       "bare_confirm_p50_ms": bare["confirm_p50_ms"]})
    return middle(rounds)


def single_publish(programs: Programs) -> dict:
    return middle([programs.product("single_publish") for _ in range(programs.rounds)])


def backlog(programs: Programs) -> dict:
    figures = programs.product("backlog")
    return {**figures, "anonymous_mib": figures["anonymous_bytes"] / MIB}


def python_batch(programs: Programs) -> dict:
    return middle([programs.python_batch() for _ in range(programs.rounds)])


ROWS = (
    Row("bare_pipeline_256b", bare_pipeline, (Bound("msgs_per_s", "reported"),)),
    Row("end_to_end_256b", end_to_end, (Bound("msgs_per_s", "at least 400,000", 400_000),
                                        Bound("ratio", "at least 0.35 of the bare pipeline", 0.35))),
    Row("confirm_latency", confirm_latency, (Bound("p50_ratio", "at most 1.3 times the bare pipeline", 1.3, at_most=True),)),
    Row("single_publish", single_publish, (Bound("msgs_per_s", "at least 200,000", 200_000),)),
    Row("dedupe_10m", lambda programs: programs.product("dedupe"),
        (Bound("ratio", "at least 0.6", 0.6),
         Bound("anonymous_bytes", "at most 64 MiB + 8 bytes a key", "anonymous_limit_bytes", at_most=True))),
    Row("out_of_order_acks", lambda programs: programs.product("out_of_order_acks"), (Bound("ratio", "at least 0.7", 0.7),)),
    Row("backlog_5m", backlog, (Bound("anonymous_mib", "at most 150 MiB", 150, at_most=True),
                                Bound("open_ms", "at most 300 ms", 300, at_most=True),
                                Bound("dispatch_ratio", "at least 0.7", 0.7))),
    Row("idle_queues_10k", lambda programs: programs.product("idle_queues"),
        (Bound("ratio", "at least 0.9 of the queue alone", 0.9), Bound("p50_ratio", "at most 1.3 times", 1.3, at_most=True),
         Bound("make_s", "at most 6 s", 6, at_most=True),
         Bound("idle_cpu_share", "at most 1 % of a core", 0.01, at_most=True))),
    Row("long_turns", lambda programs: programs.product("long_turns"),
        (Bound("longest_turn_ms", "at most 50 ms", 50, at_most=True),)),
    Row("python_batch", python_batch, (Bound("msgs_per_s", "at least 100,000", 100_000),)),
)
