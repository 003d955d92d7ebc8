// Reads the small XML files beside clips as plain structs, with pugixml, which no other module
// uses. Nothing is expanded or fetched: a document type, which could define entities, is refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien {

struct XmlElement {
  std::string name;
  int line = 0;      // 0 in files that are not UTF-8
  std::string text;  // without the text of its children
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;

  /// Returns the value of the attribute; null where there is none.
  const std::string* attribute(std::string_view wanted) const;
  /// Returns all elements called `wanted` below this one, in document order.
  std::vector<const XmlElement*> find(std::string_view wanted) const;
};

struct XmlDocument {
  XmlElement root;
  std::string fault;  // "", or the fault: "line 3: start and end tags differ"
};

inline constexpr std::size_t kMostXmlBytes = 4 << 20;
inline constexpr int kDeepestXml = 64;

/// Parses XML in UTF-8, UTF-16 or UTF-32, with or without byte order mark.
XmlDocument parse_xml(std::string_view bytes);

}  // namespace mien
