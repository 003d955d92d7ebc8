// The options that select samples of a dataset, shared by the commands below `bench data`.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/command.h"

namespace mien {

struct SampleOptions {
  std::string dataset;
  std::string source;  // folder; "" = $MIEN_DATA/<dataset>
  std::string frames;  // frame rule; "" = the dataset's first
  bool stand_in = false, accept_unverified = false;

  /// Declares them for a command.
  void declare(CliCommand& command);
  /// Returns the arguments of `bench-prepare VERB`.
  std::vector<std::string> arguments(const char* verb) const;
};

}  // namespace mien
