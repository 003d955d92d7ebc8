-- Declares the tables of results.db and of every shard. The lists in columns.h bind these names, and
-- a test compares them with the structures of harness/task/record.h.
--
-- Running this file again changes nothing. An older file gets the tables that it lacks in this way
-- (upgrade in tables.cpp).
--
-- Times are integer nanoseconds since 1970-01-01 UTC. A REAL that could not be measured is NULL. Text
-- that is not known is '' (or the word 'unknown' in a claim). README.md explains every table.
PRAGMA application_id = 0x4D49454E;  -- "MIEN"
PRAGMA user_version = 3;

-- One resolved plan. `id` is the SHA-256 of `plan`; tasks that differ in seed or fold only share
-- `group_id`. A task is in here because someone tried it, not because it succeeded.
CREATE TABLE IF NOT EXISTS task (
  key          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  group_id     TEXT NOT NULL CHECK (length(group_id) = 64 AND group_id NOT GLOB '*[^0-9a-f]*'),
  kind         TEXT NOT NULL
               CHECK (kind IN ('accuracy', 'regression', 'reconstruction', 'throughput')),
  experiment   TEXT NOT NULL CHECK (experiment <> ''),
  model        TEXT NOT NULL,
  variant      TEXT NOT NULL,
  dataset      TEXT NOT NULL,
  data         TEXT NOT NULL CHECK (data IN ('real', 'unverified', 'stand-in')),
  frames       TEXT NOT NULL,
  split        TEXT NOT NULL,
  pack_sha256  TEXT NOT NULL,
  profile      TEXT NOT NULL CHECK (profile IN ('smoke', 'full')),
  official     INTEGER NOT NULL CHECK (official IN (0, 1)),
  seed         INTEGER NOT NULL,
  fold         INTEGER NOT NULL,
  device_class TEXT NOT NULL CHECK (device_class IN ('cpu', 'cuda')),
  plan         TEXT NOT NULL CHECK (plan <> '')
) STRICT;
CREATE INDEX IF NOT EXISTS task_by_experiment ON task (experiment, kind, group_id);

-- One row per distinct build and machine; `content_id` is the SHA-256 of the other columns.
CREATE TABLE IF NOT EXISTS environment (
  key              INTEGER PRIMARY KEY,
  content_id       TEXT NOT NULL UNIQUE CHECK (length(content_id) = 64),
  mien_version     TEXT NOT NULL,
  "commit"         TEXT NOT NULL,
  dirty            TEXT NOT NULL CHECK (dirty IN ('clean', 'dirty', 'unknown', '')),
  compiler         TEXT NOT NULL,
  build_type       TEXT NOT NULL,
  libtorch         TEXT NOT NULL,
  blas             TEXT NOT NULL,
  os               TEXT NOT NULL,
  cpu              TEXT NOT NULL,
  gpu              TEXT NOT NULL,
  cores            INTEGER NOT NULL,
  threads          INTEGER NOT NULL,
  memory_bytes     INTEGER NOT NULL,
  gpu_memory_bytes INTEGER NOT NULL,
  gpu_uuid         TEXT NOT NULL,
  gpu_driver       TEXT NOT NULL,
  gpu_pci          TEXT NOT NULL,
  gpu_mig          TEXT NOT NULL CHECK (gpu_mig IN ('on', 'off', '')),
  gpu_ecc          TEXT NOT NULL CHECK (gpu_ecc IN ('on', 'off', '')),
  gpu_persistence  TEXT NOT NULL CHECK (gpu_persistence IN ('on', 'off', '')),
  gpu_power_limit  TEXT NOT NULL
) STRICT;

