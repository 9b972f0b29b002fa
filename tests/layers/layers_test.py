"""An arrow that points up, or a library outside its home, fails here. The planted cases show that the check can see."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "house"))
import layers  # noqa: E402
import sources  # noqa: E402

# path, text, words that the finding must contain
PLANTED = [
    ("core/store/x.cpp", '#include "engine/engine.hpp"\n', "store may not see engine"),
    ("core/rules/x.hpp", '#include "model/effect.hpp"\n', "rules may not see model"),
    ("core/engine/x.cpp", '#include "wire/decode.hpp"\n', "engine may not see wire"),
    ("core/wire/x.cpp", '#include "store/store.hpp"\n', "wire may not see store"),
    ("core/client/x.cpp", '#include "runtime/gateway.hpp"\n', "client may not see runtime"),
    ("core/include/ackwire/x.hpp", '#include "rules/error.hpp"\n', "include may not see rules"),
    ("core/runtime/x.cpp", '#include "api/broker.hpp"\n', "runtime may not see api"),
    ("core/engine/x.cpp", '#include "block.hpp"\n', "does not start with a ring"),
    ("core/extras/x.cpp", "", "is not a ring"),
    ("core/engine/x.cpp", "#include <thread>\n", "decides but never acts"),
    ("core/engine/x.cpp", "#include <sys/socket.h>\n", "decides but never acts"),
    ("core/engine/x.cpp", "#include <fstream>\n", "decides but never acts"),
    ("core/rules/x.cpp", "auto t = std::chrono::system_clock::now();\n", "time and randomness are arguments"),
    ("core/model/x.hpp", "auto t = std::chrono::steady_clock::now();\n", "time and randomness are arguments"),
    ("core/engine/x.cpp", "#include <lmdb.h>\n", "belongs in the LMDB store"),
    ("core/store/memory_store.cpp", "#include <lmdb.h>\n", "belongs in the LMDB store"),
    ("core/client/x.cpp", "#include <zmq.hpp>\n", "belongs in core/transport"),
    ("core/engine/x.cpp", "#include <nlohmann/json.hpp>\n", "JSON belongs"),
    ("core/api/x.cpp", "#include <QString>\n", "Qt belongs in gui/"),
    ("core/api/x.cpp", "#include <QtCore/QString>\n", "Qt belongs in gui/"),
    ("bindings/x.cpp", "  #  include <QWidget>\n", "Qt belongs in gui/"),
    ("cli/x.cpp", "#include <pybind11/pybind11.h>\n", "pybind11 belongs"),
    ("core/runtime/x.cpp", "#include <spdlog/spdlog.h>\n", "belongs in the faces"),
    ("core/api/connection.cpp", '#include "client/connection_core.hpp"\n', "sees only the port"),
    ("core/backend/x.hpp", '#include "wire/frame.hpp"\n', "backend may not see wire"),
    ("cli/x.cpp", '#include "store/store.hpp"\n', "is inside the core"),
    ("gui/x.cpp", '#include "../core/engine/engine.hpp"\n', "is inside the core"),
    ("bindings/x.cpp", '#include "format/record.hpp"\n', "is inside the core"),
]

ALLOWED = [
    ("core/engine/x.cpp", '#include "store/store.hpp"\n#include "ackwire/error.hpp"\n#include <vector>\n'),
    ("core/store/lmdb_store.cpp", "#include <lmdb.h>\n#include <sys/file.h>\n"),
    ("core/transport/x.cpp", '#include <zmq.hpp>\n#include "client/link.hpp"\n#include "rules/retry.hpp"\n'),
    ("core/engine/x.cpp", "// never system_clock here\nauto text = \"steady_clock\";\n"),
    ("gui/x.cpp", '#include <QWidget>\n#include "models/queue_model.hpp"\n#include <ackwire/client.hpp>\n'),
    ("bindings/x.cpp", "#include <pybind11/pybind11.h>\n#include <ackwire/ackwire.hpp>\n"),
]


class Layers(unittest.TestCase):
    def test_no_arrow_points_up_and_every_library_is_at_home(self):
        paths = sources.under("core", *layers.FACES, suffixes=(".cpp", ".hpp", ".h"))
        self.assertGreater(len(paths), 20, "the sources were not found")
        self.assertEqual([], layers.check(sources.ROOT, paths))

    def test_rings_agree_with_the_build(self):
        build = sources.text(sources.ROOT / "core/CMakeLists.txt")
        for ring, rest in re.findall(r"^ackwire_ring\((\w+)(.*)\)", build, re.M):
            with self.subTest(ring=ring):
                linked = set(re.findall(r"\backwire_(\w+)", rest))
                self.assertLessEqual(linked, layers.visible(ring))
                self.assertEqual(set(layers.RINGS[ring]) - {"include"}, linked)

    def test_rings_have_no_cycle(self):
        for ring in layers.RINGS:
            for lower in layers.RINGS[ring]:
                self.assertNotIn(ring, layers.visible(lower))

    def test_planted_violations_are_seen(self):
        for path, text, words in PLANTED:
            with self.subTest(path=path, text=text):
                self.assertIn(words, "\n".join(layers.violations(path, text)))

    def test_what_is_allowed_is_not_reported(self):
        for path, text in ALLOWED:
            with self.subTest(path=path, text=text):
                self.assertEqual([], layers.violations(path, text))


if __name__ == "__main__":
    unittest.main()
