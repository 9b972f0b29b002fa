"""How many tests a run had, read from what the test programs print."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

# Each pattern belongs to one kind of test program; the first that is found decides.
PASSED = [
    re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.M),                         # GoogleTest
    re.compile(r"^Totals: (\d+) passed, \d+ failed", re.M),                      # Qt Test, one line per object
    re.compile(r"^=*\s*(?:\d+ failed, )?(\d+) passed\b.* in [\d.]+s", re.M),     # pytest
    re.compile(r"^Ran (\d+) tests? in ", re.M),                                  # unittest (failures counted apart)
    re.compile(r"^(\d+) passed, \d+ failed$", re.M),                             # everything else
    re.compile(r"^kill: rounds=(\d+)(?=[\s\S]*^kill: passed)", re.M),             # the kill test counts rounds
    re.compile(r"^powercut: cuts=(\d+)(?=[\s\S]*^powercut: passed)", re.M),       # and the power-cut test its cuts
]
FAILED = [
    re.compile(r"^ ?(\d+) FAILED TESTS?$", re.M),
    re.compile(r"^Totals: \d+ passed, (\d+) failed", re.M),
    re.compile(r"^=*\s*(\d+) failed\b.* in [\d.]+s", re.M),
    re.compile(r"^FAILED \((?:failures|errors)=(\d+)", re.M),
    re.compile(r"^\d+ passed, (\d+) failed$", re.M),
]
SKIPPED = [
    re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed below", re.M),
    re.compile(r"\b([1-9]\d*) skipped\b", re.M),
    re.compile(r"\bskipped=(\d+)", re.M),
]
# Lines of figures that are shown under the table as they are.
FIGURES = re.compile(r"^(?:seeds=\d+ .*|kill: (?:rounds|lost)=.*|powercut: (?:cuts|lost|control).*|caught after .*)$", re.M)


@dataclass
class Row:
    """One suite in the table."""

    suite: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)


def total(patterns: list[re.Pattern], text: str) -> int:
    for pattern in patterns:
        found = [int(n) for n in pattern.findall(text)]
        if found:
            return sum(found)
    return 0


def row_of(suite: str, text: str, ok: bool, seconds: float) -> Row:
    """Counts of one program. No tests, a skipped test, or a failure without a count are failures."""
    row = Row(suite, total(PASSED, text), total(FAILED, text), seconds, figures=FIGURES.findall(text))
    if re.search(r"^Ran \d+ tests? in ", text, re.M):
        row.passed -= row.failed
    skipped = total(SKIPPED, text)
    if skipped:
        row.failed += skipped
        row.notes.append(f"{skipped} skipped: counted as failed")
    if not ok and row.failed == 0:
        row.failed = 1
        row.notes.append("ended with an error")
    if row.passed == 0 and row.failed == 0:
        row.failed = 1
        row.notes.append("ran zero tests")
    return row


def rows_of_ctest(junit: str, prefix: str = "") -> list[Row]:
    """One row for each entry of a ctest run, from its JUnit file."""
    rows = []
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        text = case.findtext("system-out") or ""
        ok = case.get("status") == "run"
        rows.append(row_of(prefix + case.get("name", "?"), text, ok, float(case.get("time", 0))))
    return rows
