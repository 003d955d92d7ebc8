#include "datasets/stand_ins/stand_in.h"

#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {

void write_stand_in(const StandIn& stand_in, const fs::path& out, SynthesizeOptions options) {
  if (options.subjects == 0) options.subjects = stand_in.subjects;
  if (options.subjects < stand_in.fewest || options.subjects > stand_in.most)
    fail(Exit::kUsage,
         "--subjects {}: from {} to {} for the stand-in of {}",
         options.subjects,
         stand_in.fewest,
         stand_in.most,
         stand_in.dataset);
  StandInMarker marker{.dataset = stand_in.dataset,
                       .generator = stand_in.version,
                       .seed = options.seed,
                       .subjects = options.subjects,
                       .label_noise = options.label_noise,
                       .head = options.face_model.empty() ? name_of(options.head)
                                                          : options.face_model.filename().string()};
  stand_in.write(out, options, marker);
  write_marker(out, marker);
}

}  // namespace mien
