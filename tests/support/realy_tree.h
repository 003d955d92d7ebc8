// A small folder in REALY's layout, drawn from formulas.
#pragma once

#include "tests/support/formula_faces.h"
#include "tests/support/temp_dir.h"

namespace mien::testing {

inline constexpr int kTreeSide = 25;  // of the template's grid

inline std::string positions_json(const std::array<KeypointPosition, kKeypoints>& positions) {
  std::string text;
  for (const KeypointPosition& position : positions)
    text += fmt::format(
        "{}[{}, {}, {}]", text.empty() ? "[" : ", ", position.triangle, position.w0, position.w1);
  return text + "]";
}

inline void write_subject(const TempDir& dir, int subject) {
  write_obj(dir / fmt::format("REALY_HIFI3D_keypoints/{}.obj", subject), formula_keypoint_mesh());
  for (int region = 0; region < kRegions; ++region)
    write_obj(dir / fmt::format("REALY_scan_region/{}/{}.obj",
                                subject,
                                kRealyRegions[static_cast<std::size_t>(region)]),
              formula_region(region, 0.5));
}

/// Subjects 1 and 2; predictions of both in pred/.
inline void write_realy_tree(const TempDir& dir) {
  for (const int subject : {1, 2}) write_subject(dir, subject);
  write_obj(dir / "data/SYN.obj", formula_template(kTreeSide));
  dir.write("data/SYN.txt", positions_json(formula_positions(kTreeSide)));
  dir.write("data/metrical_scale.txt", "8.754064\n9\n");
  write_obj(dir / "pred/1.obj", formula_prediction(kTreeSide));
  write_obj(dir / "pred/2.obj", formula_prediction(kTreeSide, -1));
}

}  // namespace mien::testing
