#include "datasets/formats/xml.h"

#include <algorithm>
#include <pugixml.hpp>

#include "harness/base/error.h"

namespace mien {
namespace {

/// Counts lines up to offsets that ascend.
class LineCounter {
 public:
  explicit LineCounter(std::string_view text) : text_(text) {}
  int at(std::ptrdiff_t offset) {
    const std::size_t end = std::clamp<std::ptrdiff_t>(offset, 0, std::ssize(text_));
    if (end < at_) return line_;
    line_ += static_cast<int>(std::count(text_.begin() + at_, text_.begin() + end, '\n'));
    at_ = end;
    return line_;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

XmlElement copy(const pugi::xml_node& node, LineCounter* lines) {
  XmlElement element;
  element.name = node.name();
  if (lines) element.line = lines->at(node.offset_debug());
  element.text = node.text().get();
  for (const pugi::xml_attribute& attribute : node.attributes())
    element.attributes.emplace_back(attribute.name(), attribute.value());
  for (const pugi::xml_node& child : node.children())
    if (child.type() == pugi::node_element) element.children.push_back(copy(child, lines));
  return element;
}

/// Returns true where elements are deeper than kDeepestXml; walks without recursion.
bool is_too_deep(const pugi::xml_node& document) {
  struct Depth : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node&) override { return depth() < kDeepestXml; }
  } walker;
  pugi::xml_node start = document;
  return !start.traverse(walker);
}

std::string fault_of(const pugi::xml_document& document, const pugi::xml_parse_result& result) {
  if (!result && result.status != pugi::status_no_document_element) return result.description();
  for (const pugi::xml_node& node : document.children())
    if (node.type() == pugi::node_doctype) return "a document type, which could define entities";
  if (!result) return result.description();
  if (is_too_deep(document)) return fmt::format("elements more than {} deep", kDeepestXml);
  const auto elements = document.children();
  if (std::ranges::count_if(elements, [](const pugi::xml_node& node) {
        return node.type() == pugi::node_element;
      }) != 1)
    return "more than one outermost element";
  return "";
}

void find_below(const XmlElement& element,
                std::string_view wanted,
                std::vector<const XmlElement*>& found) {
  for (const XmlElement& child : element.children) {
    if (child.name == wanted) found.push_back(&child);
    find_below(child, wanted, found);
  }
}

}  // namespace

const std::string* XmlElement::attribute(std::string_view wanted) const {
  for (const auto& [key, value] : attributes)
    if (key == wanted) return &value;
  return nullptr;
}

std::vector<const XmlElement*> XmlElement::find(std::string_view wanted) const {
  std::vector<const XmlElement*> found;
  find_below(*this, wanted, found);
  return found;
}

XmlDocument parse_xml(std::string_view bytes) {
  if (bytes.empty()) return {{}, "0 bytes"};
  if (bytes.size() > kMostXmlBytes) return {{}, fmt::format("more than {} bytes", kMostXmlBytes)};
  pugi::xml_document document;
  const pugi::xml_parse_result result =
      document.load_buffer(bytes.data(), bytes.size(), pugi::parse_default | pugi::parse_doctype);
  const bool has_lines = result.encoding == pugi::encoding_utf8;
  LineCounter lines(bytes);
  XmlDocument parsed;
  parsed.fault = fault_of(document, result);
  if (parsed.fault.empty())
    parsed.root = copy(document.document_element(), has_lines ? &lines : nullptr);
  else if (has_lines && !result)
    parsed.fault = fmt::format("line {}: {}", lines.at(result.offset), parsed.fault);
  return parsed;
}

}  // namespace mien
