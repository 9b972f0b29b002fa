"""The processes of a run: a broker, producers, workers, the dashboard. Started, killed, started again, and always ended."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
from typing import Dict, List, Optional

PRODUCERS = 3
WORKERS = 3
QUEUE = "events"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cast:
    """Every process writes to a log of its own in the folder of the run. Use it as a context manager."""

    def __init__(
        self, folder: pathlib.Path, build: pathlib.Path, messages: int, source: Optional[pathlib.Path], rate: float
    ) -> None:
        self.folder = folder
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.ledger = folder / "ledger.sqlite"
        self.killed_workers = 0
        self._messages = messages
        self._source = source
        self._rate = rate
        self._command = self._found(build, "ackwire")
        self._dashboard = self._found(build, "ackwire-dashboard")
        self._processes: Dict[str, subprocess.Popen[bytes]] = {}
        self._window: Optional[subprocess.Popen[bytes]] = None

    @staticmethod
    def _found(build: pathlib.Path, name: str) -> Optional[pathlib.Path]:
        for place in build.glob(f"**/{name}"):
            if place.is_file() and os.access(place, os.X_OK):
                return place
        return None

    def __enter__(self) -> Cast:
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self._processes.values(), *([self._window] if self._window else [])]:
            if process.poll() is None:
                process.kill()
            process.wait()

    def start_broker(self) -> None:
        store = str(self.folder / "store")
        if self._command:
            self._start("broker", [str(self._command), "serve", store, "--listen", self.endpoint])
        else:
            self._start("broker", [sys.executable, "-m", "demo.serve", store, self.endpoint])

    def start_producers(self) -> None:
        for share in range(PRODUCERS):
            arguments = ["--share", share, "--shares", PRODUCERS, "--messages", self._messages, "--rate", self._rate / PRODUCERS]
            if self._source:
                arguments += ["--input", self._source]
            self._start(f"producer-{share}", self._module("producer", *arguments))

    def start_worker(self, number: int) -> None:
        name = f"worker-{number}"
        self._start(name, self._module("worker", "--ledger", self.ledger, "--name", name))

    def kill(self, name: str) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        self._processes[name].kill()
        self._processes[name].wait()

    def running(self, prefix: str) -> List[str]:
        return [name for name, process in self._processes.items() if name.startswith(prefix) and process.poll() is None]

    def failed(self, prefix: str) -> List[str]:
        """Those that ended with an error of their own."""
        ended = ((name, process.poll()) for name, process in self._processes.items() if name.startswith(prefix))
        return [name for name, code in ended if code not in (None, 0, -signal.SIGKILL)]

    def stop(self, prefix: str, limit: float = 20) -> None:
        """SIGTERM, and SIGKILL for what does not listen."""
        chosen = [process for name, process in self._processes.items() if name.startswith(prefix)]
        for process in chosen:
            process.terminate()
        for process in chosen:
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def producer_figures(self) -> Dict[str, int]:
        total: Dict[str, int] = {}
        for share in range(PRODUCERS):
            lines = (self.folder / f"producer-{share}.out").read_text().splitlines()
            for name, value in (json.loads(lines[-1]) if lines else {}).items():
                total[name] = total.get(name, 0) + value
        return total

    def open_dashboard(self) -> bool:
        """Opens the window where there is a display. False: there is none."""
        if not self._dashboard or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            return False
        self._window = subprocess.Popen([str(self._dashboard), self.endpoint], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return True

    def picture(self, target: pathlib.Path) -> Optional[pathlib.Path]:
        """A picture of the dashboard, when it was built. None when there is none to be had."""
        if not self._dashboard:
            return None
        made = self.folder / "dashboard.png"
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        command = [str(self._dashboard), "--screenshot", str(made), self.endpoint]
        with (self.folder / "dashboard.log").open("ab") as log:
            try:
                subprocess.run(command, env=environment, stdout=log, stderr=log, timeout=30, check=True)
            except (subprocess.SubprocessError, OSError) as error:
                log.write(f"{error}\n".encode())
                return None
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, target)
        return target

    def tail(self, name: str, lines: int = 15) -> str:
        path = self.folder / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def _module(self, name: str, *arguments: object) -> List[str]:
        common = ["--endpoint", self.endpoint, "--queue", QUEUE]
        return [sys.executable, "-B", "-m", f"demo.{name}", *common, *map(str, arguments)]

    def _start(self, name: str, command: List[str]) -> None:
        with (self.folder / f"{name}.out").open("ab") as out, (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(command, stdout=out, stderr=log)
