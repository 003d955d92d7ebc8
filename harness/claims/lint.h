// Checks published figures against arithmetic, against each other and against other publications.
// A finding is a reason to ask the authors; it proves no misconduct. No function here reads a file.
//
//   mean-of-columns    The mean column is not the mean of the others, beyond rounding.
//   median-beyond-std  |median - mean| > std, which no set of numbers can have.
//   median-far         |median - mean| > std / 2, which is possible and rare.
//   order              A row stands above a better one, compared as numbers.
//   duplicate-row      A method is listed twice, or two rows print the same figures.
//   other-table        A row prints the figures of another table of the same board.
//   copy-differs       A figure differs from the publication that it is copied from.
//   copy-digits        A figure agrees with that publication except for the number of digits.
//   truncated-only     k of n images give this accuracy only if further digits are cut off.
//   not-attainable     No k of n images give this accuracy.
//   range              A percentage outside 0..100, or a length, time or deviation below 0.
//   grade              The figure is only a recollection (R) or unknown (U).
//   known-unused       A fault is marked as known and is not found.
#pragma once

#include <string>
#include <vector>

#include "harness/claims/published.h"

namespace mien {

/// One fault that a rule found.
struct ClaimFinding {
  std::string file;
  std::int64_t line = 1;
  std::string rule;
  std::string claim;   // claim_id
  std::string column;  // "": the whole row
  std::string what;    // the figures
  std::string why;     // why it matters
  std::string known;   // the reason that the file gives for it; "": not marked as known
};

/// Returns the findings of all tables, by file and line. A table is compared with the tables of the
/// publications that it copies.
std::vector<ClaimFinding> lint_claims(const std::vector<PublishedTable>& tables);

}  // namespace mien
