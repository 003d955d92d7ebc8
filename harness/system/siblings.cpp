#include "harness/system/siblings.h"

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/system/process.h"
#include "harness/system/progress.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr std::string_view kPreparePrefix = "bench-prepare: ";
constexpr std::string_view kStep = "step ";  // "step 12 jaffe: drawing 213 synthetic images"

/// Shows the lines of bench-prepare's stderr as they come. The newest line is held back: it is the
/// problem if the program fails.
class PrepareLines {
 public:
  void add(const std::string& text) {
    rest_ += text;
    for (std::size_t end; (end = rest_.find('\n')) != std::string::npos;) {
      std::string line = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      if (line.starts_with(kPreparePrefix)) line.erase(0, kPreparePrefix.size());
      if (!line.empty()) take(std::move(line));
    }
    steps_.tick();
  }

  /// Returns the line that was held back.
  std::string last() {
    add("\n");
    steps_.end();
    return std::move(held_);
  }

 private:
  void take(std::string line) {
    show(std::move(held_));
    held_.clear();
    if (!line.starts_with(kStep)) {
      held_ = std::move(line);
      return;
    }
    char* text = nullptr;
    const double seconds = std::strtod(line.c_str() + kStep.size(), &text);
    steps_.begin(std::string(text + std::strspn(text, " ")), seconds);
  }

  void show(const std::string& line) {
    if (!line.empty()) steps_.line(line);
  }

  std::string rest_, held_;
  StepDisplay steps_{"bench: "};
};

}  // namespace

std::string sibling(const std::string& program) {
  const std::filesystem::path path = paths::binaries() / program;
  if (!std::filesystem::exists(path))
    fail(Exit::kPrecondition,
         "{}: not there; lite builds and bundles do without it. Build the preset release for this",
         path.string());
  return path.string();
}

PrepareAnswer ask_prepare(const std::vector<std::string>& arguments) {
  Command command{{sibling("bench-prepare")}, {}, 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  PrepareLines lines;
  const Output output = run_to_end(command, [&](const std::string& err) { lines.add(err); });
  std::string last = lines.last();
  if (output.exited.signal != 0)
    fail(Exit::kTaskFailed,
         "bench-prepare {} was killed by signal {}",
         fmt::join(arguments, " "),
         output.exited.signal);
  PrepareAnswer answer;
  json report = json::parse(output.out, nullptr, /*allow_exceptions=*/false);
  if (!report.is_discarded() && !report.is_null())
    answer.report = std::make_shared<const json>(std::move(report));
  answer.exit_code = output.exited.exit_code;
  if (answer.exit_code != 0)
    answer.problem = std::move(last);
  else if (!last.empty())
    fmt::print(stderr, "bench: {}\n", last);
  return answer;
}

json call_prepare(const std::vector<std::string>& arguments) {
  PrepareAnswer answer = ask_prepare(arguments);
  if (answer.exit_code != 0)
    throw Error(static_cast<Exit>(answer.exit_code), std::move(answer.problem));
  return answer.report ? *answer.report : json();
}

WorkerDevices ask_devices() {
  const Output output = run_to_end({{sibling("bench-worker"), "devices"}, {}, 0}, false);
  const json found = json::parse(output.out, nullptr, /*allow_exceptions=*/false);
  if (output.exited.exit_code == 0 && output.exited.signal == 0 && found.is_object())
    return {.gpus = found.value("cuda", 0),
            .pci = found.value("pci", std::vector<std::string>()),
            .blas = found.value("blas", "unknown")};
  const std::string problem = last_line(output.err);
  fail(Exit::kPrecondition,
       "{}",
       problem.empty() ? "bench-worker devices: ended without an answer" : problem);
}

}  // namespace mien
