"""The gate: runs the steps, prints the counts of every suite, and ends with one line of totals."""

import argparse
import sys
import time

import counts
import steps
import tools


def table(rows: list[counts.Row]) -> None:
    width = max(len(row.suite) for row in rows)
    print(f"\n{'suite':<{width}}  passed  failed  seconds")
    for row in rows:
        notes = "  " + "; ".join(row.notes) if row.notes else ""
        print(f"{row.suite:<{width}}  {row.passed:>6}  {row.failed:>6}  {row.seconds:>7.1f}{notes}")
    print()
    for row in rows:
        for figures in row.figures:
            print(f"{row.suite}: {figures}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/test", description="Builds and tests everything.")
    parser.add_argument("--only", action="append", choices=steps.STEPS, help="run this step only; may be repeated")
    parser.add_argument("--list", action="store_true", help="print the steps")
    options = parser.parse_args()
    if options.list:
        for name, step in steps.STEPS.items():
            print(f"{name:<9} {step.__doc__.strip()}")
        return 0

    rows: list[counts.Row] = []
    times: list[str] = []
    for name, step in steps.STEPS.items():
        if options.only and name not in options.only:
            continue
        started = time.monotonic()
        print(f"== {name}: {step.__doc__.strip()}", flush=True)
        try:
            rows += step()
        except tools.Broken as reason:
            print(reason)
            row = counts.Row(f"{name}: could not be carried out", 0, 1)
            row.notes.append(str(reason).split(";")[0][:100])
            rows.append(row)
        times.append(f"{name} {time.monotonic() - started:.0f} s")
    table(rows)
    passed, failed = sum(row.passed for row in rows), sum(row.failed for row in rows)
    print(f"\ntime: {', '.join(times)}\n")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


sys.exit(main())
