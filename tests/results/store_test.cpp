// What is stored comes back, what is damaged is refused, what is killed leaves nothing behind.
#include "results/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/results/stored.h"
#include "tests/support/expect_error.h"
#include "tests/support/records.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::done_ids;
using testing::dump;
using testing::record;
using testing::sql;
using testing::TempDir;

fs::path shard(const TempDir& dir, unsigned seed, std::size_t samples = 20) {
  const fs::path path = dir / fmt::format("shard-{}", seed);
  Store::open(path, Store::Mode::kShard).append(record(seed, samples));
  return path;
}

// ------------------------------------------------------------------------------- round trips

TEST(Store, RoundTripOfRandomRecords) {
  const TempDir dir;
  Store store = Store::open(dir / "new/folder/results.db");
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const TaskRecord r = record(seed);
    EXPECT_FALSE(store.is_done(task_id(r.task)));
    EXPECT_TRUE(store.append(r));
    EXPECT_TRUE(store.is_done(task_id(r.task)));
    EXPECT_FALSE(store.append(r)) << "done tasks are left alone";
  }
  const Store reader = Store::open_existing(store.path());
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const TaskRecord r = record(seed);
    const std::optional<TaskRecord> loaded = reader.load(task_id(r.task));
    ASSERT_TRUE(loaded);
    EXPECT_EQ(dump(*loaded), dump(r));
  }
  EXPECT_EQ(done_ids(reader.path()).size(), 20u);
  EXPECT_FALSE(reader.load(std::string(64, '0')));
  reader.check();
}

TEST(Store, AnEmptyRecordIsARecord) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord r;
  r.task = testing::task();
  EXPECT_TRUE(store.append(r));
  EXPECT_EQ(dump(*store.load(task_id(r.task))), dump(r));
}

TEST(Store, EqualEnvironmentsAreOneRow) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  for (unsigned seed = 1; seed <= 3; ++seed) {
    TaskRecord r = record(seed);
    r.environment = record(9).environment;
    if (seed == 3) r.environment.cores = 64;
    store.append(r);
  }
  EXPECT_EQ(sql(store.path(), "SELECT count(*) FROM environment")[0], "2");
}

TEST(Store, FailedAttemptsAreKept) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord r = record(1);
  Attempt failed = r.attempt;
  failed.state = AttemptState::kOutOfMemory;
  failed.started_ns -= 5;
  failed.message = "killed";
  store.record_attempt(r.task, failed);
  store.record_attempt(r.task, failed);
  failed.started_ns -= 5;
  store.record_attempt(r.task, failed, r.environment);
  EXPECT_FALSE(store.is_done(task_id(r.task)));
  EXPECT_TRUE(store.append(r));
  const std::vector<Attempt> attempts = store.attempts(task_id(r.task));
  ASSERT_EQ(attempts.size(), 3u);
  EXPECT_EQ(attempts[0].message, "killed");
  EXPECT_EQ(attempts[2].state, AttemptState::kDone);
  EXPECT_EQ(dump(*store.load(task_id(r.task))), dump(r));
}

TEST(Store, ARecordThatIsNotDoneLeavesAnAttemptOnly) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord r = record(1);
  r.attempt.state = AttemptState::kFailed;
  EXPECT_FALSE(store.append(r));
  EXPECT_FALSE(store.is_done(task_id(r.task)));
  EXPECT_EQ(store.attempts(task_id(r.task)).size(), 1u);
  EXPECT_EQ(sql(store.path(), "SELECT count(*) FROM metric")[0], "0");
}

TEST(Store, ClaimsAreReplacedByMetric) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  Claim claim = testing::claim();
  claim.differs = {"folds", "split"};
  store.upsert_claim("e", claim);
  claim.value.reset();
  claim.differs = {"classes"};
  store.upsert_claim("e", claim);
  Claim other = testing::claim(12);
  other.metric = "uar";
  store.upsert_claim("e", other);
  const auto claims = store.board_input().claims.at("e");
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_EQ(claims[0].differs, std::vector<std::string>{"classes"});
  EXPECT_FALSE(claims[0].value);
  EXPECT_EQ(claims[1].value, 12);
  EXPECT_EQ(sql(store.path(), "SELECT count(*) FROM claim_difference")[0], "1");
}

TEST(Store, MedianSecondsOfLikeTasks) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  EXPECT_FALSE(store.median_seconds(testing::task()));
  for (int seconds : {3, 5, 100}) {
    TaskRecord r = record(static_cast<unsigned>(seconds));
    r.attempt.ended_ns = r.attempt.started_ns + seconds * std::int64_t{1'000'000'000};
    store.append(r);
  }
  EXPECT_DOUBLE_EQ(*store.median_seconds(testing::task()), 5);
  Task other = testing::task();
  other.device_class = "cuda";
  EXPECT_FALSE(store.median_seconds(other));
}

