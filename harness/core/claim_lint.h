// Checks published figures against arithmetic, against each other and against other places. A
// finding is a reason to ask, never proof of misconduct. Pure: no files.
//
//   mean-of-columns    the column that is the mean of the others is not, beyond rounding
//   median-beyond-std  |median - mean| > std, which no set of numbers can have
//   median-far         |median - mean| > std / 2: possible, and rare
//   order              a row stands above a better one, compared as numbers
//   duplicate-row      a method stands there twice, or two rows print the same figures
//   other-table        a row prints the figures of another table of the same board
//   copy-differs       a figure is not the one of the place it is copied from
//   copy-digits        likewise, alike but for the number of digits
//   truncated-only     an accuracy that k of n images give only with further digits cut off
//   not-attainable     an accuracy that no k of n images gives
//   range              a percentage off 0..100, or a length, time or deviation below 0
//   grade              a figure that is only a recollection (R) or unknown (U)
//   known-unused       a fault is marked as known and is not there
#pragma once

#include <string>
#include <vector>

#include "harness/core/published.h"

namespace mien {

struct ClaimFinding {
  std::string file;
  std::int64_t line = 1;
  std::string rule;
  std::string claim;   // claim_id
  std::string column;  // "": the whole row
  std::string what;    // the figures
  std::string why;     // why it matters
  std::string known;   // the reason that the file gives; "": not marked
};

/// Findings of all tables, by file and line. Tables are compared where one copies the other.
std::vector<ClaimFinding> lint_claims(const std::vector<PublishedTable>& tables);

}  // namespace mien
