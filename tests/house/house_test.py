"""The rules of the house: sizes, names, no dead or unfinished code, links that resolve. Standard library only."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import checks  # noqa: E402
import description  # noqa: E402
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
        listed = [pathlib.Path(entry["file"]) for entry in json.loads(database.read_text())]
        compiled = {path.resolve() for entry in listed for path in self.files(entry)}
        # A part that is switched off in this build tree has no file in the list: it is checked where it is on.
        parts = {self.part(path) for path in compiled if path.is_relative_to(sources.ROOT)}
        dead = [sources.name(path) for path in sources.under(suffixes=(".cpp",))
                if path.resolve() not in compiled and self.part(path) in parts]
        self.assertEqual([], dead)

    @staticmethod
    def files(entry: pathlib.Path) -> list[pathlib.Path]:
        """One of several files that are compiled as one names them."""
        together = entry.parent.name == "Unity" and re.findall(r'#include "(.+\.cpp)"', entry.read_text())
        return [pathlib.Path(name) for name in together] if together else [entry]

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


class Described(unittest.TestCase):
    """A field or verb is described once, and every page knows it."""

    def setUp(self):
        public = sources.under("core", suffixes=(".hpp",))
        self.headers = [sources.text(path) for path in public if sources.name(path).startswith("core/include/")]
        self.nouns = [sources.text(path) for path in public if sources.name(path).startswith("core/model/verbs/")]
        self.verbs = [verb for header in self.nouns for verb in description.verbs(header)]
        self.pages = {name: sources.text(sources.ROOT / f"docs/{name}.md") for name in
                      ("protocol", "reference", "cli", "python")}

    def test_every_member_has_one_field(self):
        types = [name for header in self.headers for name in description.described(header)]
        self.assertGreaterEqual(set(types), {"QueuePolicy", "QueueInfo", "GroupInfo", "Sample", "BrokerStats", "DeadLetter",
                                             "PeekedMessage", "BrokerOptions", "ClientOptions"})
        self.assertEqual([], [line for header in self.headers + self.nouns for line in description.undescribed(header)])

    def test_no_verb_is_described_twice(self):
        self.assertGreater(len(self.verbs), 12)
        self.assertEqual(len(self.verbs), len(set(self.verbs)))
        again = [f"{sources.name(path)}: {name}" for path in sources.under("core", "bindings", suffixes=(".cpp", ".hpp"))
                 if not sources.name(path).startswith("core/model/verbs/")
                 for name in description.spelled_again(sources.text(path), set(self.verbs) - self.methods())]
        self.assertEqual([], again)

    @staticmethod
    def methods() -> set[str]:
        """Verbs that are also names of methods of the extension module."""
        return set(re.findall(r"def (\w+)\(", sources.text(sources.ROOT / "python/ackwire/_core.pyi")))

    def test_no_field_is_spelled_in_a_second_list(self):
        names = {name for header in self.headers for fields in description.described(header).values() for name, _ in fields
                 if "_" in name}
        self.assertGreater(len(names), 50)
        spelled = names | {name + suffix for name in names for suffix in ("_ms", "_base64")}
        own = set(description.verbs("\n".join(self.nouns))) | {"retry_after_ms", "oldest_age", "backoff_max", "backoff_initial"}
        again = [f"{sources.name(path)}: {name}" for path in sources.under("core", "bindings", "cli", suffixes=(".cpp", ".hpp"))
                 if re.match(r"core/(wire|rules|api)/|bindings/(queue|stats|options|describe)\.|cli/settings/", sources.name(path))
                 for name in description.spelled_again(sources.text(path), spelled - own)]
        self.assertEqual([], again)

    def test_every_verb_is_on_the_pages_with_its_members(self):
        reference = {row[0].strip("`"): row for row in description.table(self.pages["reference"], "Verbs", 7)[1:]}
        protocol = {row[0].strip("`"): row for row in description.table(self.pages["protocol"], "7. Requests", 3)
                    if row[0].startswith("`")}
        self.assertEqual(set(self.verbs), {name for name in reference if name != "---"})
        for verb in self.verbs:
            self.assertIn(verb, protocol, "a row in section 7 of docs/protocol.md")
            self.assertEqual(description.listed_members(reference[verb][1]), description.listed_members(protocol[verb][1]), verb)
            self.assertIn(reference[verb][2], protocol[verb][2], verb)

    def test_the_awaited_verbs_are_those_of_the_package(self):
        check = subprocess.run([sys.executable, "-B", sources.ROOT / "scripts/asyncio_verbs", "--check"], capture_output=True,
                               text=True, check=False)
        self.assertEqual((0, ""), (check.returncode, check.stderr))

    def test_every_setting_is_on_the_pages(self):
        settings = {name: fields for header in self.headers for name, fields in description.described(header).items()}
        missing = []
        for name, _ in settings["QueuePolicy"]:
            if name != "paused":
                missing += [f"docs/cli.md: --{name.replace('_', '-')}"] * (f"--{name.replace('_', '-')}" not in self.pages["cli"])
            missing += [f"docs/python.md: {name}"] * (f"`{name}`" not in self.pages["python"])
        missing += [f"docs/reference.md: {name}" for name, _ in settings["BrokerOptions"] + settings["ClientOptions"]
                    if name not in ("seed", "name") and f"| `{name}` |" not in self.pages["reference"]]
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
        self.assertFalse(checks.machine_paths("x.md", "see docs/wo" + "rk/x and https://example.org/wo" + "rk/x\n"))
        self.assertTrue(checks.counted_apart("core/engine/acts/x.cpp", "  ++group.row.acked;\n"))
        self.assertTrue(checks.counted_apart("core/engine/acts/x.cpp", "  group->row.dead_bytes -= bytes;\n"))
        self.assertFalse(checks.counted_apart("core/engine/transition.cpp", "  row.dead += count;\n"))
        self.assertTrue(checks.loose_names("core/engine/queue_util.hpp", ""))
        self.assertTrue(checks.loose_names("core/engine/x.hpp", "class QueueManager {\n"))

    def test_descriptions(self):
        struct = "struct X {\n  std::uint64_t a = 0, b{3};\n  std::string c;  ///< of x\n};\n"
        def fields(lines):
            return "template <>\ninline constexpr auto fields<X> = Fields{\n" + "\n".join(lines) + "\n};\n"

        every = [f'    field("{name}", &X::{name}, "of it"),' for name in "abc"]
        self.assertEqual([], description.undescribed(struct + fields(every)))
        self.assertEqual(["X::c has no field"], description.undescribed(struct + fields(every[:2])))
        self.assertEqual(["X::a is described twice"], description.undescribed(struct + fields(every + every[:1])))
        every.append('    field("d", &X::d, "of it"),')
        self.assertEqual(["X::d is no member"], description.undescribed(struct + fields(every)))
        self.assertEqual(["max_depth"], description.spelled_again('made["max_depth"] = 1; // "max_depths"', {"max_depth"}))
        self.assertEqual({"queue", "change"}, description.listed_members("queue, change? (of the policy)"))

    def test_links(self):
        self.assertEqual(["a.md", "#b"], checks.links("[x](a.md) [y](#b) [z](https://example.org) `[q](r.md)`"))
        self.assertEqual({"one-law", "what-x-does"}, checks.anchors("# One law\n## What `x` does?\n"))


unittest.TestCase.maxDiff = None


if __name__ == "__main__":
    unittest.main()
