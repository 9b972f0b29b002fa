// SPDX-License-Identifier: GPL-3.0-only
// Figures, payloads and time as text: what a stranger wrote can never deceive the eye.
#include <QtTest>
#include <cmath>
#include <limits>
#include <random>

#include "text/format.hpp"
#include "text/payload.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using namespace std::chrono_literals;

namespace {

bool harmless(const QString& text) {
  for (const auto code : text.toUcs4()) {
    if (code == U'\n' || code == U'\t') continue;
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
    const auto category = QChar::category(code);
    if (category == QChar::Other_Control || category == QChar::Other_Format || category == QChar::Other_Surrogate ||
        category == QChar::Other_PrivateUse || category == QChar::Separator_Line || category == QChar::Separator_Paragraph) {
      return false;
    }
  }
  return true;
}

std::string_view view(const char* bytes, std::size_t size) { return {bytes, size}; }

}  // namespace

class TextTest : public QObject {
  Q_OBJECT

 private slots:
  void percentages_never_round_to_perfect_data();
  void percentages_never_round_to_perfect();
  void numbers_durations_sizes();
  void one_is_not_plural_and_a_sentence_has_one_stop();
  void times_name_their_zone();
  void hostile_text_is_escaped_data();
  void hostile_text_is_escaped();
  void random_bytes_are_harmless();
  void long_payloads_are_cut_with_a_note();
  void json_keeps_every_value();
  void json_is_shown_as_what_it_is_data();
  void json_is_shown_as_what_it_is();
  void what_is_not_json_is_told_with_place_and_cause_data();
  void what_is_not_json_is_told_with_place_and_cause();
  void json_nested_without_end_is_bounded();
  void json_falls_back_to_text();
  void hex_shows_all_bytes();
};

void TextTest::percentages_never_round_to_perfect_data() {
  QTest::addColumn<double>("share");
  QTest::addColumn<QString>("text");
  QTest::newRow("all") << 1.0 << QStringLiteral("100 %");
  QTest::newRow("all but one of a million") << 0.999999 << QStringLiteral("> 99.999 %");
  QTest::newRow("four nines") << 0.9999 << QStringLiteral("99.990 %");
  QTest::newRow("half") << 0.5 << QStringLiteral("50.0 %");
  QTest::newRow("one of a million") << 0.000001 << QStringLiteral("< 0.001 %");
  QTest::newRow("none") << 0.0 << QStringLiteral("0 %");
  QTest::newRow("undefined") << std::nan("") << QStringLiteral("–");
}

void TextTest::percentages_never_round_to_perfect() {
  QFETCH(double, share);
  QFETCH(QString, text);
  QCOMPARE(percent(share), text);
}

