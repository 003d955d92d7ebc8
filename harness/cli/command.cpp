#include "harness/cli/command.h"

#include <CLI/CLI.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/config/config.h"

namespace mien {
namespace {

/// Turns "90s", "30m" or "2h" into seconds, or returns an error for CLI11 to print.
std::string to_seconds(std::string& text) {
  const std::string digits = text.substr(0, text.find_first_not_of("0123456789"));
  const std::string unit = text.substr(digits.size());
  const std::int64_t factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (digits.empty() || digits.size() > 9 || factor == 0)
    return text + " is not a duration; write 90s, 30m or 2h";
  text = std::to_string(factor * std::stoll(digits));
  return "";
}

}  // namespace

Argument& Argument::required() {
  option_->required();
  return *this;
}

Argument& Argument::show_default() {
  option_->capture_default_str();
  return *this;
}

Argument& Argument::one_of(std::vector<std::string> words) {
  option_->check(CLI::IsMember(std::move(words)));
  return *this;
}

Argument& Argument::range(int low, int high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Argument& Argument::range(double low, double high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Argument& Argument::duration() {
  option_->transform(CLI::Validator(to_seconds, "TIME"));
  return *this;
}

Argument& Argument::one_each(const char* type) {
  option_->type_name(type)->allow_extra_args(false);
  return *this;
}

Argument& Argument::separated_by(char separator) {
  option_->delimiter(separator);
  return *this;
}

std::vector<Experiment> ConfigOptions::load() const { return load_experiments(folder, cards); }

CliCommand CliCommand::group(const char* name, const char* help) {
  CLI::App* app = app_->add_subcommand(name, help);
  app->require_subcommand(1);
  return {app, chosen_};
}

CliCommand CliCommand::add_running(const char* name, const char* help, std::function<int()> run) {
  CLI::App* app = app_->add_subcommand(name, help);
  app->callback([chosen = chosen_, run = std::move(run)] { chosen->run = run; });
  return {app, chosen_};
}

Argument CliCommand::option(const char* names, std::string& value, const char* help) {
  return Argument(app_->add_option(names, value, help));
}
Argument CliCommand::option(const char* names, int& value, const char* help) {
  return Argument(app_->add_option(names, value, help));
}
Argument CliCommand::option(const char* names, std::int64_t& value, const char* help) {
  return Argument(app_->add_option(names, value, help));
}
Argument CliCommand::option(const char* names, double& value, const char* help) {
  return Argument(app_->add_option(names, value, help));
}
Argument CliCommand::option(const char* names, std::vector<std::string>& values, const char* help) {
  return Argument(app_->add_option(names, values, help));
}
Argument CliCommand::option(const char* names,
                            std::vector<std::int64_t>& values,
                            const char* help) {
  return Argument(app_->add_option(names, values, help));
}
void CliCommand::flag(const char* names, bool& value, const char* help) {
  app_->add_flag(names, value, help);
}
void CliCommand::former_flag(const char* former, const char* present, bool& value) {
  const auto accept = [former, present, &value] {
    fmt::print(stderr, "{} is now called {}\n", former, present);
    value = true;
  };
  app_->add_flag_callback(former, accept)->group("");  // no group: help omits it
}

void CliCommand::format(std::string& format, const char* formats) {
  if (*formats == '\0') return;
  json(format, "same as --format json");
  option("--format", format, (std::string("one of ") + formats).c_str())
      .one_of(CLI::detail::split(formats, ','));
}

void CliCommand::json(std::string& format, const char* help) {
  const std::string description = help;  // a text, not a variable for the flag to set
  const CLI::Option* json = app_->add_flag("--json", description);
  // --json decides, also where --format stands beside it.
  chosen_->before.push_back([json, &format] {
    if (json->count() > 0) format = "json";
  });
}

void CliCommand::database(std::string& path) {
  path = paths::environment("MIEN_DB", "results.db");
  option("--db", path, "results database").show_default();
}

void CliCommand::configs(ConfigOptions& configs) {
  configs.folder = (paths::share() / "configs").string();
  option("--configs", configs.folder, "folder of experiments and cards (*.yaml)");
  option("--card", configs.cards, "card of an external model; may be repeated").one_each("FILE");
}

void CliCommand::stored(StoredOptions& options) {
  database(options.database);
  configs(options.configs);
}

void CliCommand::device(std::string& device) {
  option("--device", device, "auto, cpu, cuda or cuda:N").show_default();
}

void CliCommand::time_limit(std::int64_t& seconds, const char* help) {
  option("--time-limit", seconds, help).duration();
}

CommandLine::CommandLine(const char* what, const char* footer, const std::string& version)
    : app_(std::make_unique<CLI::App>(what)) {
  app_->require_subcommand(1);
  app_->footer(footer);
  app_->set_version_flag("--version", version);
}

CommandLine::~CommandLine() = default;

CliCommand CommandLine::root() { return {app_.get(), &chosen_}; }

int CommandLine::run(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app_->exit(help);
  } catch (const CLI::ParseError& error) {
    app_->exit(error);
    return static_cast<int>(Exit::kUsage);
  }
  for (const std::function<void()>& prepare : chosen_.before) prepare();
  try {
    return chosen_.run();
  } catch (const HelpWanted&) {
    return app_->exit(CLI::CallForHelp());
  }
}

}  // namespace mien
