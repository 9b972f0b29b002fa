"""Completion: the command knows what fits, and the shells ask it."""

import os
import pathlib
import subprocess

import pytest
from conftest import COMMAND, run

INSTALL = pathlib.Path(__file__).resolve().parents[2] / "cli/install"


def asked(server, *words):
    *candidates, rest = server("__complete", *words).out.splitlines()
    return candidates, rest


def test_commands_options_and_values(server):
    assert "queue" in asked(server, "")[0] and asked(server, "qu") == (["queue"], ":words")
    assert set(asked(server, "queue", "")[0]) >= {"create", "ls", "info", "set", "pause", "resume", "purge", "rm"}
    assert asked(server, "queue", "create", "a", "--visib") == (["--visibility-timeout"], ":words")
    assert asked(server, "queue", "ls", "-o", "j")[0] == asked(server, "queue", "ls", "--output", "j")[0] == ["json", "jsonl"]
    assert asked(server, "dlq", "ls", "orders", "--reason", "r")[0] == ["rejected"]
    assert asked(server, "serve", "")[1] == ":directories" and asked(server, "pub", "orders", "--file", "")[1] == ":files"


def test_names_that_the_broker_knows(orders):
    orders.good("queue", "create", "other")
    orders.good("group", "create", "orders", "audit")
    for words in (["sub", ""], ["pub", ""], ["queue", "info", ""], ["--quiet", "queue", "rm", "--yes", ""], ["dlq", "redrive", ""]):
        assert asked(orders, *words)[0] == ["orders", "other"], words
    assert asked(orders, "sub", "ot") == (["other"], ":words")
    assert sorted(asked(orders, "sub", "orders", "--group", "")[0]) == ["audit", "default"]
    assert sorted(asked(orders, "group", "rm", "orders", "")[0]) == ["audit", "default"]
    assert asked(orders, "queue", "create", "")[0] == []
    done = run("__complete", "--endpoint", orders.endpoint, "peek", "")
    assert done.out.splitlines() == ["orders", "other", ":words"]


def test_without_a_broker_there_are_no_names_and_no_noise():
    done = run("__complete", "sub", "")
    assert (done.status, done.out, done.err) == (0, ":words\n", "")


@pytest.mark.parametrize("line, expected", [
    ("ackwire que", ["queue"]), ("ackwire sub o", ["orders", "other"]),
    ("ackwire queue create x --max-dep", ["--max-depth", "--max-depth-bytes"]),
    ("ackwire sub orders --group ", ["default"]),
])
def test_bash_completes(line, expected, orders):
    orders.good("queue", "create", "other")
    script = f"""
        source {INSTALL}/ackwire.bash
        COMP_LINE={line!r} COMP_POINT={len(line)}
        read -r -a COMP_WORDS <<<"$COMP_LINE"; [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _ackwire; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    env = {**os.environ, "ACKWIRE_ENDPOINT": orders.endpoint, "PATH": f"{pathlib.Path(COMMAND).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == expected, done.stderr


def test_the_shells_ask_the_command():
    for script in ("ackwire.bash", "_ackwire", "ackwire.fish"):
        assert " __complete " in (INSTALL / script).read_text()


def test_the_unit_takes_settings_and_lets_other_users_in(folder):
    unit = (INSTALL / "ackwire.service.in").read_text()
    assert "--config @CMAKE_INSTALL_FULL_SYSCONFDIR@/ackwire/ackwire.toml" in unit and "RuntimeDirectoryMode=0755" in unit
    settings = INSTALL / "ackwire.toml"
    assert 'socket_mode = "0666"' in settings.read_text() and "ipc:///run/ackwire/socket" in settings.read_text()
    assert run("serve", folder / "store", "--config", settings, "--check").status == 0
