// Defines tables of published figures: one row per method, one column per figure. Every cell is a
// claim. All functions here are pure; harness/config/published_file.h reads the files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/claims/claim.h"

namespace mien {

/// A number with as many decimals as it was printed with.
struct Number {
  double value = 0;
  int decimals = 0;  // as printed
};
/// Returns the largest distance between a printed number and the number that was rounded to it.
double rounding_of(const Number& number);

/// One cell: "1.275", "1.036/0.992/0.280" (mean/median/std), or "-" where nothing is recorded.
struct Figure {
  std::string printed;
  std::vector<Number> parts;  // none, one or three; the first is the figure that ranks
  bool recorded() const { return !parts.empty(); }
};
/// Parses the text of a cell. Returns nothing if it has none of the three forms.
std::optional<Figure> parse_figure(std::string_view text);

struct PublishedRow {
  std::string method;
  std::vector<Figure> figures;  // as many as the table has columns
  std::int64_t line = 1;        // of the file
};

struct PublishedTable {
  std::string file;                 // as it was opened
  std::string publication;          // the file's stem: "realy-pwc"; "" for an experiment's claim
  std::string board, name;          // what is measured: "realy", "frontal"
  std::vector<std::string> copies;  // publications whose rows this one repeats
  std::string title, source, locator = "unknown";
  std::string metric, unit, n = "unknown", protocol = "unknown", grade = "U";
  std::vector<std::string> columns;  // "nose", ..., "all"
  std::string mean;                  // column that is the mean of the others; "" none
  std::string ranked_by;             // column by which the rows stand in order; "" no ranking
  std::vector<PublishedRow> rows;
  std::vector<KnownFault> known;

  /// False for a recollection (R) or an unknown (U): such a figure is neither printed nor ranked.
  bool established() const { return grade != "R" && grade != "U"; }
};

/// Returns the id of a cell or row, "realy/frontal/ExpNet/nose". Empty parts are left out, so that
/// the claim of an experiment keeps its own id.
std::string claim_id(const PublishedTable& table,
                     const std::string& method,
                     const std::string& column = "");

/// Returns the table of that publication and name, or null.
const PublishedTable* find_table(const std::vector<PublishedTable>& tables,
                                 std::string_view publication,
                                 std::string_view name);

/// The rank of a measured figure among the figures that a column prints.
struct Ranking {
  std::string column;
  double value = 0;                 // as measured
  std::size_t rank = 1;             // 1 + the number of better published figures
  std::size_t of = 1;               // the number of published figures + 1
  std::vector<std::string> better;  // the next better method; several if they tie
  std::vector<std::string> equal;   // methods that print the same figure
  std::vector<std::string> worse;   // the next worse method; several if they tie
};

/// Ranks `measured` (column -> value in the table's unit) in each column, in the table's order of
/// columns. If cells are mean/median/std, the mean is compared. Values are rounded to the decimals
/// of the table first; published figures count as printed, including those with known faults.
/// Returns nothing for columns without published figures, values that are not finite, and tables
/// that are not established or state no order (`ranked_by`).
std::vector<Ranking> rank_among(const PublishedTable& table,
                                const std::map<std::string, double>& measured);

/// How an accuracy of k of n images can print as a percentage: rounded (halves up), only with its
/// further digits cut off, or not at all. (The GRIM test: Brown & Heathers 2017, Soc. Psychol.
/// Personal. Sci. 8, 363-369.) Means over folds or batches are not k/n, so this says nothing about
/// them.
enum class Attainable { kRounded, kTruncated, kNot };
struct Attainability {
  Attainable how = Attainable::kNot;
  std::int64_t k = 0;  // correct images; the nearest if none fits
};
/// Finds k for a printed percentage of n images. REQUIRES: n > 0.
Attainability attainability(const Number& percentage, std::int64_t n);

}  // namespace mien
