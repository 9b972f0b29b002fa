#include "output/output.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "output/text.hpp"

using namespace ackwire;
using namespace ackwire::cli;

namespace {

constexpr Column columns[] = {{"name"}, {"size", Cell::bytes}, {"age_ms", Cell::milliseconds}, {"inner.deep", Cell::text, false}};

/// Output of one printing, caught in memory.
struct Caught {
  std::string out, err;
};

template <class Print>
Caught caught(Format format, std::vector<std::string> asked, Print print, bool on_terminal = false) {
  char *out = nullptr, *err = nullptr;
  std::size_t out_size = 0, err_size = 0;
  Terminal terminal;
  terminal.out = open_memstream(&out, &out_size);
  terminal.err = open_memstream(&err, &err_size);
  terminal.out_is_terminal = on_terminal;
  Printer printer(terminal, format, std::move(asked));
  EXPECT_TRUE(printer.choose(columns).ok());
  print(printer);
  std::fclose(terminal.out);
  std::fclose(terminal.err);
  Caught result{{out, out_size}, {err, err_size}};
  std::free(out);
  std::free(err);
  return result;
}

const std::vector<Json> rows{{{"name", "orders"}, {"size", 1048576}, {"age_ms", 1500}, {"inner", {{"deep", 1}}}},
                             {{"name", "x\ny\x1b[2J"}, {"size", 0}, {"age_ms", 0}, {"inner", {{"deep", "two"}}}}};

}  // namespace

TEST(Output, TableHasOneLineARowAndHumanUnits) {
  const auto text = caught(Format::table, {}, [](Printer& p) { p.rows(rows); });
  EXPECT_EQ(text.out,
            "NAME         SIZE      AGE\n"
            "orders       1MiB  1s500ms\n"
            "x\\ny\\x1b[2J    0B       0s\n");
  EXPECT_EQ(text.err, "");
}

TEST(Output, JsonCarriesEveryField) {
  const auto text = caught(Format::json, {}, [](Printer& p) { p.rows(rows); });
  const Json back = Json::parse(text.out);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0], rows[0]);
  EXPECT_EQ(back[1], rows[1]);
}

TEST(Output, JsonLinesHasOneObjectALine) {
  const auto text = caught(Format::jsonl, {}, [](Printer& p) { p.rows(rows); });
  EXPECT_EQ(std::count(text.out.begin(), text.out.end(), '\n'), 2);
  EXPECT_EQ(Json::parse(text.out.substr(0, text.out.find('\n'))), rows[0]);
}

TEST(Output, PlainIsTabSeparatedRawNumbersWithoutHeading) {
  const auto text = caught(Format::plain, {"size", "name", "inner.deep"}, [](Printer& p) { p.rows(rows); });
  EXPECT_EQ(text.out, "1048576\torders\t1\n0\tx\\ny\\x1b[2J\ttwo\n");
}

TEST(Output, ColumnsChooseInJsonToo) {
  const auto text = caught(Format::json, {"inner.deep"}, [](Printer& p) { p.record(rows[0]); });
  EXPECT_EQ(Json::parse(text.out), (Json{{"inner", {{"deep", 1}}}}));
}

TEST(Output, UnknownColumnsAreRefusedWithWhatThereIs) {
  Terminal terminal;
  Printer printer(terminal, Format::table, {"nmae"});
  const Status status = printer.choose(columns);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message,
            "there is no column \"nmae\" (did you mean \"name\"?); there are: name, size, age_ms, inner.deep");
}

TEST(Output, EmptyListsAreStillWellFormed) {
  EXPECT_EQ(caught(Format::json, {}, [](Printer& p) { p.rows({}); }).out, "[]\n");
  EXPECT_EQ(caught(Format::jsonl, {}, [](Printer& p) { p.rows({}); }).out, "");
  EXPECT_EQ(caught(Format::table, {}, [](Printer& p) { p.rows({}); }).out, "NAME  SIZE  AGE\n");
}

TEST(Output, BytesThatAreNotTextGoAsBase64) {
  Json row;
  put_bytes(row, "body", std::string_view("\xff\x00", 2));
  put_bytes(row, "key", "k\u00e9");
  EXPECT_EQ(row, (Json{{"body_base64", "/wA="}, {"key", "k\u00e9"}}));
}

TEST(Text, MakesControlCharactersHarmless) {
  EXPECT_EQ(printable("a\tb\r\n\x1b]0;x\x07"), "a\\tb\\r\\n\\x1b]0;x\\x07");
  EXPECT_EQ(printable("\u202e evil \u200f"), "\\u{202e} evil \\u{200f}");
  EXPECT_EQ(printable("\xc3\x28"), "\\xc3(");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u{009b}31m");
  EXPECT_EQ(printable("gr\u00fc\u00dfe \u65e5\u672c"), "gr\u00fc\u00dfe \u65e5\u672c");
}

TEST(Text, KnowsUtf8) {
  EXPECT_TRUE(valid_utf8("\u00e9\u65e5\U0001F600"));
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80"})
    EXPECT_FALSE(valid_utf8(bad));
}

TEST(Text, ShortensByCodePoints) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("\u00e9\u00e9\u00e9\u00e9", 3), "\u00e9\u00e9\u2026");
}

TEST(Text, EncodesBase64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}
