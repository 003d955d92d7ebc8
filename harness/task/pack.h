// A pack: one prepared dataset in one safetensors file. README.md describes the format in full.
//
//   images    U8  [N, C, H, W]        labels   I64 [N]   -1 where the source carries none
//   subject   I32 [N]  -1 unknown     sequence I32 [N]   -1 unknown
//   split     I32 [N]  index into split_names
//   <target>  F32 [N, K], such as `coefficients`: numbers to regress, where the dataset has any
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/base/safetensors.h"

namespace mien {

/// Where the samples come from. A board never ranks rows of different kinds together.
enum class DataKind { kReal, kUnverified, kStandIn };
template <>
inline constexpr EnumNames<DataKind> kEnumNames<DataKind> = {{"real", DataKind::kReal},
                                                             {"unverified", DataKind::kUnverified},
                                                             {"stand-in", DataKind::kStandIn}};

/// Numbers to regress, K per sample.
struct Targets {
  std::vector<std::string> names;  // K
  std::vector<float> std;          // K standard deviations in which the numbers count; or empty
  std::vector<float> values;       // N*K
};

/// Targets as views into the file of a pack.
struct TargetsView {
  std::vector<std::string> names;
  std::vector<float> std;
  std::span<const float> values;
};

/// The samples of a dataset, as its reader returns them.
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

/// Writes `directory`/<dataset>-<first 16 digits of the SHA-256>.safetensors and returns its path.
/// `sha256` receives the digest of the file's bytes. The same samples give the same file.
/// Errors (Exit::kPrecondition): a sample id is empty, has a line break or is not UTF-8; cannot
/// write. REQUIRES: all lists have one entry per sample.
std::filesystem::path write_pack(const std::filesystem::path& directory,
                                 const Samples& samples,
                                 std::string& sha256);

/// A pack that is open for reading. It maps the file and copies only the names.
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
  DataKind data() const { return stored_enum<DataKind>(file_.meta("data"), "kind of data"); }
  const std::string& manifest() const { return file_.meta("manifest"); }
  const std::filesystem::path& path() const { return file_.path(); }

  /// Returns true when the row can be trained on or scored: it has a label, or the dataset has no
  /// classes.
  bool is_usable(std::int64_t row) const {
    return class_names_.empty() || labels_[static_cast<std::size_t>(row)] >= 0;
  }
  /// Returns the rows of the usable samples of the named splits, in ascending order.
  /// Errors (Exit::kUsage): the dataset has no such split; the line suggests the nearest names.
  /// (Exit::kPrecondition): the splits have no usable sample.
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
