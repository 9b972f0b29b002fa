#include "format/utf8.hpp"

#include <gtest/gtest.h>

namespace ackwire::format {
namespace {

TEST(Utf8, ShortestFormsOnly) {
  for (const char* good : {"", "a", "ä", "€", "😀", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xff", "a\xc3", "\xe2\x82", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Utf8, Controls) {
  EXPECT_TRUE(has_no_controls("tenant größe 😀"));
  for (const char* bad : {"\n", "a\tb", "\x7f", "\xc2\x80", "\xc2\x9f"}) EXPECT_FALSE(has_no_controls(bad));
  EXPECT_TRUE(has_no_controls("\xc2\xa0"));
  EXPECT_FALSE(has_no_controls(std::string_view("a\0b", 3)));
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("abc", 3), "abc");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("aä", 2), "a");
  EXPECT_EQ(cut_utf8("😀", 3), "");
}

TEST(Utf8, MendsWhatIsNoCharacter) {
  EXPECT_EQ(mend_utf8("a\xff"
                      "b\xc3"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
  EXPECT_EQ(mend_utf8("größe"), "größe");
  EXPECT_EQ(mend_utf8(""), "");
}

}  // namespace
}  // namespace ackwire::format
