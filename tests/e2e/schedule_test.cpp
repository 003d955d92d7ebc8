// The real bench with a worker that passes the CPU off as two GPUs, and has no memory when told so.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "harness/base/files.h"
#include "harness/system/process.h"
#include "results/store.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr const char* kBin = MIEN_BINARY_DIR "/bin/";

constexpr const char* kConfig = R"(schema: 1
experiment: "null@fer2013"
model: "null"
variant: majority
dataset: fer2013
profiles: {smoke: {}}
)";

/// Beside it, `oom` or `kill` ends one task, `oom-seed-1` every try at seed 1. Keeps a log.
constexpr const char* kWorker = R"(#!/bin/sh
here=$(dirname "$0")
if [ "$1" = devices ]; then echo '{"cuda":2}'; exit 0; fi
for word; do
  if [ "$last" = --device ]; then device=$word; fi
  last=$word
done
task=$2
log() { echo "$1 $device $task" >> "$here/log"; }
out_of_memory() {
  sleep 0.3
  log end
  echo '{"event":"failed","state":"oom","message":"out of memory"}'
  exit 3
}
log start
if rm "$here/oom" 2>/dev/null; then out_of_memory; fi
if [ -e "$here/oom-seed-1" ] && grep -q '^ "seed": 1,' "$task"; then out_of_memory; fi
if rm "$here/kill" 2>/dev/null; then log end; kill -9 $$; fi
for word; do
  shift
  case "$word" in cuda:*) word=cpu;; esac
  set -- "$@" "$word"
done
"$REAL_WORKER" "$@"
code=$?
log end
exit $code
)";

struct Event {
  std::string what, device, task;
};

class SeveralDevices : public ::testing::Test {
 protected:
  SeveralDevices() {
    folder.write("configs/null@fer2013.yaml", kConfig);
    folder.write("bin/bench-worker", kWorker);
    fs::permissions(folder / "bin/bench-worker", fs::perms::owner_all);
    fs::copy_file(std::string(kBin) + "bench", folder / "bin/bench");
    fs::create_symlink(std::string(kBin) + "bench-prepare", folder / "bin/bench-prepare");
    const std::string share = std::string(kBin) + "../share/mien/";
    json models = json::parse(read_text(share + "models.json"));
    models["cuda"] = true;
    folder.write("share/mien/models.json", models.dump());
    folder.write("share/mien/datasets.json", read_text(share + "datasets.json"));
  }

  Output bench(const std::string& verb, std::vector<std::string> more) {
    static const testing::TempDir cache;  // one stand-in serves every test
    Command c{{(folder / "bin/bench").string(),
               verb,
               "null",
               "--configs",
               (folder / "configs").string(),
               "--json"},
              {},
              0};
    c.arguments.insert(c.arguments.end(), more.begin(), more.end());
    c.environment = {{"MIEN_CACHE", cache.path().string()},
                     {"MIEN_DATA", (folder / "data").string()},
                     {"MIEN_DB", (folder / "results.db").string()},
                     {"MIEN_SHARE", ""},
                     {"REAL_WORKER", std::string(kBin) + "bench-worker"}};
    return run_to_end(c, false);
  }

  std::vector<Event> events() {
    std::istringstream lines(read_text(folder / "bin/log"));
    std::vector<Event> found;
    for (Event event; lines >> event.what >> event.device >> event.task;) found.push_back(event);
    return found;
  }
  /// The most tasks that ran on each device at a time.
  std::map<std::string, int> most_at_a_time() {
    std::map<std::string, int> now, most;
    for (const Event& event : events()) {
      now[event.device] += event.what == "start" ? 1 : -1;
      most[event.device] = std::max(most[event.device], now[event.device]);
    }
    return most;
  }
  /// Every try at the tasks of the run, by task.
  std::map<std::string, std::vector<Attempt>> attempts() {
    const Store store = Store::open_existing(folder / "results.db");
    std::map<std::string, std::vector<Attempt>> tries;
    for (const std::string& id : store.matching_ids("null@fer2013")) tries[id] = store.attempts(id);
    return tries;
  }
  /// Tasks that were tried twice, after checking that nothing ran beside the second try.
  std::set<std::string> tried_alone() {
    const std::vector<Event> log = events();
    std::map<std::string, int> starts;
    std::set<std::string> again;
    int flying = 0;
    for (std::size_t i = 0; i < log.size(); ++i) {
      flying += log[i].what == "start" ? 1 : -1;
      if (log[i].what != "start" || ++starts[log[i].task] == 1) continue;
      again.insert(log[i].task);
      EXPECT_EQ(flying, 1) << "it must wait for the others";
      EXPECT_TRUE(i + 1 < log.size() && log[i + 1].task == log[i].task) << "and they for it";
    }
    return again;
  }

