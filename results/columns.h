// Names the column of every member, once per table. Inserting, selecting, reading, copying between
// files and the test against schema.sql all use these lists. Key columns are not listed.
//
// A visitor `v` is called as `v(const char* name, member)` for every column, in order. Values are
// bound and read by that name, so the order has no meaning to SQL.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "harness/claims/claim.h"
#include "harness/task/record.h"

namespace mien {

template <typename T, typename R>
concept Of = std::same_as<std::remove_const_t<T>, R>;

/// A row of class_name; records keep the names in a plain vector.
struct ClassName {
  std::int64_t label = 0;
  std::string name;
};

/// Visits the columns `lower` and `upper` of an interval. Both are NULL where there is none.
template <typename V, Of<std::optional<Interval>> T>
void interval_columns(V& v, T& interval) {
  std::optional<double> lower = lower_end(interval), upper = upper_end(interval);
  v("lower", lower);
  v("upper", upper);
  if constexpr (!std::is_const_v<T>)
    interval = lower && upper ? std::optional(Interval{*lower, *upper}) : std::nullopt;
}

template <typename V, Of<Task> T>
void columns(V& v, T& t) {
  v("kind", t.kind);
  v("experiment", t.experiment);
  v("model", t.model);
  v("variant", t.variant);
  v("dataset", t.dataset);
  v("data", t.data);
  v("frames", t.frames);
  v("split", t.split);
  v("pack_sha256", t.pack_sha256);
  v("profile", t.profile);
  v("official", t.official);
  v("seed", t.seed);
  v("fold", t.fold);
  v("device_class", t.device_class);
}

template <typename V, Of<Environment> T>
void columns(V& v, T& e) {
  v("mien_version", e.mien_version);
  v("commit", e.commit);
  v("dirty", e.dirty);
  v("compiler", e.compiler);
  v("build_type", e.build_type);
  v("libtorch", e.libtorch);
  v("blas", e.blas);
  v("os", e.os);
  v("cpu", e.cpu);
  v("gpu", e.gpu);
  v("cores", e.cores);
  v("threads", e.threads);
  v("memory_bytes", e.memory_bytes);
  v("gpu_memory_bytes", e.gpu_memory_bytes);
  v("gpu_uuid", e.gpu_uuid);
  v("gpu_driver", e.gpu_driver);
  v("gpu_pci", e.gpu_pci);
  v("gpu_mig", e.gpu_mig);
  v("gpu_ecc", e.gpu_ecc);
  v("gpu_persistence", e.gpu_persistence);
  v("gpu_power_limit", e.gpu_power_limit);
}

template <typename V, Of<Attempt> T>
void columns(V& v, T& a) {
  v("started_ns", a.started_ns);
  v("ended_ns", a.ended_ns);
  v("state", a.state);
  v("exit_code", a.exit_code);
  v("signal", a.signal);
  v("message", a.message);
  v("stderr_tail", a.stderr_tail);
  v("peak_rss_bytes", a.peak_rss_bytes);
}

template <typename V, Of<ClassName> T>
void columns(V& v, T& c) {
  v("label", c.label);
  v("name", c.name);
}

template <typename V, Of<Metric> T>
void columns(V& v, T& m) {
  v("name", m.name);
  v("split", m.split);
  v("value", m.value);
  v("unit", m.unit);
  interval_columns(v, m.interval);
  v("method", m.method);
  v("n", m.n);
}

template <typename V, Of<Prediction> T>
void columns(V& v, T& p) {
  v("split", p.split);
  v("sample", p.sample);
  v("sample_id", p.sample_id);
  v("truth", p.truth);
  v("predicted", p.predicted);
  v("scores", p.scores);
}

template <typename V, Of<ConfusionCell> T>
void columns(V& v, T& c) {
  v("split", c.split);
  v("truth", c.truth);
  v("predicted", c.predicted);
  v("count", c.count);
}

template <typename V, Of<EpochPoint> T>
void columns(V& v, T& e) {
  v("epoch", e.epoch);
  v("learning_rate", e.learning_rate);
  v("train_loss", e.train_loss);
  v("train_accuracy", e.train_accuracy);
  v("validation_loss", e.validation_loss);
  v("validation_accuracy", e.validation_accuracy);
  v("seconds", e.seconds);
  v("other_seconds", e.other_seconds);
}

template <typename V, Of<TimingSample> T>
void columns(V& v, T& t) {
  v("batch", t.batch);
  v("scope", t.scope);
  v("cache", t.cache);
  v("mode", t.mode);
  v("launch", t.launch);
  v("repetition", t.repetition);
  v("iterations", t.iterations);
  v("wall_ns", t.wall_ns);
  v("device_ns", t.device_ns);
  v("clock_mhz", t.clock_mhz);
  v("flags", t.flags);
}

template <typename V, Of<Artifact> T>
void columns(V& v, T& a) {
  v("kind", a.kind);
  v("path", a.path);
  v("sha256", a.sha256);
  v("bytes", a.bytes);
}

template <typename V, Of<Note> T>
void columns(V& v, T& n) {
  v("kind", n.kind);
  v("text", n.text);
}

template <typename V, Of<FoldSize> T>
void columns(V& v, T& f) {
  v("sha256", f.sha256);
  v("train", f.train);
  v("validation", f.validation);
  v("test", f.test);
}

template <typename V, Of<Leak> T>
void columns(V& v, T& l) {
  v("side", l.side);
  v("kind", l.kind);
  v("rows", l.rows);
  v("of", l.of);
}

template <typename V, Of<Coefficients> T>
void columns(V& v, T& c) {
  v("split", c.split);
  v("sample", c.sample);
  v("sample_id", c.sample_id);
  v("target", c.target);
  v("truth", c.truth);
  v("predicted", c.predicted);
}

template <typename V, Of<MeshError> T>
void columns(V& v, T& m) {
  v("mode", m.mode);
  v("mesh", m.mesh);
  v("region", m.region);
  v("subject", m.subject);
  v("error_mm", m.error_mm);
  v("scan_to_mesh_mm", m.scan_to_mesh_mm);
  v("failure", m.failure);
  v("reflected", m.reflected);
  v("hit_cap", m.hit_cap);
  v("fits", m.fits);
  v("solves", m.solves);
  v("dropped_share", m.dropped_share);
  v("held_vertices", m.held_vertices);
}

template <typename V, Of<SweepPoint> T>
void columns(V& v, T& s) {
  v("parameter", s.parameter);
  v("setting", s.setting);
  v("metric", s.metric);
  v("unit", s.unit);
  v("value", s.value);
  interval_columns(v, s.interval);
  v("n", s.n);
}

template <typename V, Of<ExecutionPathRow> T>
void columns(V& v, T& m) {
  v("device", m.device);
  v("libtorch", m.libtorch);
  v("threads", m.threads);
  v("mode", m.mode);
  v("problem", m.problem);
  v("n", m.n);
  v("metric", m.metric);
  v("unit", m.unit);
  v("value", m.value);
  v("flipped", m.flipped);
  v("lost", m.lost);
  v("gained", m.gained);
  v("p", m.p);
  v("largest", m.largest);
  v("relative", m.relative);
  v("batch", m.batch);
  v("images_per_second", m.images_per_second);
  v("speed_up", m.speed_up);
  interval_columns(v, m.interval);
}

template <typename V, Of<Claim> T>
void columns(V& v, T& c) {
  v("id", c.id);
  v("source", c.source);
  v("locator", c.locator);
  v("metric", c.metric);
  v("unit", c.unit);
  v("value", c.value);
  v("decimals", c.decimals);
  v("n", c.n);
  v("protocol", c.protocol);
  v("grade", c.grade);
}

/// Names the table of rows that belong to one task, and the order in which they are read.
template <typename R>
struct ChildTable;
template <>
struct ChildTable<ClassName> {
  static constexpr const char *name = "class_name", *order = "label";
};
template <>
struct ChildTable<Metric> {
  static constexpr const char *name = "metric", *order = "key";
};
template <>
struct ChildTable<Prediction> {
  static constexpr const char *name = "prediction", *order = "split, sample";
};
template <>
struct ChildTable<ConfusionCell> {
  static constexpr const char *name = "confusion", *order = "split, truth, predicted";
};
template <>
struct ChildTable<EpochPoint> {
  static constexpr const char *name = "curve", *order = "epoch";
};
template <>
struct ChildTable<TimingSample> {
  static constexpr const char *name = "timing",
                              *order = "batch, scope, cache, mode, launch, repetition";
};
template <>
struct ChildTable<Artifact> {
  static constexpr const char *name = "artifact", *order = "key";
};
template <>
struct ChildTable<Note> {
  static constexpr const char *name = "note", *order = "key";
};
template <>
struct ChildTable<FoldSize> {
  static constexpr const char *name = "fold", *order = "task";
};
template <>
struct ChildTable<Leak> {
  static constexpr const char *name = "leak", *order = "key";
};

template <>
struct ChildTable<Coefficients> {
  static constexpr const char *name = "coefficients", *order = "split, target, sample";
};
template <>
struct ChildTable<MeshError> {
  static constexpr const char *name = "mesh_error", *order = "key";
};
template <>
struct ChildTable<SweepPoint> {
  static constexpr const char *name = "sweep", *order = "key";
};
template <>
struct ChildTable<ExecutionPathRow> {
  static constexpr const char *name = "mode", *order = "key";
};

/// Returns the column names of `R`, in order.
template <typename R>
std::vector<std::string> column_names() {
  std::vector<std::string> names;
  const auto collect = [&](const char* name, const auto&) { names.emplace_back(name); };
  const R row;
  columns(collect, row);
  return names;
}

/// Calls `visit(ChildTable<R>(), rows)` for every list of rows in `record` except the class names.
template <typename V, Of<TaskRecord> T>
void children(V&& visit, T& record) {
  visit(ChildTable<Metric>(), record.metrics);
  visit(ChildTable<Prediction>(), record.predictions);
  visit(ChildTable<ConfusionCell>(), record.confusion);
  visit(ChildTable<EpochPoint>(), record.curve);
  visit(ChildTable<TimingSample>(), record.timings);
  visit(ChildTable<Artifact>(), record.artifacts);
  visit(ChildTable<Note>(), record.notes);
  visit(ChildTable<FoldSize>(), record.fold);
  visit(ChildTable<Leak>(), record.leaks);
  visit(ChildTable<Coefficients>(), record.coefficients);
  visit(ChildTable<MeshError>(), record.mesh_errors);
  visit(ChildTable<SweepPoint>(), record.sweep);
  visit(ChildTable<ExecutionPathRow>(), record.execution_paths);
}

}  // namespace mien
