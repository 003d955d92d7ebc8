// Any bytes are either rows or one clear error. Byte 0 says which file they claim to be, byte 1 in
// how small pieces they arrive; the rest is the file.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "datasets/readers/fer2013_csv.h"
#include "harness/base/error.h"

namespace {

/// Hands out at most `piece` bytes at a time, so that lines break at every place.
class Trickle : public mien::ByteSource {
 public:
  Trickle(std::string_view text, std::size_t piece)
      : ByteSource("fuzz.csv"), text_(text), piece_(piece) {}
  std::size_t read(char* out, std::size_t capacity) override {
    const std::size_t count = std::min({capacity, text_.size(), piece_});
    if (count > 0) std::memcpy(out, text_.data(), count);
    text_.remove_prefix(count);
    return count;
  }
  std::uint64_t size_hint() const override { return text_.size(); }

 private:
  std::string_view text_;
  std::size_t piece_;
};

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = static_cast<mien::Fer2013Csv>(data[0] % 3);
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = data[1] == 0 ? size : std::size_t{data[1]} * 16;
  mien::CsvLines lines(std::make_unique<Trickle>(text, piece));
  mien::Fer2013Rows rows;
  try {
    mien::read_fer2013_csv(lines, kind, rows);
    require(lines.bytes() == text.size());
  } catch (const mien::Error& error) {
    const std::string_view message = error.what();
    require(error.code() == mien::Exit::kPrecondition);
    require(message.starts_with("fuzz.csv:") && message.find('\n') == std::string_view::npos);
  }
  require(rows.images.size() == rows.labels.size() * mien::kFer2013Pixels);
  require(rows.split.size() == rows.labels.size());
  for (std::size_t row = 0; row < rows.labels.size(); ++row)
    require(rows.labels[row] >= -1 && rows.labels[row] < 7 && rows.split[row] >= 0 &&
            rows.split[row] < 3);
  return 0;
}
