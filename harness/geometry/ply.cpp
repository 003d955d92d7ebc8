// PLY: a header in text, then all records of its first element, all of its second, and so on.
//
//   ply
//   format ascii 1.0                        or binary_little_endian 1.0
//   element vertex 3                        a name and how many
//   property float x                        numbers of each
//   property list uchar int vertex_indices  how many of that type follow, then they
//   end_header
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/geometry/mesh.h"

namespace mien {
namespace {

[[noreturn]] void fail_at(const std::string& where, const std::string& what) {
  fail(Exit::kPrecondition, "{}: {}; fetch the file again", where, what);
}

// ---- numbers -----------------------------------------------------------------------------------

enum class Number { kI8, kU8, kI16, kU16, kI32, kU32, kF32, kF64 };

std::size_t bytes_of(Number type) {
  constexpr std::size_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 8};
  return kBytes[static_cast<std::size_t>(type)];
}

bool is_whole(Number type) { return type != Number::kF32 && type != Number::kF64; }

template <typename T>
double little_endian(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

double decoded(Number type, const char* bytes) {
  switch (type) {
    case Number::kI8:
      return little_endian<std::int8_t>(bytes);
    case Number::kU8:
      return little_endian<std::uint8_t>(bytes);
    case Number::kI16:
      return little_endian<std::int16_t>(bytes);
    case Number::kU16:
      return little_endian<std::uint16_t>(bytes);
    case Number::kI32:
      return little_endian<std::int32_t>(bytes);
    case Number::kU32:
      return little_endian<std::uint32_t>(bytes);
    case Number::kF32:
      return little_endian<float>(bytes);
    case Number::kF64:
      return little_endian<double>(bytes);
  }
  return 0;
}

// ---- header ------------------------------------------------------------------------------------

struct Property {
  std::string name;
  Number type = Number::kF32;
  bool is_list = false;
  Number count = Number::kU8;  // of a list
};

bool is_corners(const Property& property) {
  return property.name == "vertex_indices" || property.name == "vertex_index";
}

struct Element {
  std::string name;
  std::uint64_t records = 0;
  std::vector<Property> properties;
};

/// Reads `bytes` line by line, without line breaks.
class Lines {
 public:
  Lines(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  bool next(std::string_view& line) {
    if (at_ >= bytes_.size()) return false;
    const std::size_t end = std::min(bytes_.find('\n', at_), bytes_.size());
    line = bytes_.substr(at_, end - at_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at_ = end + 1;
    ++number_;
    return true;
  }
  [[noreturn]] void bad(const std::string& what) const {
    fail_at(fmt::format("{}:{}", name_, number_), what);
  }
  std::size_t number() const { return number_; }
  std::size_t offset() const { return std::min(at_, bytes_.size()); }

 private:
  std::string_view bytes_;
  const std::string& name_;
  std::size_t at_ = 0, number_ = 0;
};

/// Removes the next word from `line` and returns it; "" at the end.
std::string_view take_word(std::string_view& line) {
  constexpr const char* kBlanks = " \t";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

struct Header {
  bool binary = false;
  std::vector<Element> elements;
};

class HeaderReader {
 public:
  explicit HeaderReader(Lines& lines) : lines_(lines) {}

  Header read() {
    std::string_view line;
    if (!lines_.next(line) || line != "ply") lines_.bad("no PLY file: its first line is not 'ply'");
    bool format_known = false;
    while (lines_.next(line)) {
      const std::string_view word = take_word(line);
      if (word == "end_header") {
        if (!format_known) lines_.bad("the header names no format");
        return check();
      }
      if (word == "format")
        format_known = read_format(line);
      else if (word == "element")
        read_element(line);
      else if (word == "property")
        read_property(line);
      else if (word != "comment" && word != "obj_info")
        lines_.bad("no line of a PLY header");
    }
    lines_.bad("the header has no end_header");
  }

 private:
  bool read_format(std::string_view line) {
    const std::string_view format = take_word(line);
    if (format == "binary_big_endian")
      lines_.bad("big-endian data are not read; write ASCII or binary_little_endian");
    header_.binary = format == "binary_little_endian";
    if ((!header_.binary && format != "ascii") || take_word(line) != "1.0")
      lines_.bad("the format is neither 'ascii 1.0' nor 'binary_little_endian 1.0'");
    return true;
  }

  void read_element(std::string_view line) {
    Element element{std::string(take_word(line)), 0, {}};
    const std::string_view count = take_word(line);
    const auto [stop, error] =
        std::from_chars(count.data(), count.data() + count.size(), element.records);
    if (element.name.empty() || count.empty() || error != std::errc() ||
        stop != count.data() + count.size())
      lines_.bad("an element needs a name and a number of records");
    for (const Element& other : header_.elements)
      if (other.name == element.name) lines_.bad("this element was there before");
    header_.elements.push_back(std::move(element));
  }

  void read_property(std::string_view line) {
    if (header_.elements.empty()) lines_.bad("a property before any element");
    Property property;
    std::string_view type = take_word(line);
    if (type == "list") {
      property.is_list = true;
      property.count = number_type(take_word(line));
      if (!is_whole(property.count)) lines_.bad("the length of a list is no whole number");
      type = take_word(line);
    }
    property.type = number_type(type);
    property.name = take_word(line);
    if (property.name.empty()) lines_.bad("a property needs a name");
    header_.elements.back().properties.push_back(std::move(property));
  }

  Number number_type(std::string_view name) const {
    static const std::map<std::string_view, Number> kTypes = {{"char", Number::kI8},
                                                              {"int8", Number::kI8},
                                                              {"uchar", Number::kU8},
                                                              {"uint8", Number::kU8},
                                                              {"short", Number::kI16},
                                                              {"int16", Number::kI16},
                                                              {"ushort", Number::kU16},
                                                              {"uint16", Number::kU16},
                                                              {"int", Number::kI32},
                                                              {"int32", Number::kI32},
                                                              {"uint", Number::kU32},
                                                              {"uint32", Number::kU32},
                                                              {"float", Number::kF32},
                                                              {"float32", Number::kF32},
                                                              {"double", Number::kF64},
                                                              {"float64", Number::kF64}};
    const auto found = kTypes.find(name);
    if (found == kTypes.end()) lines_.bad("a property of no known type");
    return found->second;
  }

  /// Returns the header. Every record must have at least one byte, which bounds the number of
  /// records by the size of the file.
  Header check() {
    for (const Element& element : header_.elements)
      if (element.properties.empty() && element.records > 0)
        lines_.bad("an element has no property");
    return std::move(header_);
  }

  Lines& lines_;
  Header header_;
};

// ---- data --------------------------------------------------------------------------------------

/// Reads records of text: one per line.
class AsciiData {
 public:
  AsciiData(Lines& lines, const std::string& name) : lines_(lines), name_(name) {}

  void begin_record() {
    if (!lines_.next(line_)) lines_.bad("the file ends before its last record");
  }
  double number(Number type) {
    const std::string_view word = take_word(line_);
    double value = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty() || error != std::errc() || stop != word.data() + word.size())
      lines_.bad("fewer numbers than the header says, or none");
    if (is_whole(type) && value != std::floor(value)) lines_.bad("a fraction, expected a whole");
    return value;
  }
  void end_record() {
    if (!take_word(line_).empty()) lines_.bad("more numbers than the header says");
  }
  void end() {
    while (lines_.next(line_))
      if (!take_word(line_).empty()) lines_.bad("more records than the header says");
  }
  std::size_t place() const { return lines_.number(); }
  [[noreturn]] void bad(std::size_t place, const std::string& what) const {
    fail_at(fmt::format("{}:{}", name_, place), what);
  }

 private:
  Lines& lines_;
  const std::string& name_;
  std::string_view line_;
};

class BinaryData {
 public:
  BinaryData(std::string_view bytes, std::size_t at, const std::string& name)
      : bytes_(bytes), at_(at), name_(name) {}

  void begin_record() { record_ = at_; }
  double number(Number type) {
    const std::size_t size = bytes_of(type);
    if (bytes_.size() - at_ < size) bad(at_, "the file ends before its last record");
    const double value = decoded(type, bytes_.data() + at_);
    at_ += size;
    return value;
  }
  void end_record() {}
  void end() {
    if (at_ < bytes_.size()) bad(at_, "more bytes than the header says");
  }
  std::size_t place() const { return record_; }
  [[noreturn]] void bad(std::size_t place, const std::string& what) const {
    fail_at(fmt::format("{}: byte {}", name_, place), what);
  }

 private:
  std::string_view bytes_;
  std::size_t at_, record_ = 0;
  const std::string& name_;
};

template <typename Data>
class BodyReader {
 public:
  explicit BodyReader(Data data) : data_(std::move(data)) {}

  Mesh read(const Header& header, const std::string& name) {
    for (const Element& element : header.elements) {
      const bool vertices = element.name == "vertex", faces = element.name == "face";
      for (std::uint64_t record = 0; record < element.records; ++record) {
        data_.begin_record();
        for (const Property& property : element.properties)
          vertices ? read_vertex(property) : read_face(property, faces);
        if (vertices)
          mesh_.vertices.insert(mesh_.vertices.end(), {point_[0], point_[1], point_[2]});
        data_.end_record();
      }
    }
    data_.end();
    if (mesh_.vertices.empty()) fail_at(name, "no vertex in it");
    const std::size_t vertices = mesh_.vertices.size() / 3;
    if (largest_ >= static_cast<double>(vertices))
      data_.bad(largest_place_,
                fmt::format("index {:.0f} (from 0) of {} vertices", largest_, vertices));
    return std::move(mesh_);
  }

 private:
  void read_vertex(const Property& property) {
    if (property.is_list) return skip_list(property);
    const double value = data_.number(property.type);
    const std::size_t axis = property.name == "x" ? 0 : property.name == "y" ? 1 : 2;
    if (axis == 2 && property.name != "z") return;
    point_[axis] = static_cast<float>(value);
    if (!std::isfinite(point_[axis])) data_.bad(data_.place(), "a coordinate is not finite");
  }

  void read_face(const Property& property, bool of_face) {
    if (!property.is_list)
      data_.number(property.type);
    else if (of_face && is_corners(property))
      read_corners(property);
    else
      skip_list(property);
  }

  double length(const Property& property) {
    const double count = data_.number(property.count);
    if (!(count >= 0 && count <= 4294967295.0)) data_.bad(data_.place(), "a list of no length");
    return count;
  }

  void skip_list(const Property& property) {
    for (double left = length(property); left > 0; --left) data_.number(property.type);
  }

  void read_corners(const Property& property) {
    const double count = length(property);
    if (count < 3) data_.bad(data_.place(), "a face needs three corners");
    std::int32_t first = 0, previous = 0;
    for (double corner = 0; corner < count; ++corner) {
      const std::int32_t vertex = read_corner(property);
      if (corner == 0) first = vertex;
      if (corner >= 2 && count <= 4)
        mesh_.triangles.insert(mesh_.triangles.end(), {first, previous, vertex});
      previous = vertex;
    }
    if (count > 4) ++mesh_.dropped_polygons;
  }

  std::int32_t read_corner(const Property& property) {
    const double index = data_.number(property.type);
    if (!(index >= 0 && index <= 2147483647.0))
      data_.bad(data_.place(), fmt::format("index {:.0f} is no vertex number", index));
    if (index > largest_) {
      largest_ = index;
      largest_place_ = data_.place();
    }
    return static_cast<std::int32_t>(index);
  }

  Data data_;
  Mesh mesh_;
  float point_[3] = {};
  double largest_ = -1;  // index; faces may come before their vertices
  std::size_t largest_place_ = 0;
};

/// Checks that coordinates and corners exist once and have a usable type.
void require_properties(const Header& header, const Lines& lines) {
  for (const Element& element : header.elements) {
    std::map<std::string, int> times;
    if (element.name == "vertex") times = {{"x", 0}, {"y", 0}, {"z", 0}};
    if (element.name == "face") times = {{"vertex_indices", 0}};
    for (const Property& property : element.properties) {
      const auto found = times.find(is_corners(property) ? "vertex_indices" : property.name);
      if (found == times.end()) continue;
      ++found->second;
      if (property.is_list != is_corners(property) ||
          (is_corners(property) && !is_whole(property.type)))
        lines.bad(fmt::format("'{}' has the wrong type", property.name));
    }
    for (const auto& [name, count] : times)
      if (count != 1)
        lines.bad(fmt::format("'{}' is {} times in element {}", name, count, element.name));
  }
}

}  // namespace

Mesh parse_ply(std::string_view bytes, const std::string& name) {
  Lines lines(bytes, name);
  const Header header = HeaderReader(lines).read();
  require_properties(header, lines);
  if (header.binary) return BodyReader(BinaryData(bytes, lines.offset(), name)).read(header, name);
  return BodyReader(AsciiData(lines, name)).read(header, name);
}

Mesh read_ply(const std::filesystem::path& path) {
  return parse_ply(read_text(path), path.string());
}

void write_ply(const std::filesystem::path& path, const Mesh& mesh) {
  const std::vector<float>& v = mesh.vertices;
  const std::vector<std::int32_t>& t = mesh.triangles;
  fmt::memory_buffer text;
  const auto out = fmt::appender(text);
  fmt::format_to(out,
                 "ply\nformat ascii 1.0\nelement vertex {}\n"
                 "property float x\nproperty float y\nproperty float z\n"
                 "element face {}\nproperty list uchar int vertex_indices\nend_header\n",
                 v.size() / 3,
                 t.size() / 3);
  for (std::size_t i = 0; i + 2 < v.size(); i += 3)
    fmt::format_to(out, "{:.4f} {:.4f} {:.4f}\n", v[i], v[i + 1], v[i + 2]);
  for (std::size_t i = 0; i + 2 < t.size(); i += 3)
    fmt::format_to(out, "3 {} {} {}\n", t[i], t[i + 1], t[i + 2]);
  write_text(path, {text.data(), text.size()});
}

}  // namespace mien
