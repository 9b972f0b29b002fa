"""The rules of the house, each a function from file texts to a list of findings."""

import ast
import re

FILE_LINES = 500
FUNCTION_LINES = 70
LINE_COLUMNS = 132

# Spelled in two halves, so that this file does not report itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|not " r"implemented")
SWITCHED_OFF = re.compile(
    r"GTEST_" r"SKIP|DISABLED" r"_|QSKI" r"P|pytest\.(mark\.)?(ski" r"p|xfai" r"l)|unittest\.ski" r"p|@ski" r"p")
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(wor" r"k|far" r"m|ro" r"ot|hom" r"e)/[a-z.]")
LOOSE_NAMES = re.compile(r"(^|_)(item|manager|helper|util)s?(_|\.|$)")
LOOSE_TYPES = re.compile(r"^\s*(?:class|struct)\s+\w*(?:Manager|Helper|Util|Utils)\b", re.M)

NOT_A_FUNCTION = re.compile(
    r"^\s*(if|for|while|switch|else|do|catch|try|namespace|class|struct|enum|union|return|case|default|extern)\b|^\s*[}#]")
OPENS_FUNCTION = re.compile(r"^\s*[\w~:<>,&*\[\]\s\"'().=+-]*[)}][\w\s&:>,(){}.*<-]*\{$")

LAMBDA = re.compile(r"\[[&=\w, ]*\]\s*(\(|mutable|\{)")


def too_long(path: str, text: str) -> list[str]:
    count = text.count("\n")
    return [f"{path}: {count} lines; {FILE_LINES} is the end: split it by noun or act"] if count > FILE_LINES else []


def wide_lines(path: str, text: str) -> list[str]:
    return [f"{path}:{number}: {len(line)} columns; {LINE_COLUMNS} is the end"
            for number, line in enumerate(text.splitlines(), 1) if len(line) > LINE_COLUMNS]


def long_functions(path: str, text: str) -> list[str]:
    """C++ functions longer than a screen, found by indentation, which clang-format keeps."""
    found = []
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if not OPENS_FUNCTION.match(line) or NOT_A_FUNCTION.match(line) or LAMBDA.search(line):
            continue
        # A signature can span lines: the brace that closes stands under its first one.
        first = start
        while first > 0 and lines[first - 1].strip() and not re.search(r"([;{}:]|^\s*(//|#).*)$", lines[first - 1]):
            first -= 1
        if NOT_A_FUNCTION.match(lines[first]):
            continue
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        for end in range(start + 1, len(lines)):
            if re.match(rf"{indent}\}}", lines[end]):
                if end - start + 1 > FUNCTION_LINES:
                    found.append(f"{path}:{start + 1}: a function of {end - start + 1} lines; {FUNCTION_LINES} is the end")
                break
    return found


def long_python_functions(path: str, text: str) -> list[str]:
    tree = ast.parse(text)
    return [f"{path}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines; {FUNCTION_LINES} is the end"
            for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.end_lineno - node.lineno + 1 > FUNCTION_LINES]


def matches(pattern: re.Pattern, what: str, path: str, text: str) -> list[str]:
    return [f"{path}:{number}: {what}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def unfinished(path: str, text: str) -> list[str]:
    return matches(UNFINISHED, "unfinished", path, text) + matches(SWITCHED_OFF, "switched off", path, text)


def machine_paths(path: str, text: str) -> list[str]:
    return matches(MACHINE_PATHS, "a path of one machine", path, text)


def loose_names(path: str, text: str) -> list[str]:
    stem = path.rsplit("/", 1)[-1]
    found = [f"{path}: name it for what it is"] if LOOSE_NAMES.search(stem) else []
    return found + matches(LOOSE_TYPES, "name it for what it is", path, text)


# What a message's change of state counts is counted in one place; where the store is damaged, counters are set anew.
_COUNTED = ("acked|expired|discarded|settled_bytes|dead|dead_bytes|dead_lettered|redriven|nacked|rejected|released|delivered|"
            "published")
_COUNT = re.compile(rf"(\+\+|--)[\w.>()-]*\brow\.({_COUNTED})\b|\brow\.({_COUNTED})\b\s*[-+]=")
_COUNTERS = ("core/engine/transition.cpp", "core/engine/repair/")


def counted_apart(path: str, text: str) -> list[str]:
    if not path.startswith("core/engine/") or path.startswith(_COUNTERS):
        return []
    return matches(_COUNT, "counts apart from transition()", path, text)


def anchor(heading: str) -> str:
    """The anchor that a heading gets on a forge."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(text: str) -> set[str]:
    return {anchor(found) for found in re.findall(r"^#+ (.*)$", text, re.M)}


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def links(text: str) -> list[str]:
    return [link for link in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", without_code(text)) if not re.match(r"[a-z]+:", link)]


def enumerators(header: str, enum: str) -> dict[str, int]:
    body = re.search(rf"enum class {enum}\b[^{{]*\{{(.*?)\}};", header, re.S).group(1)
    return {name: int(number) for name, number in re.findall(r"^\s*(\w+)\s*=\s*(\d+)", body, re.M)}
