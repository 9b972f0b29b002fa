"""``python -m ackwire`` is the real command."""

import os
import pathlib
import shutil
import subprocess
import sys

import ackwire
from conftest import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]


def module(*arguments, **options):
    options = {"env": environment(), "text": True, "capture_output": True, "timeout": 60, **options}
    return subprocess.run([sys.executable, "-m", "ackwire", *arguments], **options)


def test_the_module_runs_the_command_with_its_exit_status():
    done = module("version")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["ackwire", ackwire.__version__])
    direct = subprocess.run([command(), "no-such-command"], capture_output=True, text=True)
    through = module("no-such-command")
    assert (through.returncode, through.stdout, through.stderr) == (direct.returncode, direct.stdout, direct.stderr)
    assert through.returncode != 0


def command():
    from ackwire.__main__ import command

    return command()


def test_a_reader_that_goes_away_ends_the_command_as_it_would_without_python(directory):
    """The interpreter ignores SIGPIPE, and what it starts inherits that."""
    script = f"{sys.executable} -m ackwire --help | true; echo ${{PIPESTATUS[0]}}"
    direct = f"{command()} --help | true; echo ${{PIPESTATUS[0]}}"
    outcomes = set()
    for line in (script, direct):
        done = subprocess.run(["bash", "-c", line], env=environment(), text=True, capture_output=True, timeout=60)
        outcomes.add(done.stderr)
    assert outcomes == {""}


def test_a_package_without_the_command_says_where_to_get_it(directory):
    copy = directory / "ackwire"
    copy.mkdir()
    for file in pathlib.Path(ackwire.__file__).parent.glob("*.*"):
        shutil.copy(file, copy / file.name)
    done = module("version", env={**os.environ, "PYTHONPATH": str(directory), "PATH": str(directory)})
    assert done.returncode == 127
    assert "pip install ." in done.stderr and "scripts/build" in done.stderr


def test_a_missing_system_package_is_named_with_the_line_that_installs_it(directory):
    """What `pip install .` shows on a machine without the libraries."""
    done = subprocess.run(
        ["cmake", "-S", ROOT, "-B", directory / "build", "-G", "Ninja", "-DACKWIRE_TESTS=OFF", "-DACKWIRE_GUI=OFF"],
        env={**os.environ, "PKG_CONFIG_LIBDIR": str(directory), "PKG_CONFIG_PATH": ""}, text=True, capture_output=True, timeout=120,
    )
    assert done.returncode != 0
    words = " ".join(done.stderr.split())
    assert "Ackwire needs lmdb" in words
    assert "apt-get install g++ pkg-config liblmdb-dev" in words
