// The sequences of the stand-ins of CK+ and CK+48.
#pragma once

#include <string>
#include <vector>

#include "datasets/stand_ins/stand_in.h"

namespace mien {

/// A sequence of a stand-in.
struct CkSequence {
  int subject, subject_id;  // from 0, and the number in S###
  int number;               // of the subject's sequences, from 1
  int label;                // -1: none
  int frames;

  std::string name() const;  // "S010_004"
  std::string id(int frame) const;
};

/// Returns the sequences of a stand-in, sorted by name. Each subject has at most one sequence per
/// class, and the classes have the published proportions. 123 subjects give the published counts
/// and 10,708 frames. Other numbers of subjects give sequences of 5 to 8 frames, fewer than 10
/// subjects sequences of 3. REQUIRES: 1 to 199 subjects.
std::vector<CkSequence> plan_ckplus(const SynthesizeOptions& options);

}  // namespace mien
