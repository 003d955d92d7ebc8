// The verbs of `bench`. Each returns its exit code; errors are thrown and end in main.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/plan.h"

namespace mien {

/// bench time: what is changed of a protocol's timing.
struct TimeOptions {
  std::vector<std::int64_t> batches;
  std::int64_t launches = 0;
  double seconds = 0, percentile = 0;
  bool sweep = false;
  bool operator==(const TimeOptions&) const = default;
};

/// bench modes: how passes are made and timed.
struct ModesOptions {
  std::int64_t batch = 32;
  double seconds = 3;
};

/// What every verb shares.
struct Options {
  std::string database;            // --db
  std::string configs;             // --configs
  std::vector<std::string> cards;  // --card
  std::string format = "text";     // text | md | csv | json
  bool all = false;                // board: replaced rows too

  PlanRequest request;  // plan, run
  TimeOptions time;     // time
  ModesOptions modes;   // modes
  int jobs = 1;
  std::int64_t memory_limit_mib = 0;

  std::string subject;  // list: experiments | models | datasets; show, help: what; data: dataset
  std::string part;     // claims list: of an id
  std::string source;   // data: folder
  std::string out;      // data synthesize: folder; show, splits, verify: file
  std::int64_t subjects = 0;
  std::int64_t seed = 1;
  std::string dataset;             // data list: that one only
  std::string head = "built-in";   // data synthesize
  double label_noise = 0;          // data synthesize
  std::string frames, split;       // data: frame rule; named split
  std::int64_t columns = 0;        // data show; 0 = the default
  std::vector<std::string> files;  // weights
  std::string face_model;          // mesh
  std::string mesh_format = "ply";
  bool no_pose = false;
  std::int64_t size_px = 227;  // data crop
  bool no_jpeg = false;
  bool accept_unverified = false, strict = false, stand_in = false;

  std::string predictions, topology, mask;  // realy score; source is its data
  std::string metric_mode = "both";
  std::string method, realy_set;  // realy score: name to store it under; frontal | side
  std::int64_t views = 0;
  bool error_text = false, keep_meshes = false, pictures = false;

  std::string sample, class_name, task;       // explain
  std::int64_t square_px = 0, stride_px = 0;  // explain; 0 = the default
};

int verb_list(const Options& options);
int verb_plan(const Options& options);
int verb_run(const Options& options);
int verb_time(const Options& options);
int verb_modes(const Options& options);
int verb_board(const Options& options);
int verb_show(const Options& options);
int verb_explain(const Options& options);
int verb_help_config(const Options& options);
int verb_doctor(const Options& options);
int verb_claims_list(const Options& options);
int verb_claims_lint(const Options& options);
int verb_data_list(const Options& options);
int verb_data_prepare(const Options& options);
int verb_data_verify(const Options& options);
int verb_data_synthesize(const Options& options);
int verb_data_show(const Options& options);
int verb_data_facemodel(const Options& options);
int verb_weights_convert(const Options& options);
int verb_weights_show(const Options& options);
int verb_data_crop(const Options& options);
int verb_mesh(const Options& options);
int verb_realy_score(const Options& options);
int verb_realy_board(const Options& options);
int verb_data_splits(const Options& options);
int verb_data_audit(const Options& options);

/// Prints a table to stdout in `format` (text fits the terminal).
struct Table;
void print_table(const Table& table, const std::string& format);
/// Prints a JSON document of a reading verb.
void print_json(const nlohmann::json& document);
/// Width and colour of stdout.
struct TextStyle;
TextStyle stdout_style();

}  // namespace mien
