// The three programs as a person types them: run, resume, survive.
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/system/process.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr const char* kBin = MIEN_BINARY_DIR "/bin/";

/// `epochs` large enough to be caught running, small enough to end.
std::string quick_config(int epochs, int seeds) {
  return fmt::format(R"(schema: 1
experiment: deepemotion@fer2013
title: e2e
model: deepemotion
variant: fig
dataset: fer2013
claim: {{id: e2e, value: 70.02}}
assumptions: [{{field: batch, choice: "32", reason: e2e}}]
protocol:
  epochs: {}
  batch: 32
  optimizer: {{name: adam, learning_rate: 0.003}}
  select: best_validation
profiles:
  smoke:
    seeds: {}
    protocol:
      limit: {{train: 256, validation: 64, test: 128}}
      timing: {{repetitions: 2, seconds: 0.01, warmup_seconds: 0}}
)",
                     epochs,
                     seeds);
}

constexpr const char* kNullConfig = R"(schema: 1
experiment: "null@fer2013"
model: "null"
variant: majority
dataset: fer2013
profiles:
  smoke:
    protocol: {timing: {repetitions: 2, seconds: 0.01, warmup_seconds: 0}}
)";

class EndToEnd : public ::testing::Test {
 protected:
  EndToEnd() { configure(2, 1); }

  void configure(int epochs, int seeds) {
    folder.write("configs/deepemotion@fer2013.yaml", quick_config(epochs, seeds));
    folder.write("configs/null@fer2013.yaml", kNullConfig);
  }