TEST(Store, PeakBytesOfLikeTasks) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  const Task cpu = testing::task();
  EXPECT_FALSE(store.peak_bytes(cpu));
  for (int gibibytes : {3, 5, 4}) {
    TaskRecord r = record(static_cast<unsigned>(gibibytes));
    r.attempt.peak_rss_bytes = std::int64_t{gibibytes} << 30;
    r.metrics.push_back(
        {.name = "gpu_memory_peak", .value = 512.0 * gibibytes, .unit = "MiB", .n = 1});
    store.append(r);
    r.task.device_class = "cuda";
    store.append(r);
  }
  EXPECT_EQ(store.peak_bytes(cpu), std::int64_t{5} << 30);
  Task other = cpu;
  other.device_class = "cuda";
  EXPECT_EQ(store.peak_bytes(other), std::int64_t{5} << 29)
      << "of a GPU it is what its allocator held";
  other.protocol.batch += 1;
  EXPECT_FALSE(store.peak_bytes(other));
}

// ---------------------------------------------------------------------------- files refused

TEST(StoreErrors, WhatIsNotOurs) {
  const TempDir dir;
  const fs::path text = dir.write("text", std::string(5000, 'x'));
  EXPECT_ERROR(Store::open(text), Exit::kIntegrity, "not a SQLite file");
  EXPECT_ERROR(Store::open_existing(text), Exit::kIntegrity, "not a SQLite file");
  EXPECT_EQ(read_text(text), std::string(5000, 'x'));
  sql(dir / "other.db", "CREATE TABLE t (a)");
  EXPECT_ERROR(Store::open(dir / "other.db"), Exit::kIntegrity, "not a results database of Mien");
  EXPECT_ERROR(Store::open_existing(dir.write("empty", "")), Exit::kIntegrity, "empty");
  EXPECT_ERROR(Store::open_existing(dir / "none"), Exit::kPrecondition, "no such file");
  EXPECT_ERROR(Store::open_existing(dir.path()), Exit::kPrecondition, "check path");
  EXPECT_ERROR(Store::open(text / "below"), Exit::kPrecondition, "cannot create");
}

TEST(StoreErrors, NewerAndImpossibleVersions) {
  const TempDir dir;
  Store::open(dir / "r.db");
  sql(dir / "r.db", "PRAGMA user_version = 4");
  for (const bool writing : {true, false})
    EXPECT_ERROR(writing ? Store::open(dir / "r.db") : Store::open_existing(dir / "r.db"),
                 Exit::kIntegrity,
                 "written by a newer Mien (schema 4); this one reads 3; update Mien");
  sql(dir / "r.db", "PRAGMA user_version = 0");
  EXPECT_ERROR(Store::open(dir / "r.db"), Exit::kIntegrity, "schema 0 is no version");
}

TEST(StoreErrors, CorruptPagesAreFound) {
  const TempDir dir;
  const fs::path path = shard(dir, 1, 2000);
  const std::string good = read_text(path);
  std::mt19937 random(1);
  int found = 0;
  for (int round = 0; round < 60; ++round) {
    std::string bytes = good;
    for (std::size_t at = random() % bytes.size(), i = 0; i < 400 && at + i < bytes.size(); ++i)
      bytes[at + i] = static_cast<char>(random());
    if (round % 3 == 0) bytes = good.substr(0, random() % good.size());
    try {
      const Store store = Store::open_existing(dir.write("damaged", bytes));
      store.check();
      store.board_input();
      store.load(task_id(record(1).task));
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == Exit::kIntegrity || error.code() == Exit::kPrecondition ||
                  error.code() == Exit::kUsage)
          << error.what();
      ++found;
    }
  }
  EXPECT_GT(found, 25);
}

TEST(StoreErrors, MissingRowsAreFound) {
  const TempDir dir;
  const fs::path path = shard(dir, 1);
  sql(path, "PRAGMA foreign_keys = OFF; DELETE FROM environment");
  EXPECT_ERROR(Store::open_existing(path).check(), Exit::kIntegrity, "'attempt' refer to rows");
}

TEST(StoreErrors, ReadersCannotWrite) {
  const TempDir dir;
  const fs::path path = shard(dir, 1);
  Store store = Store::open_existing(path);
  EXPECT_ERROR(store.append(record(2)), Exit::kPrecondition, "read-only");
}

