// bench-prepare: datasets on disk in, packs out. Results are JSON on stdout, everything else is one
// line on stderr, and the exit code says what kind of trouble it was (harness/core/error.h).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "datasets/prepare.h"
#include "harness/core/error.h"

namespace mien {
namespace {

void print(const nlohmann::ordered_json& value) { fmt::print("{}\n", value.dump(2)); }

struct Arguments {
  PrepareRequest request;
  std::filesystem::path out;
  SynthesizeOptions synthesis;
};

Exit run_verify(const PrepareRequest& request) {
  const Verification result = verify(request);
  print(result.report);
  if (result.exit != Exit::kDone) fmt::print(stderr, "bench-prepare: {}\n", result.problem);
  return result.exit;
}

Exit run_synthesize(const Arguments& arguments) {
  synthesize(arguments.request.name, arguments.out, arguments.synthesis);
  print({{"dataset", arguments.request.name}, {"out", arguments.out.string()}});
  return Exit::kDone;
}

/// Declares the verbs; each fills `arguments` and is found again by its name.
void declare(CLI::App& app, Arguments& arguments) {
  PrepareRequest& request = arguments.request;
  const auto verb = [&](const char* name, const char* help) {
    CLI::App* sub = app.add_subcommand(name, help);
    if (std::string_view(name) != "cards")
      sub->add_option("name", request.name, "dataset, e.g. fer2013")->required();
    return sub;
  };
  verb("cards", "print the table of datasets");
  verb("locate", "say where a dataset lies and whether a pack of it is up to date");
  for (CLI::App* sub : {verb("prepare", "read a dataset, verify it and write its pack"),
                        verb("verify", "read everything again and compare with what is known")}) {
    sub->add_option("--source", request.source, "folder to read instead of the usual one");
    sub->add_flag("--accept-unverified",
                  request.accept_unverified,
                  "read files whose digest is not a published one; results say so");
    sub->add_flag("--stand-in", request.stand_in, "the synthetic stand-in even where real data is");
  }
  CLI::App* synthesis = verb("synthesize", "write a synthetic stand-in in the dataset's layout");
  synthesis->add_option("--out", arguments.out, "folder, new or empty")->required();
  synthesis->add_option("--subjects", arguments.synthesis.subjects, "how many people to invent");
  synthesis->add_option("--seed", arguments.synthesis.seed, "another seed, other faces")
      ->capture_default_str();
}

Exit run(const std::string& verb, const Arguments& arguments) {
  if (verb == "verify") return run_verify(arguments.request);
  if (verb == "synthesize") return run_synthesize(arguments);
  if (verb == "cards") print(cards());
  if (verb == "locate") print(locate(arguments.request.name));
  if (verb == "prepare") print(prepare(arguments.request));
  return Exit::kDone;
}

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  CLI::App app("Reads a dataset in its published layout, verifies it and writes a pack.");
  app.require_subcommand(1);
  mien::Arguments arguments;
  mien::declare(app, arguments);
  try {
    app.parse(argc, argv);
    return static_cast<int>(mien::run(app.get_subcommands().front()->get_name(), arguments));
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "bench-prepare: {}; see bench-prepare --help\n", error.what());
    return static_cast<int>(mien::Exit::kUsage);
  } catch (const mien::Error& error) {
    fmt::print(stderr, "bench-prepare: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {  // out of memory, or a fault of ours: still one line
    fmt::print(stderr, "bench-prepare: unexpected: {}\n", error.what());
    return static_cast<int>(mien::Exit::kPrecondition);
  }
}
