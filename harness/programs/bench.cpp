// bench: the command that people type. It starts quickly because it links neither LibTorch nor
// OpenCV; the other programs do that work.
#include <cstdio>

#include "harness/base/error.h"
#include "harness/cli/command.h"
#include "harness/system/environment.h"

namespace mien {
namespace {

constexpr const char* kFooter = R"(Exit codes:
  0 done, gate passed            4 inconclusive under --strict
  1 gate failed, or new          5 data, baseline or machine class missing
    findings of claims lint      6 corrupt file or hash mismatch
  2 usage or configuration       130/143 interrupted; run again to go on
  3 a task failed, rest stored

Real data is read from $MIEN_DATA/<dataset> (default ~/mien-data); packs are kept in $MIEN_CACHE
(default ~/.cache/mien); results go to --db, $MIEN_DB or ./results.db.)";

/// Declares the commands in the order of `bench --help`.
void declare_commands(CliCommand bench) {
  declare_list(bench);
  declare_plan_and_run(bench);
  declare_time(bench);
  declare_modes(bench);
  declare_board(bench);
  declare_show(bench);
  declare_explain(bench);
  declare_claims(bench);
  declare_data(bench);
  declare_mesh(bench);
  declare_realy(bench);
  declare_weights(bench);
  declare_doctor(bench);
  declare_help(bench);
}

/// Runs the command line. Every error becomes one line and its exit code here.
int run(CommandLine& line, int argc, char** argv) {
  try {
    return line.run(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}; this is a bug in Mien, please report it\n", error.what());
    return static_cast<int>(Exit::kTaskFailed);
  }
}

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  const mien::Environment host = mien::host_environment();
  mien::CommandLine line(
      "Mien reproduces published results of facial-expression models and prints, for every claim, "
      "a verdict with the measurement behind it.",
      mien::kFooter,
      fmt::format("mien {} ({}, {})", host.mien_version, host.commit, host.dirty));
  mien::declare_commands(line.root());
  return mien::run(line, argc, argv);
}
