// The eight expressions as mixtures of facial actions, after the prototypes of the Facial Action
// Coding System (FACS).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mien {

/// The strength of one action in an expression.
struct ActionShare {
  std::string_view action;  // without its side
  float left, right;        // of the subject; equal for an action without sides
};

/// One session of one subject. Both fix how the subject makes an expression.
struct SessionKey {
  std::uint64_t seed;
  int subject, session;
};

/// Returns the actions of `expression` at its peak. Every subject has fixed individual habits, and
/// each session varies a little. Returns nothing for "neutral".
/// Error (Exit::kUsage): the expression is not one of the eight.
std::vector<ActionShare> expression_peak(std::string_view expression,
                                         const SessionKey& key,
                                         bool exaggerated);

/// Returns the actions of the subject's face at rest, which is slightly non-neutral.
std::vector<ActionShare> rest_face(const SessionKey& key);

}  // namespace mien
