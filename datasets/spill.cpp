#include "datasets/spill.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/sha256.h"

namespace fs = std::filesystem;
using nlohmann::json;

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

int open_file(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) fail_writing(path);
  return descriptor;
}

void write_all(int descriptor, const fs::path& folder, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_writing(folder);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

/// Cuts a file there and goes on writing from there.
void cut(int descriptor, const fs::path& folder, std::size_t bytes) {
  const off_t end = static_cast<off_t>(bytes);
  if (::ftruncate(descriptor, end) != 0 || ::lseek(descriptor, end, SEEK_SET) != end)
    fail_writing(folder);
}

/// Names may hold any bytes; those that are no text are replaced here, and only here.
std::string line_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string line_of(const Outcome& outcome) {
  json files = json::array();
  for (const ReadFile& file : outcome.files) files.push_back({file.path, file.bytes, file.sha256});
  return line_of(json{static_cast<int>(outcome.fate),
                      outcome.path,
                      outcome.reason,
                      outcome.sha256,
                      outcome.constant,
                      files});
}

Outcome outcome_of(const json& line) {
  Outcome outcome;
  outcome.fate = static_cast<Fate>(line.at(0).get<int>());
  line.at(1).get_to(outcome.path);
  line.at(2).get_to(outcome.reason);
  line.at(3).get_to(outcome.sha256);
  line.at(4).get_to(outcome.constant);
  for (const json& file : line.at(5)) outcome.files.push_back({file.at(0), file.at(1), file.at(2)});
  return outcome;
}

bool read_record(int descriptor, std::string& record) {
  for (std::size_t done = 0; done < record.size();) {
    const ssize_t got = ::read(descriptor, record.data() + done, record.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Spill::Spill(fs::path folder, const std::string& key, std::size_t record_bytes)
    : folder_(std::move(folder)), record_bytes_(record_bytes) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) fail(Exit::kPrecondition, "{}: cannot create: {}", folder_.string(), error.message());
  pixels_ = open_file(pixels_path());
  journal_ = open_file(folder_ / "journal.jsonl");
  resume(line_of(json{{"key", key}}));
}

Spill::~Spill() {
  ::close(pixels_);
  ::close(journal_);
}

/// Takes over whole lines with the pixels that they promise, up to the first that is not so.
void Spill::resume(const std::string& first_line) {
  const std::string text = read_text(folder_ / "journal.jsonl");
  std::size_t good = 0, records = 0;
  std::string record(record_bytes_, '\0');
  if (text.starts_with(first_line)) good = first_line.size();
  for (std::size_t end; good > 0 && (end = text.find('\n', good)) != text.npos; good = end + 1) {
    try {
      Outcome outcome = outcome_of(json::parse(text.begin() + static_cast<std::ptrdiff_t>(good),
                                               text.begin() + static_cast<std::ptrdiff_t>(end)));
      if (outcome.fate == Fate::kUsed) {
        if (!read_record(pixels_, record) || sha256_hex(record) != outcome.sha256) break;
        ++records;
      }
      outcomes_.push_back(std::move(outcome));
    } catch (const json::exception&) {
      break;
    }
  }
  cut(pixels_, folder_, records * record_bytes_);
  cut(journal_, folder_, good);
  if (good == 0) write_all(journal_, folder_, first_line);
}

void Spill::append(std::vector<Outcome> outcomes, std::span<const std::uint8_t> pixels) {
  write_all(pixels_, folder_, {reinterpret_cast<const char*>(pixels.data()), pixels.size()});
  std::string lines;
  for (const Outcome& outcome : outcomes) lines += line_of(outcome);
  write_all(journal_, folder_, lines);
  std::ranges::move(outcomes, std::back_inserter(outcomes_));
}

}  // namespace mien
