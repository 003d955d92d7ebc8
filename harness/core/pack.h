// A pack: one dataset, split-ready, in one safetensors file.
//
//   images    U8  [N, C, H, W]        labels   I64 [N]   -1 where the source carries none
//   subject   I32 [N]  -1 unknown     sequence I32 [N]   -1 unknown
//   split     I32 [N]  index into split_names            (further tensors, e.g. ferplus, may
//   follow)
//   <target>  F32 [N, K], e.g. coefficients: numbers to regress, where the dataset has any
//
// Metadata: dataset, data (real | unverified | stand-in), class_names and split_names (JSON
// arrays), ids (one sample id per line), manifest (JSON: sources with bytes and digests, counts,
// errata), and where there are targets, `targets` (JSON: target -> {"names", "std"}, one of each
// per column, std empty where it is not known). Content-addressed: the same source gives the same
// bytes; the file is named <dataset>-<sha16>.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/core/safetensors.h"

namespace mien {

/// Where the samples come from; a board never ranks one kind with another.
enum class DataKind { kReal, kUnverified, kStandIn };
const char* name_of(DataKind kind);  // "real", "unverified", "stand-in"
/// Error (Exit::kIntegrity) for any other word.
DataKind data_kind(const std::string& name);

/// Numbers to regress, K per sample.
struct Targets {
  std::vector<std::string> names;  // K
  std::vector<float> std;          // K standard deviations in which the numbers count; or empty
  std::vector<float> values;       // N*K
};

/// The same in a pack; views into its file.
struct TargetsView {
  std::vector<std::string> names;
  std::vector<float> std;
  std::span<const float> values;
};

/// What a dataset reader hands over; `write_pack` freezes it.
struct Samples {
  std::string dataset;
  DataKind data = DataKind::kReal;
  std::vector<std::string> class_names;  // index = label
  std::vector<std::string> split_names;  // index = split
  std::int64_t channels = 1, height = 0, width = 0;
  std::vector<std::uint8_t> images;  // N*C*H*W; empty where `image_file` holds the same bytes
  std::filesystem::path image_file;  // for packs larger than memory; else empty
  std::vector<std::int64_t> labels;
  std::vector<std::int32_t> subject, sequence, split;
  std::vector<std::string> ids;
  std::vector<std::uint8_t> ferplus;            // N*10 votes, or empty
  std::map<std::string, Targets> targets = {};  // by tensor name; empty where all is classified
  std::filesystem::path face_model = {};        // whose coefficients the targets are; else empty
  std::string manifest;                         // JSON text
};

/// Writes `directory`/<dataset>-<sha16>.safetensors atomically (an existing equal file is kept) and
/// returns its path; `sha256` receives the digest of the file's bytes.
std::filesystem::path write_pack(const std::filesystem::path& directory,
                                 const Samples& samples,
                                 std::string& sha256);

/// A pack opened for reading: maps the file, copies nothing but the names.
/// Errors (Exit::kIntegrity): not a safetensors file, a missing tensor, sizes that disagree, a
/// label or split index out of range, a target that is not finite.
class Pack {
 public:
  explicit Pack(const std::filesystem::path& path);

  std::int64_t size() const { return images_.shape[0]; }
  /// {C, H, W}
  std::span<const std::int64_t> image_shape() const { return std::span(images_.shape).subspan(1); }
  std::span<const std::uint8_t> images() const;
  std::span<const std::int64_t> labels() const { return labels_; }
  std::span<const std::int32_t> split() const { return split_; }
  std::span<const std::int32_t> subject() const { return subject_; }
  std::span<const std::int32_t> sequence() const { return sequence_; }
  const std::vector<std::string>& class_names() const { return class_names_; }
  const std::vector<std::string>& split_names() const { return split_names_; }
  const std::vector<std::string>& ids() const { return ids_; }
  const std::map<std::string, TargetsView>& targets() const { return targets_; }
  const std::string& dataset() const { return file_.meta("dataset"); }
  DataKind data() const { return data_kind(file_.meta("data")); }
  const std::string& manifest() const { return file_.meta("manifest"); }
  const std::filesystem::path& path() const { return file_.path(); }

  /// Whether the row can be trained on or scored: it has a label, or the dataset has no classes.
  bool is_usable(std::int64_t row) const {
    return class_names_.empty() || labels_[static_cast<std::size_t>(row)] >= 0;
  }
  /// Row numbers of the usable samples of the named splits, ascending.
  /// Error (Exit::kUsage): a split that the dataset does not have (nearest names suggested);
  /// (Exit::kPrecondition): splits without a usable sample.
  std::vector<std::int64_t> rows_of(const std::vector<std::string>& splits) const;

 private:
  SafetensorsFile file_;
  TensorView images_;
  std::span<const std::int64_t> labels_;
  std::span<const std::int32_t> split_, subject_, sequence_;
  std::vector<std::string> class_names_, split_names_, ids_;
  std::map<std::string, TargetsView> targets_;
};

}  // namespace mien
