"""The rules of the house: sizes, names, no dead or unfinished code, links that resolve. Standard library only."""

import json
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import checks  # noqa: E402
import sources  # noqa: E402

CPP = (".cpp", ".hpp", ".h")
CODE = (*CPP, ".py", ".pyi", ".cmake")
TEXTS = (*CODE, ".md", ".txt", ".toml", ".json")


def scripts() -> list[pathlib.Path]:
    """Programs without a suffix, below scripts/ and .ci/."""
    return [path for path in sources.under("scripts", ".ci", suffixes=("",)) if sources.text(path).startswith("#!")]


def code() -> list[pathlib.Path]:
    return sources.under(suffixes=CODE) + scripts()


def corpus(path: pathlib.Path) -> bool:
    return "corpus" in path.parts


class House(unittest.TestCase):
    def findings(self, check, paths):
        self.assertGreater(len(paths), 0)
        return [line for path in paths if not corpus(path) for line in check(sources.name(path), sources.text(path))]

    def test_files_stay_small(self):
        self.assertEqual([], self.findings(checks.too_long, code()))

    def test_lines_fit(self):
        self.assertEqual([], self.findings(checks.wide_lines, code()))

    def test_functions_fit_a_screen(self):
        self.assertEqual([], self.findings(checks.long_functions, sources.under(suffixes=CPP)))
        self.assertEqual([], self.findings(checks.long_python_functions, sources.under(suffixes=(".py",))))

    def test_nothing_is_unfinished_or_switched_off(self):
        self.assertEqual([], self.findings(checks.unfinished, code()))

    def test_no_path_of_one_machine(self):
        self.assertEqual([], self.findings(checks.machine_paths, sources.under(suffixes=TEXTS) + scripts()))

    def test_what_a_change_of_state_counts_is_counted_in_one_place(self):
        self.assertEqual([], self.findings(checks.counted_apart, sources.under("core", suffixes=CPP)))

    def test_names_say_what_things_are(self):
        self.assertEqual([], self.findings(checks.loose_names, sources.under(suffixes=CPP)))


class Dead(unittest.TestCase):
    def test_every_source_file_is_compiled(self):
        database = pathlib.Path(os.environ.get("ACKWIRE_BINARY_DIR", sources.ROOT / "build/dev")) / "compile_commands.json"
        self.assertTrue(database.exists(), f"{database} is missing: configure with a preset")
        compiled = {pathlib.Path(entry["file"]).resolve() for entry in json.loads(database.read_text())}
        # A part that is switched off in this build tree has no file in the list: it is checked where it is on.
        parts = {self.part(path) for path in compiled if path.is_relative_to(sources.ROOT)}
        dead = [sources.name(path) for path in sources.under(suffixes=(".cpp",))
                if path.resolve() not in compiled and self.part(path) in parts]
        self.assertEqual([], dead)

    @staticmethod
    def part(path: pathlib.Path) -> str:
        folders = path.resolve().relative_to(sources.ROOT.resolve()).parts
        return "/".join(folders[:2]) if folders[0] == "tests" else folders[0]

    def test_every_header_is_included(self):
        headers = sources.under("core", "cli", "bindings", "gui", "tests", "bench", suffixes=(".hpp", ".h"))
        included = {found.split("/")[-1] for path in sources.under(suffixes=CPP)
                    for found in re.findall(r'#\s*include\s*[<"]([^>"]+)[>"]', sources.text(path))}
        umbrella = {"ackwire.hpp"}
        self.assertEqual([], [sources.name(path) for path in headers if path.name not in included | umbrella])


class Errors(unittest.TestCase):
    def setUp(self):
        self.codes = checks.enumerators(sources.text(sources.ROOT / "core/include/ackwire/error.hpp"), "Errc")

    def test_every_code_has_its_name(self):
        table = sources.text(sources.ROOT / "core/rules/error.cpp")
        self.assertGreater(len(self.codes), 30)
        self.assertEqual([], [code for code in self.codes if not re.search(rf"\b(ACKWIRE_NAME\({code}\)|Errc::{code}\b)", table)])

    def test_numbers_are_not_shared(self):
        self.assertEqual(len(self.codes), len(set(self.codes.values())))

    def test_every_code_is_in_the_protocol(self):
        rows = []  # numbers, names: of each row of the table, whose first cell is one number, several, or a range
        for first, rest in re.findall(r"^\| ([\d -]+) \|(.*)$", sources.text(sources.ROOT / "docs/protocol.md"), re.M):
            numbers = [int(number) for number in re.findall(r"\d+", first)]
            rows.append((range(numbers[0], numbers[-1] + 1) if "-" in first else numbers, set(re.findall(r"\w+", rest))))
        missing = [f"{number} {code}" for code, number in self.codes.items()
                   if not any(number in numbers and code in names for numbers, names in rows)]
        self.assertEqual([], missing)


