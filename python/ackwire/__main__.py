"""``python -m ackwire``, and the command ``ackwire`` of the installed package: becomes the real command, a program of its own."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from typing import Optional


def command() -> Optional[str]:
    """The program: the one of this package, or one that was installed beside it."""
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bin", "ackwire")
    if os.access(own, os.X_OK):
        return own
    found = shutil.which("ackwire")
    is_this_script = found is not None and os.path.realpath(found) == os.path.realpath(sys.argv[0])
    return None if is_this_script else found


def main() -> int:
    path = command()
    if path is None:
        print(
            "ackwire: the command is not part of this installation. `pip install .` brings it along; in a clone "
            "`scripts/build dev ackwire_command` builds it.",
            file=sys.stderr,
        )
        return 127
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # the interpreter ignores them, and a program started from it would as well
        signal.signal(number, signal.SIG_DFL)
    os.execv(path, ["ackwire", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
