// How each file of this folder declares its commands: names, flags, help, and the function that
// runs. A command owns a structure with its own options. Only command.cpp includes CLI11.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mien {

struct Experiment;

/// One flag or positional argument of a command. Each function changes it and returns it.
class Argument {
 public:
  explicit Argument(CLI::Option* option) : option_(option) {}

  Argument& required();
  /// Prints the value that the variable has now as the default.
  Argument& show_default();
  Argument& one_of(std::vector<std::string> words);
  Argument& range(int low, int high);
  Argument& range(double low, double high);
  /// Reads "90s", "30m" or "2h" as seconds.
  Argument& duration();
  /// Takes one value after each mention; help calls it `type`.
  Argument& one_each(const char* type);
  Argument& separated_by(char separator);

 private:
  CLI::Option* option_;
};

/// Where a command reads experiments: a folder, and files of external models.
struct ConfigOptions {
  std::string folder;
  std::vector<std::string> cards;
  /// Reads them; see load_experiments.
  std::vector<Experiment> load() const;
};

/// What most commands share: how they print, and where they find results and experiments.
struct PrintedOptions {
  static constexpr const char* kFormats = "text,md,csv,json";  // what --format takes
  std::string format = "text";
};
struct TextOptions : PrintedOptions {
  static constexpr const char* kFormats = "text,json";
};
struct StoredOptions : PrintedOptions {
  std::string database;
  ConfigOptions configs;
};

/// One command of the tree. It is a handle: copies mean the same command.
class CliCommand {
 public:
  /// What all commands of a program share: the one that was chosen, and what to do before it runs.
  struct Chosen {
    std::function<int()> run;
    std::vector<std::function<void()>> before;
  };

  CliCommand(CLI::App* app, Chosen* chosen) : app_(app), chosen_(chosen) {}

  /// Adds a command that only holds others.
  CliCommand group(const char* name, const char* help);
  /// Adds a command that runs `run` with its options, which live as long as the command line.
  template <typename Options>
  std::pair<CliCommand, Options&> add(const char* name,
                                      const char* help,
                                      int (*run)(const Options&)) {
    auto options = std::make_shared<Options>();
    CliCommand command = add_running(name, help, [options, run] { return run(*options); });
    command.format(options->format, Options::kFormats);
    return {command, *options};
  }

  Argument option(const char* names, std::string& value, const char* help);
  Argument option(const char* names, int& value, const char* help);
  Argument option(const char* names, std::int64_t& value, const char* help);
  Argument option(const char* names, double& value, const char* help);
  Argument option(const char* names, std::vector<std::string>& values, const char* help);
  Argument option(const char* names, std::vector<std::int64_t>& values, const char* help);
  void flag(const char* names, bool& value, const char* help);
  /// Accepts the former name of a flag, with a line that tells the present one. Help omits it.
  void former_flag(const char* former, const char* present, bool& value);

  // Flags that many commands have.
  void json(std::string& format, const char* help);
  void database(std::string& path);
  void configs(ConfigOptions& configs);
  void stored(StoredOptions& options);  // --db, --configs, --card
  void device(std::string& device);
  void time_limit(std::int64_t& seconds, const char* help);

 private:
  void format(std::string& format, const char* formats);
  CliCommand add_running(const char* name, const char* help, std::function<int()> run);

  CLI::App* app_;
  Chosen* chosen_;
};

/// Thrown by a command that has nothing to do but print its help.
struct HelpWanted {};

/// The command line of a program.
class CommandLine {
 public:
  CommandLine(const char* what, const char* footer, const std::string& version);
  ~CommandLine();

  CliCommand root();
  /// Parses the arguments and runs the chosen command. Returns its exit code; prints help, or one
  /// line about wrong arguments (Exit::kUsage).
  int run(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
  CliCommand::Chosen chosen_;
};

// The commands of bench, in the order of `bench --help`.
void declare_list(CliCommand& bench);          // show.cpp
void declare_plan_and_run(CliCommand& bench);  // run.cpp
void declare_time(CliCommand& bench);          // time.cpp
void declare_modes(CliCommand& bench);         // modes.cpp
void declare_board(CliCommand& bench);         // show.cpp
void declare_show(CliCommand& bench);          // show.cpp
void declare_explain(CliCommand& bench);       // explain.cpp
void declare_claims(CliCommand& bench);        // claims.cpp
void declare_data(CliCommand& bench);          // data.cpp
void declare_mesh(CliCommand& bench);          // convert.cpp
void declare_realy(CliCommand& bench);         // realy.cpp
void declare_weights(CliCommand& bench);       // convert.cpp
void declare_doctor(CliCommand& bench);        // data.cpp
void declare_help(CliCommand& bench);          // show.cpp

// Commands below `bench data` that other files declare.
void declare_data_splits(CliCommand& data);  // splits.cpp
void declare_data_crop(CliCommand& data);    // convert.cpp

}  // namespace mien
