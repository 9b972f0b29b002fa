"""JSON Lines without conversion: members come as the bytes that the file holds, so that numbers of any size, half surrogates and
any depth pass, and what is wrong is told with its line and column."""

from __future__ import annotations

import pathlib
import re
from typing import Dict, Iterator, List, Optional, Tuple

_SPACE = b" \t\r\n"
_TOKEN = re.compile(
    rb'[{}\[\],:]'
    rb'|"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
    rb"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9])"
    rb"|true|false|null"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BadJson(Exception):
    """A line is no JSON object. ``at`` is a byte of it."""

    def __init__(self, at: int, cause: str) -> None:
        super().__init__(cause)
        self.at = at


def lines(source: pathlib.Path) -> Iterator[Tuple[int, bytes]]:
    """Number and bytes of each line that is not blank, without its end and without a byte order mark."""
    with source.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number == 1 and line.startswith(_BYTE_ORDER_MARK):
                line = line[len(_BYTE_ORDER_MARK):]
            line = line.rstrip(b"\r\n")
            if line.strip(_SPACE):
                yield number, line


def column(line: bytes, at: int) -> int:
    """The column of a byte, from 1, in characters."""
    return len(line[:at].decode(errors="replace")) + 1


def members(line: bytes) -> Dict[str, Tuple[int, bytes]]:
    """The members of the object in ``line``: name -> (place, value as it is written). Of members with one name the last counts."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise BadJson(error.start, f"the byte {line[error.start]:#04x} is not UTF-8") from None
    found: Dict[str, Tuple[int, bytes]] = {}
    walk = _Walk(line)
    walk.expect(b"{", "'{'")
    if walk.peek() != b"}":
        while True:
            name = walk.string("a name in quotes")
            walk.expect(b":", "':'")
            begin, end = walk.value()
            found[text(name)] = (begin, line[begin:end])
            if walk.peek() != b",":
                break
            walk.take()
    walk.expect(b"}", "',' or '}'")
    if walk.peek():
        raise BadJson(walk.at, f"{walk.here()} stands behind the end")
    return found


class _Walk:
    def __init__(self, line: bytes) -> None:
        self._line = line
        self.at = 0

    def peek(self) -> bytes:
        """The next token; empty at the end. Its place is ``at``."""
        while self.at < len(self._line) and self._line[self.at] in _SPACE:
            self.at += 1
        if self.at == len(self._line):
            return b""
        match = _TOKEN.match(self._line, self.at)
        return match.group() if match else b"?"

    def take(self) -> bytes:
        token = self.peek()
        self.at += len(token)
        return token

    def here(self) -> str:
        return repr(self._line[self.at:].decode()[:1]) if self.at < len(self._line) else "the end of the line"

    def expect(self, token: bytes, what: str) -> None:
        if self.peek() != token:
            raise BadJson(self.at, f"{what} is expected, not {self.here()}")
        self.take()

    def string(self, what: str) -> bytes:
        token = self.peek()
        if not token.startswith(b'"'):
            raise BadJson(self.at, f"{what} is expected, not {self.here()}")
        return self.take()

    def value(self) -> Tuple[int, int]:
        """Skips one value; where it begins and ends. Without recursion: depth costs nothing but memory."""
        self.peek()
        begin = self.at
        closers: List[bytes] = []
        while True:
            token = self.peek()
            if token in (b"{", b"["):
                self.take()
                closers.append(b"}" if token == b"{" else b"]")
                if self.peek() == closers[-1]:
                    self.take()
                    closers.pop()
                else:
                    self._name(closers)
                    continue
            elif token in (b"", b"?", b"}", b"]", b",", b":"):
                raise BadJson(self.at, f"a value is expected, not {self.here()}")
            else:
                self.take()
            while closers:
                if self.peek() == b",":
                    self.take()
                    self._name(closers)
                    break
                self.expect(closers[-1], f"',' or '{closers[-1].decode()}'")
                closers.pop()
            else:
                return begin, self.at

    def _name(self, closers: List[bytes]) -> None:
        if closers[-1] == b"}":
            self.string("a name in quotes")
            self.expect(b":", "':'")


def text(value: bytes) -> str:
    """A JSON string without its quotes and escapes, any other value as it is written. Halves of surrogate pairs stay halves."""
    if not value.startswith(b'"'):
        return value.decode()
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _PLAIN.get(match[2], match[2]), value[1:-1].decode())
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def half_surrogate(plain: str) -> Optional[str]:
    """The first half of a pair that stands alone."""
    return next((character for character in plain if "\ud800" <= character <= "\udfff"), None)
