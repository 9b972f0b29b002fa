"""The steps of the gate. Each returns the rows it adds to the table."""

import pathlib
import shutil
import sys
import tempfile

import counts
import tools
from tools import ROOT, run

# The suites that run again under the sanitizers: everything below the faces. The faces are tested as real processes.
ASAN_SUITES = ["format", "wire", "store", "dedupe", "engine", "scenarios", "runtime", "client", "transport", "simulator"]
ASAN_FUZZ = ["fuzz_frame", "fuzz_record"]
# Under the sanitizers a seed of the simulator takes several times as long.
# The same holds for the tests of the dedupe store that fill it with millions of keys: the others walk the same code.
ASAN_LARGE = ["DedupeSpeed.*", "Dedupe.AFingerprintNeverDecides", "DedupeForgetSlow.*", "Dedupe.SealingKeepsPaceWithPublishing"]
ASAN_SIZES = {"ACKWIRE_SEEDS": "300", "ACKWIRE_FULL_TABLES": "1", "GTEST_FILTER": "-" + ":".join(ASAN_LARGE)}


def ctest(preset: str, prefix: str = "", *selection: str, env=None) -> list[counts.Row]:
    junit = tools.LOGS / f"ctest-{preset}.xml"
    tools.LOGS.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    sizes = ["--test-output-size-passed", "1000000", "--test-output-size-failed", "1000000"]
    command = ["ctest", "--preset", preset, "--parallel", tools.AT_ONCE, "--output-junit", junit, *sizes, *selection]
    code, text, _ = run(f"ctest-{preset}", command, env=env, check=False)
    if not junit.exists():
        print(text[-4000:])
        raise tools.Broken(f"ctest wrote no results for preset {preset}")
    if code != 0:
        print("\n".join(text.splitlines()[-200:]))
    return counts.rows_of_ctest(str(junit), prefix)


def dev() -> list[counts.Row]:
    """Builds everything and runs every suite."""
    tools.build("dev")
    return ctest("dev")


def powercut() -> list[counts.Row]:
    """Power cuts on a file system of its own, where root and a loop device can be had."""
    tools.build("dev", "powercut_test")
    command = [ROOT / "build/dev/tests/powercut/powercut_test", "--cuts", "10"]
    code, text, seconds = run("powercut", command, timeout=600, check=False)
    if code == 77:
        row = counts.Row("power cuts: NOT EXERCISED", 0, 0, seconds)
        row.notes.append(next((line for line in text.splitlines() if "NOT EXERCISED" in line), "no word why")[:160])
        return [row]
    if code != 0:
        print(text[-4000:])
    return [counts.row_of("power cuts", text, code == 0, seconds)]


def asan() -> list[counts.Row]:
    """The core's suites again under AddressSanitizer and UndefinedBehaviorSanitizer."""
    tools.build("asan", *(f"{suite}_tests" for suite in ASAN_SUITES), *ASAN_FUZZ)
    return ctest("asan", "asan: ", "--tests-regex", f"^({'|'.join(ASAN_SUITES + ASAN_FUZZ)})$", env=ASAN_SIZES)


def consumer() -> list[counts.Row]:
    """Installs, then builds a project that only knows find_package(ackwire), with the README's C++ example in it."""
    with tempfile.TemporaryDirectory(prefix="ackwire-consumer-") as folder:
        home = pathlib.Path(folder)
        prefix, example = home / "prefix", home / "source"
        shutil.copytree(ROOT / "tests/find_package/project", example)
        (example / "orders.cpp").write_text(tools.code_block(ROOT / "README.md", "cpp"))
        (example / "readme.cmake").write_text(tools.code_block(ROOT / "README.md", "cmake"))
        for component in ("runtime", "dev"):
            run(f"install-{component}", ["cmake", "--install", ROOT / "build/dev", "--prefix", prefix, "--component", component])
        run("consumer-configure", ["cmake", "-S", example, "-B", home / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"])
        run("consumer-build", ["cmake", "--build", home / "build", "--parallel", tools.JOBS])
        rows = []
        for program in ("roundtrip", "orders"):
            work = home / f"run-{program}"
            work.mkdir()
            code, text, seconds = run(f"consumer-{program}", [home / "build" / program], cwd=work, timeout=60, check=False)
            if code != 0:
                print(text)
            rows.append(counts.Row(f"find_package: {program}", int(code == 0), int(code != 0), seconds))
        code, text, seconds = run("consumer-command", [prefix / "bin/ackwire", "version"], timeout=60, check=False)
        rows.append(counts.Row("installed command: version", int(code == 0), int(code != 0), seconds))
        return rows


def python_example(interpreter: pathlib.Path, name: str, env=None) -> counts.Row:
    """The README's Python example, word for word, in an empty folder; twice, as somebody who tries it does."""
    with tempfile.TemporaryDirectory(prefix="ackwire-readme-") as folder:
        script = pathlib.Path(folder) / "example.py"
        script.write_text(tools.code_block(ROOT / "README.md", "python"))
        passed, total = 0, 0.0
        for time in ("first", "second"):
            code, text, seconds = run(f"readme-{name}-{time}", [interpreter, script], cwd=folder, env=env, timeout=120, check=False)
            if code != 0:
                print(text)
            passed, total = passed + int(code == 0), total + seconds
        return counts.Row(f"README Python example, twice: {name}", passed, 2 - passed, total)


def staged() -> list[counts.Row]:
    """The README's Python example over the package as CMake stages it."""
    tools.build("dev")
    return [python_example(pathlib.Path("/usr/bin/python3"), "staged", {"PYTHONPATH": str(ROOT / "build/dev/python")})]


def package() -> list[counts.Row]:
    """`pip install .` in a clean virtual environment, where PyPI (or the configured index) can be reached."""
    with tempfile.TemporaryDirectory(prefix="ackwire-pip-") as folder:
        home = pathlib.Path(folder)
        run("venv", [sys.executable, "-m", "venv", home / "venv"])
        python = home / "venv/bin/python"
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        patience = ["--quiet", "--no-deps", "--retries", "0", "--timeout", "5"]
        probe = ["download", *patience, "--dest", home / "probe", "scikit-build-core"]
        code, _, seconds = run("pip-probe", [*pip, *probe], timeout=60, check=False)
        if code != 0:
            row = counts.Row("pip install . : NOT EXERCISED", 0, 0, seconds)
            row.notes.append("no package index can be reached from here; see build/gate/pip-probe.log")
            return [row]
        # The compiler by the name that the dev build has for it, so that ccache gives what it compiled.
        env = {"CMAKE_BUILD_PARALLEL_LEVEL": tools.JOBS, "CXX": "c++"}
        code, text, seconds = run("pip-install", [*pip, "install", ROOT], timeout=1200, check=False, env=env)
        if code != 0:
            print(text[-6000:])
            return [counts.Row("pip install .", 0, 1, seconds)]
        rows = [counts.Row("pip install .", 1, 0, seconds), python_example(python, "pip")]
        for name, command in (("ackwire", [home / "venv/bin/ackwire"]), ("python -m ackwire", [python, "-m", "ackwire"])):
            code, text, seconds = run("pip-command", [*command, "version"], cwd=folder, timeout=60, check=False)
            if code != 0:
                print(text)
            rows.append(counts.Row(f"command of the package: {name}", int(code == 0), int(code != 0), seconds))
        return rows


STEPS = {"dev": dev, "powercut": powercut, "asan": asan, "consumer": consumer, "staged": staged, "package": package}