void TextTest::numbers_durations_sizes() {
  QCOMPARE(exact(0), QStringLiteral("0"));
  QCOMPARE(exact(1'234'567), QStringLiteral("1,234,567"));
  QCOMPARE(exact(std::numeric_limits<std::uint64_t>::max()), QStringLiteral("18,446,744,073,709,551,615"));
  QCOMPARE(compact(950), QStringLiteral("950"));
  QCOMPARE(compact(9'031), QStringLiteral("9,031"));
  QCOMPARE(compact(48'112), QStringLiteral("48.1k"));
  QCOMPARE(compact(3.2e6), QStringLiteral("3.20M"));
  QCOMPARE(compact(std::nan("")), QStringLiteral("–"));
  QCOMPARE(duration(0s), QStringLiteral("0 s"));
  QCOMPARE(duration(400ms), QStringLiteral("< 1 s"));
  QCOMPARE(duration(362s), QStringLiteral("6 m 02 s"));
  QCOMPARE(duration(3h + 12min), QStringLiteral("3 h 12 m"));
  QCOMPARE(duration(24h * 12 + 4h), QStringLiteral("12 d 4 h"));
  QCOMPARE(latency(0), QStringLiteral("–"));
  QCOMPARE(latency(0.42), QStringLiteral("0.42 ms"));
  QCOMPARE(latency(4'200), QStringLiteral("4.20 s"));
  QCOMPARE(bytes(532), QStringLiteral("532 B"));
  QCOMPARE(bytes(65'536), QStringLiteral("64.0 KiB"));
}

void TextTest::one_is_not_plural_and_a_sentence_has_one_stop() {
  const auto one = QStringLiteral("attempt"), many = QStringLiteral("attempts");
  QCOMPARE(counted(0, one, many), QStringLiteral("0 attempts"));
  QCOMPARE(counted(1, one, many), QStringLiteral("1 attempt"));
  QCOMPARE(counted(1'000, one, many), QStringLiteral("1,000 attempts"));
  QCOMPARE(attempts_made(0), QStringLiteral("never started"));
  QCOMPARE(attempts_made(1), QStringLiteral("1 attempt"));
  QCOMPARE(sentence(QStringLiteral("no answer")), QStringLiteral("no answer."));
  QCOMPARE(sentence(QStringLiteral("It did not answer.")), QStringLiteral("It did not answer."));
}

void TextTest::times_name_their_zone() {
  QCOMPARE(moment(Timestamp{}, Zone::utc), QStringLiteral("–"));
  QCOMPARE(moment(Timestamp{Duration{1'700'000'000'123}}, Zone::utc), QStringLiteral("2023-11-14 22:13:20.123 UTC"));
  qputenv("TZ", "Europe/Berlin");
  tzset();
  QVERIFY(moment(Timestamp{Duration{1'700'000'000'123}}, Zone::local).startsWith(QStringLiteral("2023-11-14 23:13:20.123 ")));
}

void TextTest::hostile_text_is_escaped_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("text");
  QTest::newRow("html") << QByteArray("<img src=file:///etc/passwd>") << QStringLiteral("<img src=file:///etc/passwd>");
  QTest::newRow("nul") << QByteArray("a\0b", 3) << QStringLiteral("a\\x00b");
  QTest::newRow("ansi") << QByteArray("\x1b[2J\x07") << QStringLiteral("\\x1b[2J\\x07");
  QTest::newRow("right to left") << QByteArray(
                                        "\xe2\x80\xae"
                                        "exe.gpj")
                                 << QStringLiteral("\\u{202E}exe.gpj");
  QTest::newRow("isolates") << QByteArray("\xe2\x81\xa6x\xe2\x81\xa9") << QStringLiteral("\\u{2066}x\\u{2069}");
  QTest::newRow("zero width") << QByteArray(
                                     "a\xe2\x80\x8b"
                                     "b\xef\xbb\xbf")
                              << QStringLiteral("a\\u{200B}b\\u{FEFF}");
  QTest::newRow("tags") << QByteArray("\xf3\xa0\x81\x81") << QStringLiteral("\\u{E0041}");
  QTest::newRow("line separator") << QByteArray(
                                         "a\xe2\x80\xa8"
                                         "b")
                                  << QStringLiteral("a\\u{2028}b");
  QTest::newRow("not utf-8") << QByteArray("\xff\xfe\xc3") << QStringLiteral("\\xff\\xfe\\xc3");
  QTest::newRow("overlong") << QByteArray("\xc0\xaf\xe0\x80\xaf") << QStringLiteral("\\xc0\\xaf\\xe0\\x80\\xaf");
  QTest::newRow("surrogate") << QByteArray("\xed\xa0\x80") << QStringLiteral("\\xed\\xa0\\x80");
  QTest::newRow("pdf") << QByteArray("%PDF-1.7\r\n\xe2\xe3\xcf\xd3") << QStringLiteral("%PDF-1.7\n\\xe2\\xe3\\xcf\\xd3");
  QTest::newRow("carriage return") << QByteArray("visible\rhidden") << QStringLiteral("visible\\x0dhidden");
  QTest::newRow("c1") << QByteArray(
                             "\xc2\x9b"
                             "31m")
                      << QStringLiteral("\\x9b31m");
  QTest::newRow("other scripts stay") << QByteArray("שלום 你好 🙂") << QStringLiteral("שלום 你好 🙂");
}

void TextTest::hostile_text_is_escaped() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, text);
  const auto shown = escaped(view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
  QCOMPARE(shown, text);
  QVERIFY(harmless(shown));
}

void TextTest::random_bytes_are_harmless() {
  std::mt19937 random(11);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    QVERIFY(harmless(escaped(bytes)));
    QVERIFY(harmless(show_json(bytes, bytes.size()).text));
    QVERIFY(harmless(show_hex(bytes, bytes.size()).text));
    const auto line = escaped_line(bytes, 20);
    QVERIFY(line.size() <= 20 && !line.contains(u'\n'));
  }
}

void TextTest::long_payloads_are_cut_with_a_note() {
  const std::string first(64 * 1024, 'x');
  const auto shown = show_text(first, 10'000'000);
  QCOMPARE(shown.text.size(), 64 * 1024);
  QVERIFY(shown.note.contains(QStringLiteral("64.0 KiB")) && shown.note.contains(QStringLiteral("9.54 MiB")));
  QVERIFY(show_text("whole", 5).note.isEmpty());
  const std::string nuls(64 * 1024, '\0');
  QVERIFY(show_text(nuls, nuls.size()).text.size() <= shown_characters_max + 16);
}

void TextTest::json_keeps_every_value() {
  const std::string source = R"({"b":1.10,"a":[1e300,12345678901234567890,"x\"{,}"],"b":{},"c":[]})";
  const auto shown = show_json(source, source.size());
  QCOMPARE(shown.text, QStringLiteral("{\n  \"b\": 1.10,\n  \"a\": [\n    1e300,\n    12345678901234567890,\n    \"x\\\"{,}\"\n  "
                                      "],\n  \"b\": {},\n  \"c\": []\n}"));
  QVERIFY(shown.note.endsWith(QStringLiteral("a name is repeated; programs differ in which of its values they take.")));
}

void TextTest::json_is_shown_as_what_it_is_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("text");
  QTest::addColumn<QString>("note");
  const auto row = [](const char* name, QByteArray bytes, const char* text, const char* note) {
    QTest::newRow(name) << bytes << QString::fromUtf8(text) << QString::fromUtf8(note);
  };
  row("a number beyond a double", R"({"a":1e400,"b":-1E-400})", "{\n  \"a\": 1e400,\n  \"b\": -1E-400\n}", "");
  row("a huge integer", QByteArray("[1") + QByteArray(500, '0') + "]",
      (QByteArray("[\n  1") + QByteArray(500, '0') + "\n]").constData(), "");
  row("a pair of surrogates", R"(["\uD83D\uDE42"])", "[\n  \"\\uD83D\\uDE42\"\n]", "");
  row("half a pair of surrogates", R"({"a":"\ud800"})", "{\n  \"a\": \"\\ud800\"\n}",
      "At line 1, column 7 a string holds half of a surrogate pair, which is no character.");
  row("the other half", R"(["\udc00x"])", "[\n  \"\\udc00x\"\n]",
      "At line 1, column 3 a string holds half of a surrogate pair, which is no character.");
  row("a byte order mark", "\xEF\xBB\xBF{\"a\":1}", "{\n  \"a\": 1\n}", "It begins with a byte order mark (EF BB BF).");
  row("equal names", R"({"a":1,"a":2})", "{\n  \"a\": 1,\n  \"a\": 2\n}",
      "At line 1, column 8 a name is repeated; programs differ in which of its values they take.");
  row("equal names in two objects", R"([{"a":1},{"a":2}])", "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]", "");
  row("Windows line ends", "{\r\n\"a\":1\r\n}\r\n", "{\n  \"a\": 1\n}", "");
  row("lines of JSON, some empty, no end to the last", "{\"a\":1}\r\n\r\n{\"b\":2}", "{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}",
      "2 JSON documents, one after another.");
  row("a NUL at the end", QByteArray("{\"a\":1}\0", 8), "{\n  \"a\": 1\n}",
      "At line 1, column 8 a NUL byte (0x00) follows the document.");
  row("a NUL in a string", QByteArray("{\"a\":\"x\0y\"}", 11), "{\n  \"a\": \"x\\x00y\"\n}",
      "At line 1, column 8 a string holds 0x00 as it is; strict programs refuse that.");
  row("not a number", "[NaN,-Infinity]", "[\n  NaN,\n  -Infinity\n]",
      "At line 1, column 2 NaN is no JSON, although some programs write it.");
  row("a lone value", " \"text\" ", "\"text\"", "");
  row("a lone number", "-0.5e+3", "-0.5e+3", "");
}

void TextTest::json_is_shown_as_what_it_is() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, text);
  QFETCH(QString, note);
  const auto shown =
      show_json(view(bytes.constData(), static_cast<std::size_t>(bytes.size())), static_cast<std::uint64_t>(bytes.size()));
  QCOMPARE(shown.note, note);
  QCOMPARE(shown.text, text);
}

void TextTest::what_is_not_json_is_told_with_place_and_cause_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("fault");
  const auto row = [](const char* name, QByteArray bytes, const char* fault) {
    QTest::newRow(name) << bytes << QString::fromUtf8(fault);
  };
  row("nothing", "", "line 1, column 1: there is nothing in it");
  row("words", "hello", "line 1, column 1: a value is expected, not \"h\"");
  row("a comma too many", "{\n  \"ä\": [1,]\n}", "line 2, column 11: a value is expected, not \"]\"");
  row("single quotes", "{'a':1}", "line 1, column 2: a name in quotes is expected, not \"'\"");
  row("no colon", "{\"a\" 1}", "line 1, column 6: \":\" is expected, not \"1\"");
  row("a NUL between tokens", QByteArray("[1\0,2]", 6), "line 1, column 3: \",\" is expected, not the byte 0x00");
  row("an unknown escape", R"(["\q"])", "line 1, column 3: this is no escape of JSON");
  row("a short escape", R"(["\u12"])", "line 1, column 3: \\u wants four hexadecimal digits");
  row("a leading zero", "[012]", "line 1, column 3: a number does not begin with 0");
  row("cut off", "{\"a\":[1", "line 1, column 8: it ends before the document is complete");
  row("cut off in a string", "[\"abc", "line 1, column 6: it ends inside a string");
  row("words after it", "{} and so on", "line 1, column 4: a value is expected, not \"a\"");
}

