"""Runs the benchmarks and prints the table. See scripts/bench."""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import programs
import rows


def chosen(keys: list[str]) -> list[rows.Row]:
    """Rows whose key begins with one of `keys`; all without keys."""
    found = [row for row in rows.ROWS if not keys or any(row.key.startswith(key) for key in keys)]
    unknown = [key for key in keys if not any(row.key.startswith(key) for row in rows.ROWS)]
    if unknown:
        sys.exit(f"scripts/bench: no such row: {', '.join(unknown)}; rows are {', '.join(row.key for row in rows.ROWS)}")
    return found


def file_system(directory: pathlib.Path) -> str:
    return subprocess.run(["stat", "-f", "-c", "%T", str(directory)], capture_output=True, text=True).stdout.strip()


def machine(directory: pathlib.Path) -> dict:
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "file_system": file_system(directory),
            "load_before": os.getloadavg()[0]}


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def print_row(row: rows.Row, figures: dict, judged: bool) -> None:
    for bound in row.bounds:
        met = bound.met(figures)
        verdict = "-" if met is None else "not judged" if not judged else "met" if met else "NOT MET"
        print(f"{row.key + '.' + bound.figure:<38} {number(figures[bound.figure]):>14}  {bound.words:<36} {verdict}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures the release build.")
    parser.add_argument("key", nargs="*", help="rows to run, by the beginning of their key; default all")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure here")
    parser.add_argument("--quick", action="store_true", help="small and short; nothing is judged")
    parser.add_argument("--directory", type=pathlib.Path, default=programs.BUILD, help="where stores are made; a real disk")
    options = parser.parse_args()
    selected = chosen(options.key)

    programs.build()
    if file_system(options.directory) in ("tmpfs", "ramfs"):
        sys.exit(f"scripts/bench: {options.directory} is in memory; a synced commit costs nothing there. Use --directory.")
    about = machine(options.directory)
    print(f"{about['cpu']}, {about['cores']} cores, {about['file_system']}, load {about['load_before']:.1f}")
    results, failed = {}, []
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=options.directory) as scratch:
        runs = programs.Programs(pathlib.Path(scratch), options.quick)
        for row in selected:
            try:
                figures = row.measure(runs)
            except programs.Failed as reason:
                failed.append(row.key)
                print(f"{row.key}: {reason}", flush=True)
                continue
            print_row(row, figures, judged=not options.quick)
            met = {bound.figure: bound.met(figures) for bound in row.bounds}
            results[row.key] = figures if options.quick else {**figures, "met": met}
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "quick": options.quick, "rows": results}, indent=2) + "\n")
    print(f"{len(results)} rows measured, {len(failed)} failed")
    return 1 if failed else 0


sys.exit(main())