  testing::TempDir folder;
};

TEST_F(SeveralDevices, ShareARun) {
  const Output output =
      bench("run", {"--seeds", "5", "--device", "cuda", "--jobs-per-device", "2"});
  ASSERT_EQ(output.exited.exit_code, 0) << output.err;
  EXPECT_EQ(most_at_a_time(), (std::map<std::string, int>{{"cuda:0", 2}, {"cuda:1", 2}}));
  std::set<std::string> devices;
  const json tasks = json::parse(output.out).at("tasks");
  for (const json& task : tasks) devices.insert(task.at("device"));
  EXPECT_EQ(devices, (std::set<std::string>{"cuda:0", "cuda:1"}));
  EXPECT_NE(output.err.find(" on cuda:1"), std::string::npos) << output.err;
}

TEST_F(SeveralDevices, AreNamedOnTheCommandLine) {
  const auto devices = [&](const char* device) {
    const Output output = bench("plan", {"--device", device});
    return output.exited.exit_code == 0 ? json::parse(output.out).at("devices").dump()
                                        : std::to_string(output.exited.exit_code) + output.err;
  };
  EXPECT_EQ(devices("auto"), R"(["cuda:0","cuda:1"])");
  EXPECT_EQ(devices("cuda"), R"(["cuda:0","cuda:1"])");
  EXPECT_EQ(devices("cuda:1"), R"(["cuda:1"])");
  EXPECT_EQ(devices("cuda:1,cuda:0"), R"(["cuda:1","cuda:0"])");
  EXPECT_EQ(devices("cpu"), R"(["cpu"])");
  EXPECT_TRUE(devices("cuda:0,cuda:0").starts_with("2")) << devices("cuda:0,cuda:0");
  EXPECT_TRUE(devices("cpu,cuda:0").starts_with("2")) << devices("cpu,cuda:0");
  EXPECT_TRUE(devices("cuda:0,cuda:2").starts_with("5")) << devices("cuda:0,cuda:2");
}

TEST_F(SeveralDevices, MemoryThatEndsBesideOthersIsTriedAgainAlone) {
  for (const char* how : {"oom", "kill"}) {
    folder.write(std::string("bin/") + how, "");
    const Output output = bench("run", {"--seeds", "3", "--device", "cuda:0", "--jobs", "3"});
    EXPECT_EQ(output.exited.exit_code, 0) << output.err;
    EXPECT_NE(output.err.find("tried once more with the device for itself"), std::string::npos)
        << output.err;
    EXPECT_EQ(tried_alone().size(), 1u);
    std::multiset<std::size_t> tries;
    for (const auto& [id, all] : attempts()) {
      tries.insert(all.size());
      EXPECT_EQ(all.back().state, AttemptState::kDone);
      if (all.size() == 1) continue;
      EXPECT_EQ(all.front().state, AttemptState::kOutOfMemory);
    }
    EXPECT_EQ(tries, (std::multiset<std::size_t>{1, 1, 2}));
    fs::remove(folder / "results.db");
    fs::remove(folder / "bin/log");
  }
}

TEST_F(SeveralDevices, WhatHasNoMemoryAloneFailsAfterTwoTries) {
  folder.write("bin/oom-seed-1", "");
  const Output output = bench("run", {"--seeds", "3", "--device", "cuda:0", "--jobs", "3"});
  EXPECT_EQ(output.exited.exit_code, 3) << output.err;
  EXPECT_EQ(tried_alone().size(), 1u);
  std::multiset<std::size_t> tries;
  for (const auto& [id, all] : attempts()) {
    tries.insert(all.size());
    if (all.size() == 1) continue;
    EXPECT_EQ(all.back().message, "out of memory");
  }
  EXPECT_EQ(tries, (std::multiset<std::size_t>{1, 1, 2}));
}

TEST_F(SeveralDevices, WhatWasAloneIsNotTriedAgain) {
  folder.write("bin/oom", "");
  const Output output = bench("run", {"--seeds", "2", "--device", "cuda", "--jobs", "1"});
  EXPECT_EQ(output.exited.exit_code, 3) << output.err;
  EXPECT_TRUE(tried_alone().empty());
  EXPECT_EQ(output.err.find("once more"), std::string::npos) << output.err;
}

}  // namespace
}  // namespace mien