TEST(StoreErrors, ARecordThatContradictsItselfLeavesNothing) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord r = record(1);
  r.predictions.push_back(r.predictions.back());
  EXPECT_ERROR(store.append(r), Exit::kIntegrity, "UNIQUE constraint failed: prediction.task");
  r = record(1);
  r.notes.push_back({"gossip", ""});
  EXPECT_ERROR(store.append(r), Exit::kIntegrity, "CHECK constraint failed");
  EXPECT_EQ(sql(dir / "r.db", "SELECT count(*) FROM task")[0], "0");
  EXPECT_TRUE(store.append(record(1)));
}

// ------------------------------------------------------------------------------- shards, merging

TEST(Shard, IsOneFileOnceClosed) {
  const TempDir dir;
  const fs::path path = shard(dir, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
  EXPECT_EQ(dump(*Store::open_existing(path).load(task_id(record(1).task))), dump(record(1)));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
}

TEST(Ingest, CopiesEverythingOnce) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  store.append(record(50));  // so that keys differ
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const fs::path path = shard(dir, seed);
    EXPECT_EQ(store.ingest(path), 1);
    EXPECT_EQ(store.ingest(path), 0);
    EXPECT_EQ(dump(*store.load(task_id(record(seed).task))), dump(record(seed)));
  }
  EXPECT_EQ(sql(store.path(), "SELECT count(*) FROM attempt")[0], "4");
  store.check();
  EXPECT_EQ(store.path(), dir / "r.db");
}

TEST(Ingest, MergesWholeDatabasesWithFailuresAndClaims) {
  const TempDir dir;
  {
    Store other = Store::open(dir / "other.db");
    for (unsigned seed = 1; seed <= 5; ++seed) other.append(record(seed));
    Attempt failed = record(7).attempt;
    failed.state = AttemptState::kTimeout;
    other.record_attempt(record(7).task, failed);
    other.record_attempt(record(2).task, failed);
    other.upsert_claim("a", testing::claim(1));
    other.upsert_claim("b", testing::claim(2));
  }
  Store store = Store::open(dir / "r.db");
  store.append(record(2));
  store.upsert_claim("a", testing::claim(9));
  EXPECT_EQ(store.ingest(dir / "other.db"), 4);
  EXPECT_EQ(store.ingest(dir / "other.db"), 0);
  EXPECT_EQ(store.attempts(task_id(record(7).task)).size(), 1u);
  EXPECT_EQ(store.attempts(task_id(record(2).task)).size(), 2u);
  const BoardInput input = store.board_input();
  EXPECT_EQ(input.claims.at("a")[0].value, 9);
  EXPECT_EQ(input.claims.at("b")[0].value, 2);
  // A task that failed here is completed by a shard in which it is done.
  EXPECT_EQ(store.ingest(shard(dir, 7)), 1);
  EXPECT_EQ(store.attempts(task_id(record(7).task)).size(), 2u);
  store.check();
}

TEST(Ingest, ABadShardChangesNothing) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  store.append(record(1));
  const auto content = [&] { return sql(dir / "r.db", "SELECT count(*) FROM task")[0]; };
  EXPECT_ERROR(store.ingest(dir / "none"), Exit::kPrecondition, "none: no such file");
  EXPECT_FALSE(fs::exists(dir / "none"));
  EXPECT_ERROR(store.ingest(dir.write("e", "")), Exit::kIntegrity, "e: empty");
  EXPECT_ERROR(
      store.ingest(dir.write("t", std::string(5000, 'x'))), Exit::kIntegrity, "t (merging into");
  sql(dir / "o", "CREATE TABLE t (a)");
  EXPECT_ERROR(store.ingest(dir / "o"), Exit::kIntegrity, "not a results database");
  const fs::path newer = shard(dir, 2);
  sql(newer, "PRAGMA user_version = 9");
  EXPECT_ERROR(store.ingest(newer), Exit::kIntegrity, "newer Mien (schema 9)");
  const fs::path forged = shard(dir, 3);
  sql(forged, "UPDATE task SET plan = '{}'");
  EXPECT_ERROR(store.ingest(forged), Exit::kIntegrity, "does not match its plan");
  const fs::path torn = shard(dir, 4);
  sql(torn, "DROP TABLE timing");
  EXPECT_ERROR(store.ingest(torn), Exit::kIntegrity, "no such table");
  EXPECT_EQ(content(), "1");
  EXPECT_EQ(store.ingest(shard(dir, 5)), 1);  // and the store still works
  store.check();
}

