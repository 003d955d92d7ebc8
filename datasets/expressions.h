// The eight expressions as mixtures of facial actions, after the prototypes of the Facial Action
// Coding System: actions, not pictures, tell them apart.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mien {

/// How strongly one action takes part.
struct ActionShare {
  std::string_view action;  // without its side
  float left, right;        // the subject's; the same for an action without sides
};

/// The expression as subject `subject` makes it at its peak on occasion `sitting`: everybody has
/// habits (fixed per subject), every occasion differs a little. Empty for "neutral".
/// Error (Exit::kUsage): none of the eight.
std::vector<ActionShare> peak_of(
    std::string_view expression, std::uint64_t seed, int subject, int sitting, bool exaggerated);

/// What the subject's face does at rest: nobody's is quite neutral.
std::vector<ActionShare> rest_of(std::uint64_t seed, int subject, int sitting);

}  // namespace mien
