#include "datasets/formats/npz.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "datasets/formats/archive.h"
#include "harness/base/error.h"

namespace mien {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeaderBytes = 1 << 16;  // a plain array's has less than 200
constexpr std::size_t kMaxRank = 64;              // NumPy's own limit

struct Descr {
  std::string_view text;
  DType dtype;
};
constexpr Descr kDescrs[] = {{"<f2", DType::kF16},
                             {"<f4", DType::kF32},
                             {"<f8", DType::kF64},
                             {"<i4", DType::kI32},
                             {"<i8", DType::kI64},
                             {"|i1", DType::kI8},
                             {"|u1", DType::kU8},
                             {"|b1", DType::kBool}};

[[noreturn]] void refuse(const std::string& name, std::string_view what) {
  fail(Exit::kPrecondition, "{}: {}", name, what);
}

/// Text of a file for a message: short, on one line.
std::string shown(std::string_view text) {
  using nlohmann::json;
  return json(text.substr(0, 40)).dump(-1, ' ', true, json::error_handler_t::replace);
}

struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

/// The Python literal that a header is; anything but the three keys and their types is an error.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header parse() {
    Header header;
    std::set<std::string> seen;
    for (expect('{'); !accept('}');) {
      const std::string key = quoted();
      if (!seen.insert(key).second) corrupt(fmt::format("key {} occurs twice", shown(key)));
      expect(':');
      read_value(key, header);
      if (accept(',')) continue;
      expect('}');
      break;
    }
    skip_blanks();
    if (at_ != text_.size()) corrupt("text after the closing brace");
    if (seen.size() != 3) corrupt("not all of descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void corrupt(std::string_view what) const {
    refuse(name_, fmt::format("bad .npy header: {}; save the array again", what));
  }

  void read_value(const std::string& key, Header& header) {
    if (key == "descr") {
      if (accept('['))
        refuse(name_, "a structured array; save each of its fields as an array of its own");
      header.descr = quoted();
    } else if (key == "fortran_order") {
      header.fortran_order = truth();
    } else if (key == "shape") {
      header.shape = sizes();
    } else {
      corrupt(fmt::format("unknown key {}", shown(key)));
    }
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool accept(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) corrupt(fmt::format("no '{}' at {}", c, shown(text_.substr(at_))));
  }

