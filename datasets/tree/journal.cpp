#include "datasets/tree/journal.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>

#include "datasets/tree/listing.h"
#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/fd.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

[[noreturn]] void fail_writing(const fs::path& folder) {
  const int error = errno;
  fail(Exit::kPrecondition,
       "{}: cannot write: {}; {}, the work goes on where it stopped",
       folder.string(),
       std::strerror(error),
       error == ENOSPC || error == EDQUOT ? "free some space and run again" : "run again");
}

/// Creates the folder too.
int open_file(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    fail(
        Exit::kPrecondition, "{}: cannot create: {}", path.parent_path().string(), error.message());
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) fail_writing(path);
  return descriptor;
}

void write_all(const Descriptor& file, const fs::path& folder, std::string_view bytes) {
  if (!write_fully(file.get(), bytes)) fail_writing(folder);
}

/// Cuts a file to `bytes` and continues writing there.
void cut(const Descriptor& file, const fs::path& folder, std::size_t bytes) {
  const off_t end = static_cast<off_t>(bytes);
  if (::ftruncate(file.get(), end) != 0 || ::lseek(file.get(), end, SEEK_SET) != end)
    fail_writing(folder);
}

std::string line_of(const Outcome& outcome) {
  ordered_json files = ordered_json::array();
  for (const ReadFile& file : outcome.files) files.push_back({file.path, file.bytes, file.sha256});
  return json_text(ordered_json{static_cast<int>(outcome.status),
                                outcome.path,
                                outcome.reason,
                                outcome.sha256,
                                outcome.constant,
                                files}) +
         "\n";
}

Outcome outcome_of(const ordered_json& line) {
  Outcome outcome;
  outcome.status = static_cast<PictureStatus>(line.at(0).get<int>());
  line.at(1).get_to(outcome.path);
  line.at(2).get_to(outcome.reason);
  line.at(3).get_to(outcome.sha256);
  line.at(4).get_to(outcome.constant);
  for (const ordered_json& file : line.at(5))
    outcome.files.push_back({file.at(0), file.at(1), file.at(2)});
  return outcome;
}

bool read_record(const Descriptor& file, std::string& record) {
  return read_fully(file.get(), record.data(), record.size()) == std::ssize(record);
}

}  // namespace

Journal::Journal(fs::path folder, const std::string& key, std::size_t record_bytes)
    : folder_(std::move(folder)),
      record_bytes_(record_bytes),
      pixels_(open_file(pixels_path())),
      journal_(open_file(folder_ / "journal.jsonl")) {
  resume(json_text({{"key", key}}) + "\n");
}

/// Takes over all lines up to the first that is cut short or whose pixels are not there.
void Journal::resume(const std::string& first_line) {
  const std::string text = read_text(folder_ / "journal.jsonl");
  std::size_t good = 0, records = 0;
  std::string record(record_bytes_, '\0');
  if (text.starts_with(first_line)) good = first_line.size();
  for (std::size_t end; good > 0 && (end = text.find('\n', good)) != text.npos; good = end + 1) {
    try {
      Outcome outcome =
          outcome_of(ordered_json::parse(text.begin() + static_cast<std::ptrdiff_t>(good),
                                         text.begin() + static_cast<std::ptrdiff_t>(end)));
      if (outcome.status == PictureStatus::kUsed) {
        if (!read_record(pixels_, record) || sha256_hex(record) != outcome.sha256) break;
        ++records;
      }
      outcomes_.push_back(std::move(outcome));
    } catch (const ordered_json::exception&) {
      break;
    }
  }
  cut(pixels_, folder_, records * record_bytes_);
  cut(journal_, folder_, good);
  if (good == 0) write_all(journal_, folder_, first_line);
}

void Journal::append(std::vector<Outcome> outcomes, std::span<const std::uint8_t> pixels) {
  write_all(pixels_, folder_, {reinterpret_cast<const char*>(pixels.data()), pixels.size()});
  std::string lines;
  for (const Outcome& outcome : outcomes) lines += line_of(outcome);
  write_all(journal_, folder_, lines);
  std::ranges::move(outcomes, std::back_inserter(outcomes_));
}

}  // namespace mien
