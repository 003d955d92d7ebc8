#include <charconv>
#include <cmath>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/geometry/mesh.h"

namespace mien {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Mesh parse() {
    for (const char *at = text_.data(), *end = at + text_.size(); at < end;) {
      const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
      const char* stop = found ? static_cast<const char*>(found) : end;
      ++line_;
      parse_line(at, stop);
      at = stop + 1;
    }
    if (mesh_.vertices.empty())
      fail_file(Exit::kPrecondition, name_, "no vertex in it; is it a Wavefront OBJ file?");
    const std::size_t vertices = mesh_.vertices.size() / 3;
    if (largest_ > vertices) {
      line_ = largest_line_;
      bad(fmt::format("index {} of {} vertices", largest_, vertices));
    }
    return std::move(mesh_);
  }

 private:
  [[noreturn]] void bad(const std::string& what) const {
    const std::string reason = fmt::format("{}: {}; fetch the file again", line_, what);
    throw FileError(Exit::kPrecondition, name_ + ":" + reason, "line " + reason);
  }

  void parse_line(const char* at, const char* end) {
    while (at < end && is_blank(*at)) ++at;
    if (end - at < 2 || !is_blank(at[1])) return;
    if (*at == 'v') parse_vertex(at + 1, end);
    if (*at == 'f') parse_face(at + 1, end);
  }

  void parse_vertex(const char* at, const char* end) {
    for (int axis = 0; axis < 3; ++axis) {
      while (at < end && is_blank(*at)) ++at;
      double value = 0;
      const auto [stop, error] = std::from_chars(at, end, value);
      const auto rounded = static_cast<float>(value);
      if (error != std::errc() || (stop < end && !is_blank(*stop)) || !std::isfinite(rounded))
        bad("a vertex needs three finite numbers");
      mesh_.vertices.push_back(rounded);
      at = stop;
    }
  }

  void parse_face(const char* at, const char* end) {
    std::int32_t corners[4] = {};
    int count = 0;
    while (true) {
      while (at < end && is_blank(*at)) ++at;
      if (at == end) break;
      const std::int32_t corner = parse_corner(at, end);
      if (count < 4) corners[count] = corner;
      ++count;
    }
    if (count < 3) bad("a face needs three corners");
    if (count > 4) {
      ++mesh_.dropped_polygons;
      return;
    }
    for (int second = 1; second + 1 < count; ++second)
      mesh_.triangles.insert(mesh_.triangles.end(),
                             {corners[0], corners[second], corners[second + 1]});
  }

  /// Returns a vertex number, counted from 0, and moves `at` to the end of the word.
  std::int32_t parse_corner(const char*& at, const char* end) {
    std::int32_t index = 0;
    const auto [stop, error] = std::from_chars(at, end, index);
    if (error != std::errc() || (stop < end && !is_blank(*stop) && *stop != '/'))
      bad("a corner is not a vertex number");
    if (index <= 0) bad(fmt::format("index {}: only positive ones are read", index));
    if (static_cast<std::size_t>(index) > largest_) {
      largest_ = static_cast<std::size_t>(index);
      largest_line_ = line_;
    }
    for (at = stop; at < end && !is_blank(*at);) ++at;
    return index - 1;
  }

  std::string_view text_;
  const std::string& name_;
  Mesh mesh_;
  std::size_t line_ = 0;
  std::size_t largest_ = 0, largest_line_ = 0;  // faces may come before their vertices
};

}  // namespace

Mesh parse_obj(std::string_view text, const std::string& name) {
  return Parser(text, name).parse();
}

Mesh read_obj(const std::filesystem::path& path) {
  return parse_obj(read_text(path), path.string());
}

void write_obj(const std::filesystem::path& path, const Mesh& mesh) {
  fmt::memory_buffer text;
  const auto out = fmt::appender(text);
  const std::vector<float>& v = mesh.vertices;
  for (std::size_t i = 0; i + 2 < v.size(); i += 3)
    fmt::format_to(out, "v {:.6f} {:.6f} {:.6f}\n", v[i], v[i + 1], v[i + 2]);
  const std::vector<std::int32_t>& t = mesh.triangles;
  for (std::size_t i = 0; i + 2 < t.size(); i += 3)
    fmt::format_to(out, "f {} {} {}\n", t[i] + 1, t[i + 1] + 1, t[i + 2] + 1);
  write_text(path, {text.data(), text.size()});
}

}  // namespace mien
