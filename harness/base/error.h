// Errors that a user can act on. Their message is one line that says where, what, and what to do
// next; the exit code tells a script. A bug in Mien is not an Error but a failed MIEN_ASSERT. A run
// that completed but failed a check is a stored result, not an error.
#pragma once

#include <fmt/ranges.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mien {

/// The exit codes of every program; `bench --help` prints them. Do not renumber: scripts use them.
enum class Exit : int {
  kDone = 0,
  kGateFailed = 1,     // a check failed: a new finding of `claims lint`, a contradicted claim
  kUsage = 2,          // usage or configuration error; nothing ran
  kTaskFailed = 3,     // a task failed, timed out or ran out of memory; the rest is stored
  kInconclusive = 4,   // inconclusive under --strict
  kPrecondition = 5,   // data, baseline or machine class missing or mismatched
  kIntegrity = 6,      // a corrupt pack, shard or database; a hash that does not match
  kInterrupted = 130,  // Ctrl-C: partial results kept, resumable
  kTerminated = 143,   // SIGTERM: likewise
};

/// A fault in the user's input or environment. `what()` is the line to print.
class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& line) : std::runtime_error(line), code_(code) {}
  Exit code() const { return code_; }

 private:
  Exit code_;
};

/// A fault of one input file. Code that reads many files catches this type to skip one of them.
/// `reason()` is the line without the file's path.
class FileError : public Error {
 public:
  FileError(Exit code, const std::string& line, std::string reason)
      : Error(code, line), reason_(std::move(reason)) {}
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// Throws an Error with a formatted line.
template <typename... Args>
[[noreturn]] void fail(Exit code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// Throws Error (Exit::kPrecondition) about a file that somebody else made. `where` names the file
/// and the variable: "BFM.mat: shapePC".
[[noreturn]] void fail_variable(const std::string& where, const std::string& what);
/// Throws as fail_variable does unless all of `values` are finite.
void require_finite(std::span<const float> values, const std::string& where);

/// Throws a FileError with the line "<file>: <reason>".
template <typename... Args>
[[noreturn]] void fail_file(Exit code,
                            const std::string& file,
                            fmt::format_string<Args...> format,
                            Args&&... args) {
  const std::string reason = fmt::format(format, std::forward<Args>(args)...);
  throw FileError(code, file + ": " + reason, reason);
}

/// Returns the names in `known` that are nearest to `name` by edit distance, as
/// ": did you mean a, b?". Returns "; known: a, b, c" where none is near, and "" where `known` is
/// empty.
std::string suggest(std::string_view name, const std::vector<std::string>& known);

/// Prints the fault and its place, and aborts.
[[noreturn]] void assertion_failed(const char* fault, const char* file, int line);

}  // namespace mien

/// Aborts with the expression and its place where the expression is false. Builds of every kind
/// evaluate it; it must have no side effect all the same.
#define MIEN_ASSERT(expression) \
  ((expression) ? void(0)       \
                : ::mien::assertion_failed(#expression " does not hold", __FILE__, __LINE__))
/// Aborts where control must never arrive; `reason` is a string literal.
#define MIEN_UNREACHABLE(reason) ::mien::assertion_failed(reason, __FILE__, __LINE__)
