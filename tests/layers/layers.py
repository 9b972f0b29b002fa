"""Which file may include what. The rings from the bottom up; an arrow may only point down."""

import pathlib
import re

# Ring -> the rings it names directly. What those see, it sees as well.
RINGS = {
    "include": [],
    "rules": ["include"],
    "format": ["rules"],
    "model": ["rules"],
    "store": ["format"],
    "dedupe": ["store", "format"],
    "engine": ["dedupe", "model"],
    "wire": ["format", "model"],
    "runtime": ["wire", "engine"],
    "backend": ["model"],
    "client": ["wire", "backend"],
    "transport": ["runtime", "client"],
    "api": ["transport"],
}
FACES = ("cli", "bindings", "gui")
# The public classes that any backend carries see the port alone; the other files of core/api put a backend together.
PORT_ALONE = ("core/api/connection.cpp", "core/api/consumer.cpp")

# Header pattern -> where it may be included, as path prefixes.
HOMES = [
    (r"(Q[A-Z]\w*|Qt\w+/\w+)$", ("gui/",), "Qt belongs in gui/"),
    (r"pybind11/|Python\.h$", ("bindings/",), "pybind11 belongs in bindings/"),
    (r"lmdb\.h$", ("core/store/lmdb",), "<lmdb.h> belongs in the LMDB store"),
    (r"zmq(_addon)?\.h(pp)?$", ("core/transport/",), "ZeroMQ belongs in core/transport/"),
    (r"nlohmann/", ("core/wire/", "cli/", "gui/"), "JSON belongs in core/wire/ and the faces"),
    (r"(CLI/|fmt/|spdlog/|toml\+\+/)", ("cli/", "gui/"), "this library belongs in the faces"),
]

# Rings that decide but never act: no thread, no clock, no file, no socket, no randomness of their own.
PURE = ("rules", "format", "model", "dedupe", "engine")
# <sys/mman.h> is let through: anonymous memory is memory.
IMPURE_HEADERS = re.compile(
    r"^(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|fstream|filesystem|iostream|random|"
    r"cstdio|stdio\.h|unistd\.h|fcntl\.h|poll\.h|time\.h|ctime|pthread\.h|sys/(?!types|mman).*|netinet/.*|arpa/.*)$")
IMPURE_WORDS = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|random_device|gettimeofday|clock_gettime|getenv)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def visible(ring: str) -> set[str]:
    """The ring itself and everything below it."""
    seen = {ring}
    for lower in RINGS[ring]:
        seen |= visible(lower)
    return seen


def without_comments(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    return re.sub(r"//[^\n]*", "", text)


def ring_of(header: str) -> str | None:
    """The ring of a quoted include in core/, or None when it names no ring."""
    first = header.split("/")[0]
    if first == "ackwire":
        return "include"
    return first if first in RINGS and first != "include" and "/" in header else None


def core_violations(path: str, includes: list[tuple[str, str]], text: str) -> list[str]:
    found = []
    ring = path.split("/")[1]
    if ring not in RINGS:
        return [f"{path}: core/{ring} is not a ring"]
    for quote, header in includes:
        target = ring_of(header)
        if quote == '"' and target is None:
            found.append(f'{path}: "{header}" does not start with a ring or ackwire/')
        elif target is not None and target not in visible(ring):
            found.append(f"{path}: {ring} may not see {target} ({header}): the arrow points up or across")
        elif path in PORT_ALONE and target is not None and target not in visible("backend"):
            found.append(f"{path}: {header} is of one backend; what every backend carries sees only the port")
        if ring in PURE and quote == "<" and IMPURE_HEADERS.match(header):
            found.append(f"{path}: <{header}> in {ring}, which decides but never acts")
    if ring in PURE:
        found += [f"{path}: {word} in {ring}: time and randomness are arguments there"
                  for word in sorted(set(IMPURE_WORDS.findall(without_comments(text))))]
    return found


def face_violations(path: str, includes: list[tuple[str, str]]) -> list[str]:
    """Faces see the public headers and their own files, nothing else of the core."""
    found = []
    for _, header in includes:
        first = header.split("/")[0]
        inner = first == "core" or "../" in header or (first in RINGS and "/" in header)
        if inner:
            found.append(f"{path}: {header} is inside the core; a face includes only ackwire/*.hpp")
    return found


def violations(path: str, text: str) -> list[str]:
    """What is wrong with the include lines of one file. `path` is relative to the repository."""
    includes = INCLUDE.findall(text)
    top = path.split("/")[0]
    found = core_violations(path, includes, text) if top == "core" else []
    if top in FACES:
        found += face_violations(path, includes)
    if top == "core" or top in FACES:
        for pattern, homes, why in HOMES:
            found += [f"{path}: {header}: {why}" for _, header in includes
                      if re.match(pattern, header) and not path.startswith(homes)]
    return found


def check(root: pathlib.Path, paths: list[pathlib.Path]) -> list[str]:
    return [line for path in paths for line in violations(path.relative_to(root).as_posix(), path.read_text(errors="replace"))]