class Docs(unittest.TestCase):
    def test_links_resolve(self):
        broken = []
        for document in sources.under(suffixes=(".md",)):
            for link in checks.links(sources.text(document)):
                path, _, place = link.partition("#")
                target = (document.parent / path) if path else document
                if not target.exists():
                    broken.append(f"{sources.name(document)}: {link} does not exist")
                elif place and target.suffix == ".md" and place not in checks.anchors(sources.text(target)):
                    broken.append(f"{sources.name(document)}: {link}: no such heading")
        self.assertEqual([], broken)

    def test_paths_in_prose_exist(self):
        tops = "core|cli|bindings|gui|python|tests|bench|docs|scripts|cmake|.ci"
        pattern = re.compile(rf"`((?:{tops})/[\w./-]*\w)`")
        missing = [f"{sources.name(document)}: {path}" for document in sources.under(suffixes=(".md",))
                   for path in pattern.findall(sources.text(document)) if not (sources.ROOT / path).exists()]
        self.assertEqual([], missing)


class Guarantees(unittest.TestCase):
    def setUp(self):
        self.document = sources.text(sources.ROOT / "docs/guarantees.md")
        tests = "".join(sources.text(path) for path in sources.under("tests", suffixes=(".cpp",))
                        if sources.name(path).startswith("tests/guarantees/"))
        self.tests = set(re.findall(r"\bTEST_F\(\w+, (I\d+_\w+)\)", tests))

    def test_every_number_has_a_test_that_cites_it(self):
        promised = set(re.findall(r"^## (I\d+) ", self.document, re.M))
        self.assertGreater(len(promised), 15)
        self.assertEqual(promised, {name.split("_")[0] for name in self.tests})

    def test_the_document_names_the_tests_that_exist(self):
        self.assertEqual(self.tests, set(re.findall(r"`(I\d+_\w+)`", self.document)))


class Planted(unittest.TestCase):
    """Each check sees what it is there for."""

    def test_sizes(self):
        self.assertTrue(checks.too_long("x.cpp", "\n" * 501))
        self.assertFalse(checks.too_long("x.cpp", "\n" * 500))
        self.assertTrue(checks.wide_lines("x.cpp", "x" * 133))
        body = "  call();\n" * 69
        self.assertTrue(checks.long_functions("x.cpp", f"void Store::put(int key) const {{\n{body}}}\n"))
        self.assertTrue(checks.long_functions("x.hpp", "class X {\n  int f(int a) {\n" + "    call();\n" * 69 + "  }\n};\n"))
        self.assertFalse(checks.long_functions("x.cpp", f"void Store::put(int key) const {{\n{body[:-10]}}}\n"))
        constructor = f"Store::Store(int a,\n             int b)\n    : a_(a), b_(b) {{\n{body}}}\n"
        self.assertTrue(checks.long_functions("x.cpp", constructor))
        self.assertFalse(checks.long_functions("x.cpp", constructor.replace(body, "  call();\n") + "      }\n" * 80))
        self.assertFalse(checks.long_functions("x.cpp", f"namespace x {{\nclass Y {{\n{body}}};\n}}\n"))
        self.assertTrue(checks.long_python_functions("x.py", "def f():\n" + "    x = 1\n" * 70))

    def test_words(self):
        self.assertTrue(checks.unfinished("x.cpp", "// TO" + "DO: later\n"))
        self.assertTrue(checks.unfinished("x_test.cpp", "  GTEST_" + "SKIP();\n"))
        self.assertTrue(checks.machine_paths("x.md", "see /ho" + "me/somebody/x\n"))
        self.assertFalse(checks.machine_paths("x.md", "see docs/work/x and https://example.org/work/x\n"))
        self.assertTrue(checks.counted_apart("core/engine/acts/x.cpp", "  ++group.row.acked;\n"))
        self.assertTrue(checks.counted_apart("core/engine/acts/x.cpp", "  group->row.dead_bytes -= bytes;\n"))
        self.assertFalse(checks.counted_apart("core/engine/transition.cpp", "  row.dead += count;\n"))
        self.assertTrue(checks.loose_names("core/engine/queue_util.hpp", ""))
        self.assertTrue(checks.loose_names("core/engine/x.hpp", "class QueueManager {\n"))

    def test_links(self):
        self.assertEqual(["a.md", "#b"], checks.links("[x](a.md) [y](#b) [z](https://example.org) `[q](r.md)`"))
        self.assertEqual({"one-law", "what-x-does"}, checks.anchors("# One law\n## What `x` does?\n"))


unittest.TestCase.maxDiff = None


if __name__ == "__main__":
    unittest.main()
