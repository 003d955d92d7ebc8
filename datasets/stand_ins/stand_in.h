// Stand-ins: synthetic data in the layout of a dataset that a machine does not have.
#pragma once

#include <cstdint>
#include <filesystem>

#include "datasets/faces/face_request.h"
#include "datasets/tree/stand_in_marker.h"

namespace mien {

struct SynthesizeOptions {
  int subjects = 0;  // 0: StandIn::subjects
  std::uint64_t seed = 1;
  FaceHead head = FaceHead::kProcedural;
  /// The file of a face model (load_face_model) to draw instead of `head`; empty: none.
  /// REQUIRES: empty unless the dataset has targets.
  std::filesystem::path face_model = {};
  /// Standard deviation of the noise on the true expression coefficients of training samples, in
  /// their standard deviations. REQUIRES: 0 unless the dataset has targets.
  double label_noise = 0;
};

/// The stand-in of one dataset: one row of the table in registry.cpp.
struct StandIn {
  const char* dataset;  // DatasetEntry::name
  int version;          // raise it when `write` gives other bytes for the same options
  int subjects;         // of the stand-in that is made where no real data is
  int fewest, most;     // subjects that `write` can draw
  /// The items that the default stand-in draws, their name, and the processor seconds that one
  /// takes (measured on an AMD EPYC). bench-prepare says from them how long drawing will take.
  int items;
  const char* item;
  double core_seconds;
  /// Writes the files of a stand-in, in the layout of the dataset, into the empty folder `out`.
  /// Adds to `marker` what the files have no place for. Equal options give equal bytes.
  void (*write)(const std::filesystem::path& out,
                const SynthesizeOptions& options,
                StandInMarker& marker);
};

/// Writes a stand-in and its marker (stand_in_marker.h) into the empty folder `out`.
/// Error (Exit::kUsage): the number of subjects is out of range.
/// Error (Exit::kPrecondition): the folder cannot be written.
void write_stand_in(const StandIn& stand_in,
                    const std::filesystem::path& out,
                    SynthesizeOptions options);

}  // namespace mien
