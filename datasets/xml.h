// The door to pugixml: the small XML files beside clips, as plain structs. Nothing is ever expanded
// or fetched: a document type, and with it every entity of its own, is refused.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datasets/tree.h"

namespace mien {

struct XmlElement {
  std::string name;
  int line = 0;      // 0 in files that are not UTF-8
  std::string text;  // of its own, without that of its children
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;

  /// Value of the attribute, or null.
  const std::string* attribute(std::string_view wanted) const;
  /// All elements called `wanted` below this one, in document order.
  std::vector<const XmlElement*> find(std::string_view wanted) const;
};

struct XmlDocument {
  XmlElement root;
  std::string fault;  // "" or what is wrong: "line 3: start and end tags differ"
};

inline constexpr std::size_t kMostXmlBytes = 4 << 20;
inline constexpr int kDeepestXml = 64;

/// UTF-8, UTF-16 and UTF-32, with or without byte order mark.
XmlDocument parse_xml(std::string_view bytes);

/// Reads `folder`/`relative`. False, with a new problem, where it is missing, unreadable or no XML.
bool read_xml(const std::filesystem::path& folder,
              const std::string& relative,
              XmlElement& root,
              std::vector<Problem>& problems);

}  // namespace mien