void TextTest::what_is_not_json_is_told_with_place_and_cause() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, fault);
  const auto all = view(bytes.constData(), static_cast<std::size_t>(bytes.size()));
  const auto shown = show_json(all, all.size());
  QCOMPARE(shown.note, QStringLiteral("Not JSON, shown as text (%1). ").arg(fault));
  QCOMPARE(shown.text, show_text(all, all.size()).text);
}

void TextTest::json_nested_without_end_is_bounded() {
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  const auto shown = show_json(deep, deep.size());
  QCOMPARE(shown.note, QStringLiteral("Nested 30,000 deep: what is deeper than 64 stands on one line."));
  QCOMPARE(shown.text.count(u'['), 30'000);
  QCOMPARE(shown.text.count(u']'), 30'000);
  QVERIFY(shown.text.size() <= shown_characters_max);
  QVERIFY(looks_like_json(deep, deep.size()));
}

void TextTest::json_falls_back_to_text() {
  QVERIFY(show_json("{not json", 9).note.startsWith(QStringLiteral("Not JSON")));
  QVERIFY(show_json("", 0).note.startsWith(QStringLiteral("Not JSON")));
  const std::string deep(5'000, '[');
  QVERIFY(show_json(deep, deep.size()).text.size() <= shown_characters_max + 16);
  const std::string cut = R"({"a":[1,2,)";
  QVERIFY(show_json(cut, 1'000).note.contains(QStringLiteral("first")));
}

void TextTest::hex_shows_all_bytes() {
  QCOMPARE(show_hex(view("AB\0\xff", 4), 4).text,
           QStringLiteral("00000000  41 42 00 ff                                       AB.."));
  QCOMPARE(show_hex({}, 0).text, QString());
}

QTEST_GUILESS_MAIN(TextTest)
#include "text_test.moc"
