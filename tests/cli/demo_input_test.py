"""The demonstration's --input: taken as widely as `pub --file`, and refused with place and cause."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from demo.events import BadInput, events  # noqa: E402

DEEP = b"[" * 20_000 + b"]" * 20_000
TAKEN = [
    (b'{"id":1,"x":1e400}', "1"),
    (b'{"id":1,"x":123456789012345678901234567890123456789}', "1"),
    (b'{"id":1,"x":' + b"9" * 10_000 + b"}", "1"),
    (b'{"id":1,"x":"\\ud800","y":"\\udc00\\ud800"}', "1"),
    (b'{"id":0,"x":1,"x":2,"id":1}', "1"),
    (b'{"id":1,"x":"\\u0000"}', "1"),
    (b'{\t"id" : 1 , "x" : {} , "y" : [ ] }  ', "1"),
    ('{"id":"ü","x":"😀"}'.encode(), "ü"),
    (b'{"id":"\\ud83d\\ude00"}', "😀"),
    (b'{"id":1e400}', "1e400"),
    (b'{"id":1,"x":' + DEEP + b"}", "1"),
]


def read(folder, text, count=1):
    file = folder / "events.jsonl"
    file.write_bytes(text)
    return list(events(count, file))


@pytest.mark.parametrize("line, key", TAKEN, ids=range(len(TAKEN)))
def test_what_is_json_passes_byte_for_byte(line, key, folder):
    (event,) = read(folder, line)
    assert (event.id, event.body) == (key, line)
    (event,) = read(folder, b'{"delivery":"d","body":' + line + b"}\r\n")
    assert (event.id, event.body) == ("d", line.rstrip(b" ") if line.endswith(b" ") else line)


@pytest.mark.parametrize("text", [
    b'{"id":1}\n{"id":2}\n', b'{"id":1}\r\n{"id":2}\r\n', b'{"id":1}\n{"id":2}', b'\n\r\n{"id":1}\n \t\n{"id":2}\n\n',
    b'\xef\xbb\xbf{"id":1}\n{"id":2}\n'])
def test_lines_of_every_system(text, folder):
    assert [(event.id, event.body) for event in read(folder, text, 2)] == [("1", b'{"id":1}'), ("2", b'{"id":2}')]


@pytest.mark.parametrize("text, place, cause", [
    (b'{"id":1}\n[1]\n', "2:1", "'{' is expected, not '['"),
    (b'{"id":1\n', "1:8", "',' or '}' is expected, not the end of the line"),
    ('{"ü" 1}'.encode(), "1:6", "':' is expected, not '1'"),
    (b"{id:1}", "1:2", "a name in quotes is expected, not 'i'"),
    (b'{"id":NaN}', "1:7", "a value is expected, not 'N'"),
    (b'{"id":01}', "1:7", "a value is expected, not '0'"),
    (b'{"id":1,}', "1:9", "a name in quotes is expected, not '}'"),
    (b'{"id":1} x', "1:10", "'x' stands behind the end"),
    (b'{"id":"a', "1:7", "a value is expected"),
    (b'{"id":"\0"}', "1:7", "a value is expected"),
    (b'{"id":"\xff"}', "1:8", "the byte 0xff is not UTF-8"),
    (b'{"id":"a\\ud800"}', "1:7", "half of a surrogate pair"),
    (b'{"id":[1]}', "1:7", "neither a string nor a number"),
    (b'{"other":1}', "1:1", 'neither "delivery" nor "id"'),
    (b'{"id":1,"event":"a\\u0000"}', "1:17", "holds a NUL"),
])
def test_what_is_refused_has_its_place_and_cause(text, place, cause, folder):
    with pytest.raises(BadInput) as caught:
        read(folder, text)
    assert f":{place}: " in str(caught.value) and cause in str(caught.value)