  Command command(const std::string& program, std::vector<std::string> arguments) {
    Command c{{kBin + program}, {}, 0};
    c.arguments.insert(c.arguments.end(), arguments.begin(), arguments.end());
    c.environment = {{"MIEN_CACHE", shared_cache().string()},
                     {"MIEN_DATA", (folder / "data").string()},
                     {"MIEN_DB", (folder / "results.db").string()}};
    return c;
  }
  Output bench(std::vector<std::string> arguments) {
    return run_to_end(command("bench", std::move(arguments)), false);
  }
  std::vector<std::string> run_arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> all = {
        "run", "all", "--configs", (folder / "configs").string(), "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  /// One stand-in and its pack serve every test of this program.
  static fs::path shared_cache() {
    static const testing::TempDir cache;
    return cache.path();
  }

  json query(const std::string& sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open((folder / "results.db").c_str(), &db), SQLITE_OK);
    json rows = json::array();
    const auto collect = [](void* target, int columns, char** values, char**) {
      json row = json::array();
      for (int i = 0; i < columns; ++i) row.push_back(values[i] ? json(values[i]) : json());
      static_cast<json*>(target)->push_back(row);
      return 0;
    };
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), collect, &rows, &error), SQLITE_OK) << error;
    sqlite3_close(db);
    return rows;
  }

  /// Pid of the worker of a running bench, 0 while there is none.
  static pid_t worker_of(pid_t bench) {
    std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", bench));
    for (pid_t child; children >> child;) {
      std::ifstream command_line(fmt::format("/proc/{}/cmdline", child));
      std::string text;
      // With a CUDA build, `bench-worker devices` runs first.
      if (std::getline(command_line, text) && text.find("--shard") != std::string::npos)
        return child;
    }
    return 0;
  }
  /// Waits until `bench` has a worker that trains.
  static pid_t wait_for_worker(const Process& bench) {
    for (int i = 0; i < 600; ++i) {
      if (const pid_t worker = worker_of(bench.pid())) {
        ::usleep(1'500'000);  // past the loading of LibTorch, into the training
        return worker;
      }
      ::usleep(50'000);
    }
    return 0;
  }
  static Output finish(Process& process) {
    Output output;
    while (process.out() >= 0 || process.err() >= 0) {
      process.read_out(output.out);
      process.read_err(output.err);
      ::usleep(20'000);
    }
    output.exited = process.wait();
    return output;
  }
  static bool gone(pid_t pid) {
    for (int i = 0; i < 200; ++i) {
      if (::kill(pid, 0) != 0) return true;
      ::usleep(50'000);
    }
    return false;
  }
  Output explain(const std::string& experiment, std::vector<std::string> more) {
    std::vector<std::string> all = {"explain",
                                    experiment,
                                    "--configs",
                                    (folder / "configs").string(),
                                    "--size",
                                    "16",
                                    "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return bench(all);
  }
  /// After a run: a picture says what the task stored; faults are one line.
  void explain_what_ran() {
    const std::string network = "deepemotion@fer2013", out = (folder / "x.png").string();
    const json stored = query(
        "SELECT p.sample_id, c.name FROM prediction p JOIN task t ON t.key = p.task "
        "JOIN class_name c ON c.task = t.key AND c.label = p.predicted "
        "WHERE t.experiment = 'deepemotion@fer2013' AND p.split = 'test' LIMIT 1")[0];
    const Output sample = explain(network, {"--sample", stored[0], "-o", out});
    ASSERT_EQ(sample.exited.exit_code, 0) << sample.err;
    EXPECT_EQ(json::parse(sample.out).at("explanation").at("predicted"), stored[1]);
    EXPECT_TRUE(read_text(out).starts_with("\x89PNG"));
    const std::string page = (folder / "x.html").string();
    const Output mean = explain(network, {"--class", "happy", "-o", page});
    ASSERT_EQ(mean.exited.exit_code, 0) << mean.err;
    EXPECT_TRUE(read_text(page).starts_with("<!DOCTYPE html>"));

    struct Case {
      std::string experiment;
      std::vector<std::string> arguments;
      int code;
      std::string message;
    };
    const Case cases[] = {
        {network, {"--sample", "rov02040", "-o", out}, 2, "did you mean"},
        {network, {"--class", "hapy", "-o", out}, 2, "did you mean happy"},
        {network, {"--class", "happy", "--stride", "17", "-o", out}, 2, "--stride 17"},
        {network, {"--class", "happy", "-o", "x.bmp"}, 2, "must end in"},
        {network, {"-o", out}, 2, "--sample"},
        {network, {"--class", "happy", "--task", "zz", "-o", out}, 2, "--task zz"},
        {"deepemotoin@fer2013", {"--class", "happy", "-o", out}, 2, "did you mean deepemotion"},
        {"null@fer2013", {"--class", "happy", "-o", out}, 5, "left no weights"},
    };
    for (const Case& c : cases) {
      const Output output = explain(c.experiment, c.arguments);
      EXPECT_EQ(output.exited.exit_code, c.code) << json(c.arguments) << output.err;
      EXPECT_NE(output.err.find(c.message), std::string::npos) << output.err;
      EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
    }
    const std::string weights =
        query("SELECT path FROM artifact WHERE kind = 'weights'")[0][0].get<std::string>();
    std::ofstream(weights, std::ios::app) << "x";
    EXPECT_EQ(explain(network, {"--class", "happy", "-o", out}).exited.exit_code, 6);
    fs::remove(weights);
    const Output gone = explain(network, {"--class", "happy", "-o", out});
    EXPECT_EQ(gone.exited.exit_code, 5);
    EXPECT_NE(gone.err.find("run bench run"), std::string::npos) << gone.err;
  }
  std::vector<std::string> leftovers() {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
      if (entry.path().string().find("partial") != std::string::npos)
        names.push_back(entry.path().string());
    return names;
  }

  testing::TempDir folder;
};

TEST_F(EndToEnd, ListsAClaimWithoutAFigureAsUnknown) {
  std::string config = quick_config(2, 1);
  const std::string figure = ", value: 70.02";
  config.erase(config.find(figure), figure.size());
  folder.write("configs/deepemotion@fer2013.yaml", config);
  const std::string configs = (folder / "configs").string();
  for (const std::vector<std::string>& reading :
       {std::vector<std::string>{"list"}, {"show", "deepemotion@fer2013"}}) {
    std::vector<std::string> arguments = reading;
    arguments.insert(arguments.end(), {"--configs", configs});
    const Output output = bench(arguments);
    EXPECT_EQ(output.exited.exit_code, 0) << output.err;
    EXPECT_NE(output.out.find("unknown"), std::string::npos) << output.out;
    EXPECT_EQ(output.out.find("nan"), std::string::npos) << output.out;
  }
  const Output listed = bench({"list", "--json", "--configs", configs});
  EXPECT_TRUE(json::parse(listed.out).at("experiments").at(0).at("claim").is_null()) << listed.out;
}

TEST_F(EndToEnd, RunBoardShowAndRunAgain) {
  const Output first = bench(run_arguments());
  ASSERT_EQ(first.exited.exit_code, 0) << first.err;
  const json result = json::parse(first.out);
  EXPECT_EQ(result.at("tasks").size(), 3u) << "a network, its timing, and the floor";
  for (const json& task : result.at("tasks")) EXPECT_EQ(task.at("state"), "done") << task;
  EXPECT_TRUE(leftovers().empty()) << json(leftovers());

  const Output again = bench(run_arguments());
  EXPECT_EQ(again.exited.exit_code, 0) << again.err;
  EXPECT_TRUE(json::parse(again.out).at("tasks").empty()) << "done tasks must not run again";

  const Output text = bench({"board"}), csv = bench({"board", "--format", "csv"});
  EXPECT_NE(text.out.find("deepemotion@fer2013"), std::string::npos);
  EXPECT_NE(text.out.find("stand-in"), std::string::npos);
  EXPECT_NE(csv.out.find("null@fer2013"), std::string::npos);
  const json board = json::parse(bench({"board", "--json"}).out);
  for (const json& row : board.at("rows")) {
    EXPECT_EQ(row.at("data"), "stand-in");
    EXPECT_TRUE(row.at("verdict").is_null()) << "stand-ins get no verdict";
  }

  const std::string id =
      query("SELECT id FROM task WHERE experiment = 'deepemotion@fer2013'")[0][0];
  const Output show = bench({"show", id.substr(0, 12), "--configs", (folder / "configs").string()});
  EXPECT_EQ(show.exited.exit_code, 0) << show.err;
  for (const char* part : {"Metrics", "Curve", "Confusion", "Where it ran", "loop_overhead"})
    EXPECT_NE(show.out.find(part), std::string::npos) << part;
  EXPECT_EQ(query("SELECT count(*) FROM prediction")[0][0], "912")
      << "64 + 128 of the network, 360 + 360 of the floor, which has no limit";
  explain_what_ran();
}

TEST_F(EndToEnd, KilledWorkerCostsOneTaskAndTheNextRunMendsIt) {
  configure(400, 1);
  Process process(command("bench", run_arguments()));
  const pid_t worker = wait_for_worker(process);
  ASSERT_NE(worker, 0);
  ::kill(worker, SIGKILL);
  const Output output = finish(process);
  EXPECT_EQ(output.exited.exit_code, 3) << output.err;
  EXPECT_NE(output.err.find("killed by signal 9"), std::string::npos) << output.err;
  EXPECT_EQ(query("SELECT count(*) FROM attempt WHERE state = 'crashed'")[0][0], "1");
  EXPECT_EQ(query("SELECT count(*) FROM attempt WHERE state = 'done'")[0][0], "2");
  EXPECT_TRUE(leftovers().empty()) << json(leftovers());
}

TEST_F(EndToEnd, KilledBenchLosesNothingFinished) {
  configure(400, 1);
  // The floor alone first, so that something is finished.
  ASSERT_EQ(bench({"run", "null", "--configs", (folder / "configs").string()}).exited.exit_code, 0);
  Process process(command("bench", run_arguments()));
  const pid_t worker = wait_for_worker(process);
  ASSERT_NE(worker, 0);
  ::kill(process.pid(), SIGKILL);
  EXPECT_TRUE(gone(worker)) << "the worker outlived its bench";
  process.wait();
  EXPECT_EQ(query("SELECT count(*) FROM attempt WHERE state = 'done'")[0][0], "1");
  EXPECT_EQ(query("PRAGMA integrity_check")[0][0], "ok");
  configure(2, 1);
  const Output again = bench(run_arguments());
  EXPECT_EQ(again.exited.exit_code, 0) << again.err;
  EXPECT_EQ(json::parse(again.out).at("tasks").size(), 2u) << "the floor's task is done already";
  EXPECT_TRUE(leftovers().empty()) << json(leftovers());
}

TEST_F(EndToEnd, InterruptIsCleanAndResumable) {
  configure(400, 1);
  Process process(command("bench", run_arguments()));
  ASSERT_NE(wait_for_worker(process), 0);
  ::kill(process.pid(), SIGINT);
  const Output output = finish(process);
  EXPECT_EQ(output.exited.exit_code, 130) << output.err;
  EXPECT_NE(output.err.find("run the same command to go on"), std::string::npos);
  EXPECT_EQ(query("SELECT count(*) FROM attempt WHERE state = 'interrupted'")[0][0], "1");
  configure(2, 1);
  EXPECT_EQ(bench(run_arguments()).exited.exit_code, 0);
}

TEST_F(EndToEnd, HangingWorkerIsStoppedAtItsLimit) {
  configure(400, 1);
  Process process(command("bench", run_arguments({"--time-limit", "4s"})));
  const pid_t worker = wait_for_worker(process);
  ASSERT_NE(worker, 0);
  ::kill(worker, SIGSTOP);
  const Output output = finish(process);
  EXPECT_EQ(output.exited.exit_code, 3);
  EXPECT_EQ(query("SELECT count(*) FROM attempt WHERE state = 'timeout'")[0][0], "1") << output.err;
  EXPECT_EQ(query("SELECT count(*) FROM attempt WHERE state = 'done'")[0][0], "2");
}

TEST_F(EndToEnd, OutOfMemoryIsTold) {
  folder.write("configs/deepemotion@fer2013.yaml",
               quick_config(1, 1).replace(
                   quick_config(1, 1).find("batch: 32\n"), 10, "batch: 65536\n  dropout: 0.5\n"));
  std::string text = read_text(folder / "configs/deepemotion@fer2013.yaml");
  text.replace(text.find("train: 256"), 10, "train: 1680");
  folder.write("configs/deepemotion@fer2013.yaml", text);
  // The training is the only task: how much memory others need depends on the machine.
  const Output output = bench({"run",
                               "deepemotion@fer2013",
                               "--configs",
                               (folder / "configs").string(),
                               "--metric",
                               "scores",
                               "--memory-limit",
                               "700"});
  EXPECT_EQ(output.exited.exit_code, 3) << output.err;
  const json rows = query("SELECT state, message FROM attempt");
  ASSERT_EQ(rows.size(), 1u) << output.err;
  EXPECT_EQ(rows[0][0], "oom") << rows;
}

TEST_F(EndToEnd, TwoRunsDoNotShareADatabase) {
  configure(400, 1);
  Process process(command("bench", run_arguments()));
  ASSERT_NE(wait_for_worker(process), 0);
  const Output second = bench(run_arguments());
  EXPECT_EQ(second.exited.exit_code, 5);
  EXPECT_NE(second.err.find("another bench run is using this database"), std::string::npos);
  process.kill(SIGTERM);
  EXPECT_EQ(finish(process).exited.exit_code, 143);
}

TEST_F(EndToEnd, DamagedPackIsMendedByBenchAndRefusedByTheWorker) {
  ASSERT_EQ(bench(run_arguments()).exited.exit_code, 0);
  const json located =
      json::parse(run_to_end(command("bench-prepare", {"locate", "fer2013"}), false).out);
  const fs::path pack = located.at("pack").get<std::string>();
  std::fstream file(pack, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(pack)) - 100);
  file.put('\x5a');
  file.put('\x5b');
  file.close();
  folder.write("task.json",
               query("SELECT plan FROM task WHERE experiment = 'deepemotion@fer2013'")[0][0]);
  const Output worker = run_to_end(command("bench-worker",
                                           {"run",
                                            (folder / "task.json").string(),
                                            "--pack",
                                            pack.string(),
                                            "--shard",
                                            (folder / "shard.db").string()}),
                                   false);
  EXPECT_EQ(worker.exited.exit_code, 6) << worker.err;
  EXPECT_FALSE(fs::exists(folder / "shard.db"));
  const Output mended = bench(run_arguments({"--seeds", "2"}));
  EXPECT_EQ(mended.exited.exit_code, 0) << mended.err;
}

TEST_F(EndToEnd, EveryFaultIsOneLineWithItsCode) {
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string message;
  };
  const std::string configs = (folder / "configs").string();
  folder.write("broken/x@y.yaml", "schema: 1\nexperiment: x@y\nmodle: net\n");
  folder.write("text.db", "this is no database, but long enough to be looked at as one");
  fs::create_directories(folder / "somewhere");
  const Case cases[] = {
      {{"run", "deepemotoin", "--configs", configs}, 2, "did you mean deepemotion"},
      {{"run", "all", "--configs", (folder / "broken").string()},
       2,
       "x@y.yaml:3:1: unknown key 'modle'"},
      {{"run", "all", "--configs", configs, "--set", "epoch=1"}, 2, "did you mean epochs"},
      {{"run", "all", "--configs", configs, "--profile", "smok"}, 2, "did you mean smoke"},
      {{"run", "all", "--configs", configs, "--device", "cuda:99"}, 5, "--device cuda:99"},
      {{"run", "all", "--configs", (folder / "nowhere").string()}, 5, "no experiment"},
      {{"board", "--db", (folder / "none.db").string()}, 5, "none.db"},
      {{"board", "--db", (folder / "text.db").string()}, 6, "text.db"},
      {{"show", "deepemotio"}, 2, "did you mean deepemotion"},
      {{"data", "prepare", "fer2014"}, 2, "did you mean fer2013"},
      {{"data", "prepare", "fer2013", "--source", (folder / "somewhere").string()},
       5,
       "fer2013.csv"},
  };
  for (const Case& c : cases) {
    const Output output = bench(c.arguments);
    EXPECT_EQ(output.exited.exit_code, c.code) << json(c.arguments) << output.err;
    EXPECT_NE(output.err.find(c.message), std::string::npos) << json(c.arguments) << output.err;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
    EXPECT_TRUE(output.out.empty()) << output.out;
  }
  EXPECT_EQ(bench({}).exited.exit_code, 2);
  EXPECT_EQ(bench({"--help"}).exited.exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "results.db")) << "nothing ran, nothing may be created";
}