TEST(Ingest, ADamagedShardIsRefusedOrWhole) {
  const TempDir dir;
  const std::string good = read_text(shard(dir, 1, 500));
  std::mt19937 random(5);
  int refused = 0;
  for (int round = 0; round < 40; ++round) {
    fs::remove(dir / "r.db");
    std::string bytes = good;
    for (std::size_t at = random() % bytes.size(), i = 0; i < 300 && at + i < bytes.size(); ++i)
      bytes[at + i] = static_cast<char>(random());
    Store store = Store::open(dir / "r.db", Store::Mode::kShard);
    try {
      store.ingest(dir.write("damaged", bytes));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::kIntegrity) << error.what();
      EXPECT_EQ(sql(dir / "r.db", "SELECT count(*) FROM task")[0], "0");
      ++refused;
    }
    store.check();
  }
  // Damage inside a value is not damage to the file; only audits of content can see it.
  EXPECT_GT(refused, 5);
}

// ------------------------------------------------------------------------- kills and processes

template <typename Body>
pid_t spawn(Body body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);
}

TEST(Kill, LeavesWholeRecordsOnly) {
  const TempDir dir;
  for (int round = 0; round < 6; ++round) {
    const fs::path path = dir / fmt::format("r{}", round);
    const auto mode = round % 2 ? Store::Mode::kShard : Store::Mode::kDatabase;
    const pid_t child = spawn([&] {
      for (unsigned seed = 1; seed < 1000; ++seed)
        Store::open(path, mode).append(record(seed, 3000));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 40 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    Store store = Store::open(path, mode);
    store.check();
    const auto ids = done_ids(path);
    EXPECT_EQ(sql(path, "SELECT count(*) FROM task")[0], std::to_string(ids.size()));
    for (unsigned seed = 1; seed <= ids.size(); ++seed)
      EXPECT_EQ(store.load(task_id(record(seed, 3000).task))->predictions.size(), 3000u);
    EXPECT_TRUE(store.append(record(2000)));
  }
}

TEST(Disk, FullLeavesWhatWasThere) {
  const TempDir dir;
  for (const auto mode : {Store::Mode::kDatabase, Store::Mode::kShard}) {
    const fs::path path = dir / fmt::format("r{}", static_cast<int>(mode));
    Store::open(path, mode).append(record(1));
    const pid_t child = spawn([&] {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{1 << 18, 1 << 18};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      try {
        Store::open(path, mode).append(record(2, 20'000));
      } catch (const Error& error) {
        ::_exit(static_cast<int>(error.code()));
      }
    });
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(Exit::kPrecondition));
    const Store store = Store::open(path, mode);
    store.check();
    EXPECT_EQ(done_ids(path).size(), 1u);
  }
}

TEST(Processes, IngestAtTheSameTime) {
  const TempDir dir;
  for (unsigned seed = 1; seed <= 12; ++seed) shard(dir, seed, 300);
  std::vector<pid_t> children;
  for (unsigned first : {1u, 2u, 3u})
    children.push_back(spawn([&, first] {
      Store store = Store::open(dir / "r.db");
      // Every process also offers what another one brings.
      for (unsigned seed = first; seed <= 12; seed += 2)
        store.ingest(dir / fmt::format("shard-{}", seed));
    }));
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const Store store = Store::open_existing(dir / "r.db");
  EXPECT_EQ(done_ids(dir / "r.db").size(), 12u);
  for (unsigned seed = 1; seed <= 12; ++seed)
    EXPECT_EQ(dump(*store.load(task_id(record(seed, 300).task))), dump(record(seed, 300)));
  store.check();
}

TEST(Modes, AreKeptBesideADoneTaskAndReplacedByDevice) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  const TaskRecord plain = record(1);
  const std::string id = task_id(plain.task);
  ExecutionPathRow row;
  row.mode = "fp32";
  row.device = "CPU X";
  EXPECT_ERROR(store.put_execution_paths(id, {row}), Exit::kPrecondition, "is not done");
  store.append(plain);
  ExecutionPathRow faster = row;
  faster.mode = "inference";
  faster.speed_up = 2;
  store.put_execution_paths(id, {row, faster});
  row.value = 60;
  store.put_execution_paths(id, {row});
  const std::vector<ExecutionPathRow> kept = store.load(id)->execution_paths;
  ASSERT_EQ(kept.size(), 2u) << "one of another device, and the newest of this";
  EXPECT_EQ(kept[0].device, plain.execution_paths[0].device);
  EXPECT_EQ(kept[1].mode, "fp32");
  EXPECT_EQ(kept[1].value, 60);
  Store merged = Store::open(dir / "m.db");
  merged.ingest(dir / "r.db");
  EXPECT_EQ(merged.load(id)->execution_paths.size(), 2u);
}

}  // namespace
}  // namespace mien
