"""The stub of the core is a reviewed file: its names are the module's, and the package says which names are public."""

import ast
import inspect
import pathlib

import ackwire
from ackwire import _core

STUB = pathlib.Path(ackwire.__file__).parent / "_core.pyi"
IMPLICIT = {
    "__class__", "__delattr__", "__dir__", "__doc__", "__format__", "__ge__", "__getattribute__", "__getstate__", "__gt__",
    "__init__", "__init_subclass__", "__le__", "__lt__", "__module__", "__ne__", "__new__", "__reduce_ex__", "__repr__",
    "__setattr__", "__sizeof__", "__str__", "__subclasshook__", "__reduce__", "__eq__", "__hash__", "__buffer__",
    "__release_buffer__", "_pybind11_conduit_v1_",
}


def stub_names():
    names = {}
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names[node.name] = {item.name for item in node.body if isinstance(item, ast.FunctionDef)} - IMPLICIT
        elif isinstance(node, ast.FunctionDef):
            names[node.name] = None
        elif isinstance(node, ast.AnnAssign):
            names[node.target.id] = None
    return names


def module_names():
    names = {}
    for name in dir(_core):
        if name.startswith("__"):
            continue
        value = getattr(_core, name)
        names[name] = set(dir(value)) - IMPLICIT if isinstance(value, type) else None
    return names


def test_the_stub_names_what_the_module_has():
    assert stub_names() == module_names()


def test_public_names_exist_and_nothing_else_is_public():
    assert all(hasattr(ackwire, name) for name in ackwire.__all__)
    public = {name for name in vars(ackwire) if not name.startswith("_")}
    assert public - set(ackwire.__all__) <= {"aio"}
    assert (STUB.parent / "py.typed").exists()


def stub_words():
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.ClassDef) and getattr(_core, node.name).__module__ == "ackwire":
            yield node.name, None, ast.get_docstring(node)
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and ast.get_docstring(item):
                    yield node.name, item.name, ast.get_docstring(item)


def test_help_says_what_the_stub_says():
    words = list(stub_words())
    assert len(words) > 20
    for kind, name, text in words:
        value = getattr(_core, kind) if name is None else getattr(getattr(_core, kind), name)
        assert inspect.getdoc(value) == text, (kind, name)


def public_things():
    import ackwire.aio

    for module in (ackwire, ackwire.aio):
        for name in module.__all__:
            thing = getattr(module, name)
            yield f"{module.__name__}.{name}", thing
            if isinstance(thing, type) and not issubclass(thing, (Exception, dict)):
                for member in vars(thing):
                    value = inspect.getattr_static(thing, member)
                    if not member.startswith("_") and (callable(value) or isinstance(value, (property, staticmethod))):
                        yield f"{module.__name__}.{name}.{member}", value


def test_everything_public_has_words():
    mute = {name for name, thing in public_things() if not inspect.getdoc(thing)}
    assert mute == {"ackwire.Duration"}  # an alias of types cannot have any


def test_every_error_code_has_a_class():
    header = pathlib.Path(__file__).parents[2] / "core/include/ackwire/error.hpp"
    import re

    body = header.read_text().split("enum class Errc")[1].split("};")[0]
    codes = set(re.findall(r"^\s+(\w+) = \d+", body, re.M)) - {"ok", "internal"}
    codes |= set(re.findall(r"; (\w+) = \d+", body))
    from ackwire import _errors

    assert codes == set(_errors._CLASSES)