  std::string quoted() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const std::size_t end = text_.find(quote, at_);
    if (end == text_.npos) corrupt("a text without its closing quote");
    const std::string text(text_.substr(at_, end - at_));
    if (text.find('\\') != text.npos) corrupt("an escaped character");
    at_ = end + 1;
    return text;
  }

  bool truth() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}})
      if (text_.substr(at_).starts_with(word)) {
        at_ += std::strlen(word);
        return value;
      }
    corrupt("fortran_order is neither True nor False");
  }

  std::int64_t size() {
    skip_blanks();
    const std::size_t begin = at_;
    std::int64_t value = 0;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])); ++at_)
      if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
          __builtin_add_overflow(value, std::int64_t{text_[at_] - '0'}, &value))
        corrupt("a size above 2^63 - 1");
    if (at_ == begin) corrupt(fmt::format("no size at {}", shown(text_.substr(at_))));
    accept('L');  // Python 2 marks long integers
    return value;
  }

  /// "()", "(3,)", "(3, 4)", "(3, 4,)"; "(3)" is no tuple.
  std::vector<std::int64_t> sizes() {
    std::vector<std::int64_t> shape;
    for (expect('('); !accept(')');) {
      shape.push_back(size());
      if (shape.size() > kMaxRank) corrupt(fmt::format("more than {} dimensions", kMaxRank));
      if (accept(',')) continue;
      if (shape.size() == 1) corrupt("shape is not a tuple");
      expect(')');
      break;
    }
    return shape;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

std::string_view why_not(std::string_view descr) {
  const auto has = [&](const char* any) { return descr.find_first_of(any) != descr.npos; };
  if (has("O")) return "holds Python objects, which are code; save numbers";
  if (descr.starts_with('>')) return "is big-endian; save it with .astype('<f4')";
  if (has("V")) return "is raw bytes, perhaps bfloat16; save it with .astype('<f4')";
  if (has("cUSMm")) return "is not a real number; save it with .astype('<f4')";
  return "is not one of <f2, <f4, <f8, <i4, <i8, |i1, |u1, |b1; save it with .astype('<f4')";
}

DType dtype_of(const Header& header, const std::string& name) {
  for (const Descr& known : kDescrs)
    if (header.descr == known.text) return known.dtype;
  refuse(name, fmt::format("dtype {} {}", shown(header.descr), why_not(header.descr)));
}

/// The header's text, and the data behind it.
std::pair<std::string_view, std::span<const std::byte>> divide(std::span<const std::byte> image,
                                                               const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
  if (!text.starts_with(kMagic)) refuse(name, "not an .npy file; save it with numpy.save");
  constexpr std::string_view kCut = "the .npy file is cut short; save or fetch it again";
  if (text.size() < 10) refuse(name, kCut);
  const int major = static_cast<unsigned char>(text[6]),
            minor = static_cast<unsigned char>(text[7]);
  if (major < 1 || major > 3 || minor != 0)
    refuse(name, fmt::format(".npy version {}.{}, known are 1.0, 2.0 and 3.0", major, minor));
  const std::size_t length_bytes = major == 1 ? 2 : 4, begin = 8 + length_bytes;
  if (text.size() < begin) refuse(name, kCut);
  std::uint32_t length = 0;
  std::memcpy(&length, text.data() + 8, length_bytes);
  if (length > kMaxHeaderBytes)
    refuse(name, fmt::format("a header of {} bytes; save the array again", length));
  if (length > text.size() - begin) refuse(name, kCut);
  return {text.substr(begin, length), image.subspan(begin + length)};
}

/// From Fortran order, where element [i, j, k] lies at i + d0 * (j + d1 * k).
std::vector<std::byte> in_c_order(std::span<const std::byte> data,
                                  const std::vector<std::int64_t>& shape,
                                  std::size_t item) {
  std::vector<std::int64_t> stride(shape.size(), 1), index(shape.size(), 0);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * shape[d - 1];
  std::vector<std::byte> out(data.size());
  std::int64_t from = 0;
  for (std::size_t to = 0; to < out.size(); to += item) {
    std::memcpy(&out[to], &data[static_cast<std::size_t>(from) * item], item);
    for (std::size_t d = shape.size(); d-- > 0;) {
      from += stride[d];
      if (++index[d] < shape[d]) break;
      from -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

/// A member's name without .npy; names are keys and may hold slashes, but no way out of a folder.
std::string key_of(const std::string& member, const std::string& where) {
  constexpr std::string_view kEnding = ".npy";
  if (!member.ends_with(kEnding) || member.size() == kEnding.size())
    refuse(where, "not called NAME.npy; save the file again with numpy.savez");
  for (const unsigned char c : member)
    if (std::iscntrl(c)) refuse(where, "a control character in the name; save it under another");
  return member.substr(0, member.size() - kEnding.size());
}

}  // namespace

NpyArray parse_npy(std::span<const std::byte> image, const std::string& name) {
  const auto [text, data] = divide(image, name);
  const Header header = HeaderParser(text, name).parse();
  const DType dtype = dtype_of(header, name);
  const std::int64_t bytes = bytes_needed(header.shape, size_of(dtype)).value_or(-1);
  if (bytes < 0 || static_cast<std::size_t>(bytes) != data.size())
    refuse(name,
           fmt::format("{} bytes of data, {} of shape ({}) need {}; save or fetch it again",
                       data.size(),
                       header.descr,
                       fmt::join(header.shape, ", "),
                       bytes < 0 ? "more than 2^63" : std::to_string(bytes)));
  if (dtype == DType::kBool &&
      std::ranges::any_of(data, [](std::byte b) { return b > std::byte{1}; }))
    refuse(name, "a truth value that is neither 0 nor 1; save the array again");
  if (header.fortran_order)
    return {dtype, header.shape, in_c_order(data, header.shape, size_of(dtype))};
  return {dtype, header.shape, {data.begin(), data.end()}};
}

std::map<std::string, NpyArray> read_npz(const std::filesystem::path& path) {
  std::map<std::string, NpyArray> arrays;
  read_zip(path, [&](const std::string& member, const std::vector<std::byte>& bytes) {
    const std::string where = fmt::format("{}: member {}", path.string(), shown(member));
    const std::string key = key_of(member, where);
    if (arrays.contains(key)) refuse(where, "occurs twice; save the file again");
    arrays.emplace(key, parse_npy(bytes, where));
  });
  return arrays;
}

}  // namespace mien
