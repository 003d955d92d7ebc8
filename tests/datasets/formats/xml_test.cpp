// The small XML reader: what it understands, and what it refuses without expanding or fetching.
#include "datasets/formats/xml.h"

#include <gtest/gtest.h>

#include <random>

#include "datasets/tree/listing.h"
#include "tests/support/temp_dir.h"

extern "C" int fuzz_xml(const std::uint8_t* data, std::size_t size);  // tests/fuzz/xml_fuzz.cpp

namespace mien::testing {
namespace {

std::string fault(std::string_view text) { return parse_xml(text).fault; }

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += "<a>";
  for (int i = 0; i < depth; ++i) text += "</a>";
  return text;
}

TEST(Xml, GivesNamesTextAttributesAndLines) {
  const XmlDocument document = parse_xml(
      "<?xml version=\"1.0\"?>\n<!-- c -->\n<session id='7'>\n  <track view=\"0\">&lt;a&gt;</track>"
      "<t><track view=\"2\"/></t>\n</session>\n");
  ASSERT_EQ(document.fault, "");
  EXPECT_EQ(document.root.name, "session");
  EXPECT_EQ(document.root.line, 3);
  EXPECT_EQ(*document.root.attribute("id"), "7");
  EXPECT_EQ(document.root.attribute("ID"), nullptr);
  const auto tracks = document.root.find("track");
  ASSERT_EQ(tracks.size(), 2u);
  EXPECT_EQ(tracks[0]->text, "<a>");
  EXPECT_EQ(tracks[0]->line, 4);
  EXPECT_EQ(*tracks[1]->attribute("view"), "2");
}

TEST(Xml, ByteOrderMarksAndUtf16) {
  EXPECT_EQ(parse_xml("\xEF\xBB\xBF<a/>").root.name, "a");
  std::string wide = "\xFF\xFE";
  for (const char c : std::string_view("<a b='1'/>")) wide += {c, '\0'};
  EXPECT_EQ(*parse_xml(wide).root.attribute("b"), "1");
  wide.resize(wide.size() - 4);
  EXPECT_NE(fault(wide), "");
}

TEST(Xml, RefusesDocumentTypesAndSoEveryEntity) {
  const std::string laughs =
      "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>\n<l>&b;</l>";
  EXPECT_EQ(fault(laughs), "a document type, which could define entities");
  EXPECT_EQ(fault("<!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>"),
            "a document type, which could define entities");
  EXPECT_NE(fault("<a><!DOCTYPE b></a>"), "");
  EXPECT_EQ(parse_xml("<a>&b;</a>").root.text, "&b;") << "unknown entities stay as they stand";
}

TEST(Xml, SaysWhereItIsMalformed) {
  EXPECT_TRUE(fault("<a>\n<b>\n</a>\n").starts_with("line 3: ")) << fault("<a>\n<b>\n</a>\n");
  EXPECT_TRUE(fault("<a>\n<b x=\"1\n").starts_with("line ")) << fault("<a>\n<b x=\"1\n");
  EXPECT_EQ(fault(""), "0 bytes");
  EXPECT_NE(fault("   \n"), "");
  EXPECT_NE(fault("no XML at all"), "");
  EXPECT_EQ(fault("<a/><b/>"), "more than one outermost element");
}

TEST(Xml, HasLimits) {
  EXPECT_EQ(fault(nested(kDeepestXml)), "");
  EXPECT_EQ(fault(nested(kDeepestXml + 1)), "elements more than 64 deep");
  EXPECT_EQ(fault(nested(200'000)), "elements more than 64 deep");
  EXPECT_EQ(fault("<a>" + std::string(kMostXmlBytes, ' ') + "</a>"), "more than 4194304 bytes");
}

TEST(Xml, ProblemsNameTheFileWithinItsFolder) {
  const TempDir dir;
  dir.write("b.xml", "<a>");
  dir.write("e.xml", "");
  std::vector<Problem> problems;
  XmlElement root;
  for (const char* name : {"b.xml", "e.xml", "none.xml", "."})
    EXPECT_FALSE(read_xml(dir.path(), name, root, problems)) << name;
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_EQ(problems[0].path, "b.xml");
  EXPECT_EQ(problems[1].reason, "0 bytes");
  EXPECT_EQ(problems[2].reason, "cannot open: No such file or directory");
  for (const Problem& problem : problems)
    EXPECT_EQ(problem.reason.find(dir.path().string()), std::string::npos) << problem.reason;
}

TEST(XmlFuzz, MutationsOfValidFilesNeverCrash) {
  const std::string seeds[] = {
      "<session id='1'><subject id='3'/><track view='0' filename='S1.avi'/></session>",
      "\xEF\xBB\xBF<m>\n<Metatag Name=\"Emotion\" Value=\"4\"/>\n<!-- c --><![CDATA[x]]></m>",
      nested(70),
      std::string("\xFF\xFE<\0a\0/\0>\0", 10)};
  static constexpr const char* kWords[] = {"<",
                                           ">",
                                           "</a>",
                                           "<a>",
                                           "&",
                                           "&#x41;",
                                           "<!DOCTYPE a>",
                                           "<![CDATA[",
                                           "]]>",
                                           "<!--",
                                           "\"",
                                           "?>"};
  std::mt19937_64 random(20170401);
  for (int run = 0; run < 20000; ++run) {
    std::string text = seeds[random() % 4];
    for (std::uint64_t change = random() % 4; change > 0 && !text.empty(); --change) {
      const std::size_t at = random() % text.size();
      const std::size_t length = std::min<std::size_t>(1 + random() % 9, text.size() - at);
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, text.substr(at, length));
          break;
        default:
          text.insert(at, kWords[random() % std::size(kWords)]);
      }
    }
    ASSERT_EQ(fuzz_xml(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), 0);
  }
}

}  // namespace
}  // namespace mien::testing