-- Every try at a task, failed ones included. At most one try of a task is done.
CREATE TABLE IF NOT EXISTS attempt (
  key            INTEGER PRIMARY KEY,
  task           INTEGER NOT NULL REFERENCES task (key),
  environment    INTEGER REFERENCES environment (key),
  started_ns     INTEGER NOT NULL,
  ended_ns       INTEGER NOT NULL,
  state          TEXT NOT NULL
                 CHECK (state IN ('done', 'failed', 'timeout', 'oom', 'crashed', 'interrupted')),
  exit_code      INTEGER NOT NULL,
  signal         INTEGER NOT NULL,
  message        TEXT NOT NULL,
  stderr_tail    TEXT NOT NULL,
  peak_rss_bytes INTEGER NOT NULL,
  UNIQUE (task, started_ns, ended_ns, state)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS attempt_done ON attempt (task) WHERE state = 'done';

-- What follows belongs to the done attempt of its task.

CREATE TABLE IF NOT EXISTS class_name (
  task  INTEGER NOT NULL REFERENCES task (key),
  label INTEGER NOT NULL,
  name  TEXT NOT NULL,
  PRIMARY KEY (task, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS metric (
  key    INTEGER PRIMARY KEY,
  task   INTEGER NOT NULL REFERENCES task (key),
  name   TEXT NOT NULL CHECK (name <> ''),
  split  TEXT NOT NULL CHECK (split IN ('test', 'validation', '')),
  value  REAL,
  unit   TEXT NOT NULL,
  lower  REAL,
  upper  REAL,
  method TEXT NOT NULL,
  n      INTEGER NOT NULL,
  UNIQUE (task, name, split)
) STRICT;

-- `scores`: one little-endian float32 per class. `sample` is the row of the pack.
CREATE TABLE IF NOT EXISTS prediction (
  task      INTEGER NOT NULL REFERENCES task (key),
  split     TEXT NOT NULL CHECK (split IN ('test', 'validation')),
  sample    INTEGER NOT NULL,
  sample_id TEXT NOT NULL,
  truth     INTEGER NOT NULL,
  predicted INTEGER NOT NULL,
  scores    BLOB NOT NULL CHECK (length(scores) % 4 = 0),
  PRIMARY KEY (task, split, sample)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS confusion (
  task      INTEGER NOT NULL REFERENCES task (key),
  split     TEXT NOT NULL CHECK (split IN ('test', 'validation')),
  truth     INTEGER NOT NULL,
  predicted INTEGER NOT NULL,
  count     INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (task, split, truth, predicted)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS curve (
  task                INTEGER NOT NULL REFERENCES task (key),
  epoch               INTEGER NOT NULL CHECK (epoch >= 1),
  learning_rate       REAL,
  train_loss          REAL,
  train_accuracy      REAL,
  validation_loss     REAL,
  validation_accuracy REAL,
  seconds             REAL,
  other_seconds       REAL,
  PRIMARY KEY (task, epoch)
) STRICT, WITHOUT ROWID;

-- Raw samples. `device_ns`, `clock_mhz`: NULL where the device has no clock of its own. `flags`: words
-- `throttled` and `clock` (set aside), `outlier` (kept).
CREATE TABLE IF NOT EXISTS timing (
  task       INTEGER NOT NULL REFERENCES task (key),
  batch      INTEGER NOT NULL CHECK (batch >= 1),
  scope      TEXT NOT NULL CHECK (scope IN ('compute', 'copies', 'end-to-end')),
  cache      TEXT NOT NULL CHECK (cache IN ('hot', 'cold')),
  mode       TEXT NOT NULL CHECK (mode IN ('eager', 'graph')),
  launch     INTEGER NOT NULL CHECK (launch >= 1),
  repetition INTEGER NOT NULL,
  iterations INTEGER NOT NULL,
  wall_ns    REAL,
  device_ns  REAL,
  clock_mhz  REAL,
  flags      TEXT NOT NULL,
  PRIMARY KEY (task, batch, scope, cache, mode, launch, repetition)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS artifact (
  key    INTEGER PRIMARY KEY,
  task   INTEGER NOT NULL REFERENCES task (key),
  kind   TEXT NOT NULL CHECK (kind <> ''),
  path   TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes  INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS artifact_by_task ON artifact (task);

CREATE TABLE IF NOT EXISTS note (
  key  INTEGER PRIMARY KEY,
  task INTEGER NOT NULL REFERENCES task (key),
  kind TEXT NOT NULL CHECK (kind IN ('taint', 'departure', 'warning')),
  text TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS note_by_task ON note (task);

-- The rows of an accuracy task: `sha256` is over their sides and sample ids.
CREATE TABLE IF NOT EXISTS fold (
  task       INTEGER PRIMARY KEY REFERENCES task (key),
  sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
  train      INTEGER NOT NULL,
  validation INTEGER NOT NULL,
  test       INTEGER NOT NULL
) STRICT;

-- What the audit found before training: `rows` of the `of` rows of one side.
CREATE TABLE IF NOT EXISTS leak (
  key  INTEGER PRIMARY KEY,
  task INTEGER NOT NULL REFERENCES task (key),
  side TEXT NOT NULL CHECK (side IN ('test in train', 'validation in train', 'test in validation')),
  kind TEXT NOT NULL
       CHECK (kind IN ('subject', 'sequence', 'identical', 'near', 'conflicting')),
  "rows" INTEGER NOT NULL CHECK ("rows" BETWEEN 0 AND "of"),
  "of" INTEGER NOT NULL,
  UNIQUE (task, side, kind)
) STRICT;

-- What a network that predicts numbers says of a sample: little-endian float32 each; `truth` is
-- empty where it is not known.
CREATE TABLE IF NOT EXISTS coefficients (
  task      INTEGER NOT NULL REFERENCES task (key),
  split     TEXT NOT NULL CHECK (split IN ('test', 'validation')),
  sample    INTEGER NOT NULL,
  sample_id TEXT NOT NULL,
  target    TEXT NOT NULL CHECK (target <> ''),
  truth     BLOB NOT NULL CHECK (length(truth) % 4 = 0),
  predicted BLOB NOT NULL CHECK (length(predicted) % 4 = 0),
  PRIMARY KEY (task, split, target, sample)
) STRICT, WITHOUT ROWID;

-- The REALY error of one region of one mesh.
CREATE TABLE IF NOT EXISTS mesh_error (
  key             INTEGER PRIMARY KEY,
  task            INTEGER NOT NULL REFERENCES task (key),
  mode            TEXT NOT NULL CHECK (mode IN ('compat', 'strict')),
  mesh            TEXT NOT NULL CHECK (mesh <> ''),
  region          TEXT NOT NULL CHECK (region IN ('nose', 'mouth', 'forehead', 'cheek')),
  subject         INTEGER NOT NULL,
  error_mm        REAL,
  scan_to_mesh_mm REAL,
  failure         TEXT NOT NULL,
  reflected       INTEGER NOT NULL CHECK (reflected IN (0, 1)),
  hit_cap         INTEGER NOT NULL CHECK (hit_cap IN (0, 1)),
  fits            INTEGER NOT NULL,
  solves          INTEGER NOT NULL,
  dropped_share   REAL,
  held_vertices   INTEGER NOT NULL,
  UNIQUE (task, mode, mesh, region)
) STRICT;

-- Curves beside a task's metric: what it is with another setting of one parameter.
CREATE TABLE IF NOT EXISTS sweep (
  key       INTEGER PRIMARY KEY,
  task      INTEGER NOT NULL REFERENCES task (key),
  parameter TEXT NOT NULL CHECK (parameter <> ''),
  setting   REAL NOT NULL,
  metric    TEXT NOT NULL CHECK (metric <> ''),
  unit      TEXT NOT NULL,
  value     REAL,
  lower     REAL,
  upper     REAL,
  n         INTEGER NOT NULL,
  UNIQUE (task, parameter, setting, metric)
) STRICT;

-- How a trained network answers the test split when its forward pass runs in another way, beside
-- `fp32` on the same device; no figures where there is a `problem`. Written by `bench modes`, which
-- replaces the rows of a device.
CREATE TABLE IF NOT EXISTS mode (
  key               INTEGER PRIMARY KEY,
  task              INTEGER NOT NULL REFERENCES task (key),
  device            TEXT NOT NULL CHECK (device <> ''),
  libtorch          TEXT NOT NULL,
  threads           INTEGER NOT NULL,
  mode              TEXT NOT NULL CHECK (mode IN ('fp32', 'channels_last', 'tf32', 'bf16', 'fp16',
                                                  'graph', 'inference')),
  problem           TEXT NOT NULL,
  n                 INTEGER NOT NULL,
  metric            TEXT NOT NULL,
  unit              TEXT NOT NULL,
  value             REAL,
  flipped           INTEGER NOT NULL,
  lost              INTEGER NOT NULL,
  gained            INTEGER NOT NULL,
  p                 REAL,
  largest           REAL,
  relative          REAL,
  batch             INTEGER NOT NULL,
  images_per_second REAL,
  speed_up          REAL,
  lower             REAL,
  upper             REAL,
  UNIQUE (task, device, mode)
) STRICT;

-- The published figure of an experiment, as the config that was last run states it.
CREATE TABLE IF NOT EXISTS claim (
  key        INTEGER PRIMARY KEY,
  experiment TEXT NOT NULL CHECK (experiment <> ''),
  id         TEXT NOT NULL,
  source     TEXT NOT NULL,
  locator    TEXT NOT NULL,
  metric     TEXT NOT NULL,
  unit       TEXT NOT NULL,
  value      REAL,
  decimals   INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 15),
  n          TEXT NOT NULL,
  protocol   TEXT NOT NULL,
  grade      TEXT NOT NULL CHECK (grade IN ('V', 'M', 'S', 'I', 'C', 'D', 'R', 'U')),
  UNIQUE (experiment, metric)
) STRICT;

-- Fields in which our protocol is known to differ from the claim's.
CREATE TABLE IF NOT EXISTS claim_difference (
  claim    INTEGER NOT NULL REFERENCES claim (key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  field    TEXT NOT NULL,
  PRIMARY KEY (claim, position)
) STRICT, WITHOUT ROWID;

-- The stable query interface: columns may be added, never renamed or removed.

-- One row per group and test metric: mean and range over its tasks.
CREATE VIEW IF NOT EXISTS v_leaderboard AS
SELECT t.experiment, t.model, t.variant, t.dataset, t.data, t.profile, t.official, t.device_class,
       t.split, t.group_id, m.name AS metric, m.unit, avg(m.value) AS mean, min(m.value) AS lowest,
       max(m.value) AS highest, count(DISTINCT t.seed) AS seeds, count(DISTINCT t.fold) AS folds,
       min(m.n) AS n, max(a.ended_ns) AS ended_ns
FROM task t
JOIN attempt a ON a.task = t.key AND a.state = 'done'
JOIN metric m ON m.task = t.key AND m.split = 'test'
WHERE t.kind <> 'throughput'
GROUP BY t.experiment, t.group_id, m.name;

-- v_leaderboard without the groups that a newer protocol, pack or metric version replaced.
CREATE VIEW IF NOT EXISTS v_latest AS
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY experiment, variant, data, profile, official, split,
                               device_class, metric ORDER BY ended_ns DESC, group_id) AS age
  FROM v_leaderboard)
WHERE age = 1;

-- Claims beside the newest official measurement on real data; NULL where there is none. The verdict
-- itself is computed by judge() when a board is printed and is not stored.
CREATE VIEW IF NOT EXISTS v_claim_status AS
SELECT c.experiment, c.id AS claim, c.source, c.metric, c.unit, c.value AS claimed,
       l.mean AS measured, l.mean - c.value AS difference, l.seeds, l.n, l.variant, l.device_class,
       (SELECT count(*) FROM claim_difference d WHERE d.claim = c.key) AS differences
FROM claim c
LEFT JOIN v_latest l ON l.experiment = c.experiment AND l.metric = c.metric
                    AND l.data = 'real' AND l.official = 1;
