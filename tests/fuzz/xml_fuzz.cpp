// Any bytes are either a document within the limits or one fault in one line.
#include <cstdint>
#include <cstdlib>

#include "datasets/formats/xml.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every element has a name, none lies too deep, lines never go back.
void walk(const mien::XmlElement& element, int depth, int& line) {
  require(!element.name.empty() && depth <= mien::kDeepestXml);
  require(element.line == 0 || element.line >= line);
  if (element.line > 0) line = element.line;
  for (const mien::XmlElement& child : element.children) walk(child, depth + 1, line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const mien::XmlDocument document = mien::parse_xml(text);
  require(document.fault.find('\n') == std::string::npos);
  int line = 0;
  if (document.fault.empty()) walk(document.root, 1, line);
  return 0;
}
