// Errors a person can act on: one line that says where, what, and what to do next, plus the
// exit code that a script can act on. A fault of ours is MIEN_ASSERT; a run that completed but
// failed a check is neither (it is a stored result).
#pragma once

#include <fmt/ranges.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien {

/// Exit codes of every program; printed by `bench --help`. Do not renumber: scripts rely on them.
enum class Exit : int {
  kDone = 0,
  kGateFailed = 1,     // a confirmed regression, or a claim contradicted
  kUsage = 2,          // usage or configuration error; nothing ran
  kTaskFailed = 3,     // a task failed, timed out or ran out of memory; the rest is stored
  kInconclusive = 4,   // inconclusive under --strict
  kPrecondition = 5,   // data, baseline or machine class missing or mismatched
  kIntegrity = 6,      // a corrupt pack, shard or database; a hash that does not match
  kInterrupted = 130,  // Ctrl-C: partial results kept, resumable
  kTerminated = 143,   // SIGTERM: likewise
};

/// A fault of the user's input or environment. `what()` is the one line to print.
class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& line) : std::runtime_error(line), code_(code) {}
  Exit code() const { return code_; }

 private:
  Exit code_;
};

/// Throws Error with a formatted line.
template <typename... Args>
[[noreturn]] void fail(Exit code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// The names in `known` nearest to `name` by edit distance, as ": did you mean a, b?", else as
/// "; known: a, b, c". Empty `known` gives an empty string.
std::string suggest(std::string_view name, const std::vector<std::string>& known);

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace mien

/// For faults of ours: prints the expression and its place, and aborts.
#define MIEN_ASSERT(expression) \
  ((expression) ? void(0) : ::mien::assertion_failed(#expression, __FILE__, __LINE__))