TEST_F(EndToEnd, FullDiskLeavesNothingHalfWritten) {
  const fs::path disk = folder / "disk";
  fs::create_directories(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "mounting a small file system needs root";
  const std::shared_ptr<void> unmount(nullptr, [&](void*) { ::umount2(disk.c_str(), MNT_DETACH); });
  Command c = command("bench", run_arguments());
  c.environment["MIEN_CACHE"] = (disk / "cache").string();
  const Output cache_full = run_to_end(c, false);
  EXPECT_EQ(cache_full.exited.exit_code, 5) << cache_full.err;
  EXPECT_NE(cache_full.err.find("No space left"), std::string::npos) << cache_full.err;
  for (const auto& entry : fs::recursive_directory_iterator(disk))
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
  const Output database_full =
      bench(run_arguments({"--db", (disk / "results.db").string(), "--seeds", "9"}));
  EXPECT_TRUE(database_full.exited.exit_code == 5 || database_full.exited.exit_code == 3)
      << database_full.exited.exit_code << database_full.err;
  EXPECT_TRUE(leftovers().empty()) << json(leftovers());
}

TEST_F(EndToEnd, ModesOfATrainedNetworkAreComparedAndKept) {
  ASSERT_EQ(bench(run_arguments()).exited.exit_code, 0);
  const std::vector<std::string> arguments = {
      "modes", "deepemotion@fer2013", "--device", "cpu", "--seconds", "0.01", "--json"};
  const Output output = bench(arguments);
  ASSERT_EQ(output.exited.exit_code, 0) << output.err;
  const json report = json::parse(output.out);
  ASSERT_EQ(report.at("modes").size(), 7u);
  const json& fp32 = report.at("modes").at(0);
  EXPECT_EQ(fp32.at("n"), 128);
  EXPECT_EQ(fp32.at("batch"), 32);
  for (const json& note : report.at("notes"))
    EXPECT_EQ(note.get<std::string>().find("the task stored"), std::string::npos) << note;
  const json& last = report.at("modes").at(6);
  EXPECT_EQ(last.at("mode"), "inference");
  EXPECT_EQ(last.at("flipped"), 0);
  EXPECT_LT(last.at("relative"), 1e-4);
  EXPECT_EQ(query("SELECT count(*) FROM mode")[0][0], "7");
  EXPECT_EQ(bench(arguments).exited.exit_code, 0);
  EXPECT_EQ(query("SELECT count(*) FROM mode")[0][0], "7") << "replaced";

  const std::string id = report.at("task");
  EXPECT_EQ(json::parse(bench({"show", id, "--json"}).out).at("modes").size(), 7u);
  EXPECT_NE(bench({"show", id}).out.find("Ways to run its forward pass"), std::string::npos);
  const Output table = bench({"modes", id.substr(0, 12), "--device", "cpu", "--seconds", "0.01"});
  EXPECT_NE(table.out.find("not on this device: "), std::string::npos) << table.out << table.err;
  EXPECT_EQ(bench({"modes", "null@fer2013"}).exited.exit_code, 5) << "it has no weights";
  EXPECT_EQ(bench({"modes", "deepemotion@jaffe"}).exited.exit_code, 5);
}

TEST_F(EndToEnd, WrongDigestNeedsConsent) {
  ASSERT_EQ(
      run_to_end(command("bench-prepare",
                         {"synthesize", "fer2013", "--out", (folder / "data/fer2013").string()}),
                 false)
          .exited.exit_code,
      0);
  fs::remove(folder / "data/fer2013/STAND-IN.json");
  const Output refused = bench(run_arguments());
  EXPECT_EQ(refused.exited.exit_code, 5) << refused.err;
  EXPECT_NE(refused.err.find("--accept-unverified"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace mien
