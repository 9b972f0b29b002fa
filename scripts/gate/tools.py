"""Running programs, with their output kept in build/gate and shown when they fail."""

import os
import pathlib
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "gate"
JOBS = os.environ.get("ACKWIRE_JOBS") or str(os.cpu_count() or 2)
AT_ONCE = str(2 * int(JOBS))  # suites: most of their time they wait


class Broken(Exception):
    """A step could not be carried out; the text says which command and where its output is."""


def run(name: str, command: list, *, cwd=ROOT, env=None, timeout=1800, check=True) -> tuple[int, str, float]:
    """Runs a command; returns exit code, output and seconds. With `check`, a failure shows the end and raises."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    started = time.monotonic()
    with open(log, "wb") as out:
        try:
            done = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})},
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=timeout)
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = 124
    text = log.read_text(errors="replace")
    if code != 0 and check:
        print("\n".join(text.splitlines()[-60:]))
        raise Broken(f"{' '.join(map(str, command))}: exit code {code}; all of its output is in {log.relative_to(ROOT)}")
    return code, text, time.monotonic() - started


def build(preset: str, *targets: str) -> None:
    run(f"configure-{preset}", ["cmake", "--preset", preset])
    chosen = ["--target", *targets] if targets else []
    run(f"build-{preset}", ["cmake", "--build", "--preset", preset, "--parallel", JOBS, *chosen])


def code_block(document: pathlib.Path, language: str) -> str:
    """The only fenced block of a language in a document, word for word."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(), re.M | re.S)
    if len(blocks) != 1:
        raise Broken(f"{document.name} has {len(blocks)} code blocks marked {language}; one was expected")
    return blocks[0]
