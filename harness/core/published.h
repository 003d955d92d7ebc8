// Figures as others printed them: tables of methods and columns, one place of publication each. A
// cell is a claim. Pure: no files; harness/claims reads them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/claim.h"

namespace mien {

struct Number {
  double value = 0;
  int decimals = 0;  // as printed
};
/// How far the printed number may lie from the one that was rounded to it.
double rounding_of(const Number& number);

/// "1.275", "1.036/0.992/0.280" (mean/median/std), or "-" where nothing is recorded.
struct Figure {
  std::string printed;
  std::vector<Number> parts;  // none, one or three; the first is the figure that ranks
  bool recorded() const { return !parts.empty(); }
};
/// None where the text is none of the three.
std::optional<Figure> parse_figure(std::string_view text);

struct PublishedRow {
  std::string method;
  std::vector<Figure> figures;  // as many as the table has columns
  std::int64_t line = 1;        // of the file
};

struct PublishedTable {
  std::string file;                 // as it was opened
  std::string place;                // the file's stem: "realy-pwc"; "" for an experiment's claim
  std::string board, name;          // what is measured: "realy", "frontal"
  std::vector<std::string> copies;  // places whose rows this place repeats
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

/// "realy/frontal/ExpNet/nose"; of an experiment the id of its claim; an empty part is left out.
std::string claim_id(const PublishedTable& table,
                     const std::string& method,
                     const std::string& column = "");

/// The table of a place and name; null where there is none.
const PublishedTable* find_table(const std::vector<PublishedTable>& tables,
                                 std::string_view place,
                                 std::string_view name);

/// Where a measured figure stands among those that a column prints.
struct Standing {
  std::string column;
  double value = 0;                 // as measured
  std::size_t rank = 1;             // 1 + the published figures that are better
  std::size_t of = 1;               // the published figures, and this one
  std::vector<std::string> better;  // nearest better method; several where they tie
  std::vector<std::string> equal;   // print the same figure
  std::vector<std::string> worse;   // nearest worse method
};

/// Ranks `measured` (column -> value, in the table's unit, a mean where cells are mean/median/std)
/// among the rows, a column at a time, in the table's order of columns. Values are compared as the
/// table prints them, rounded to its decimals; published figures count as printed, faults that are
/// known included. Left out: columns that the table lacks or nobody recorded, values that are not
/// finite, tables that are not established or state no order (`ranked_by`).
std::vector<Standing> rank_among(const PublishedTable& table,
                                 const std::map<std::string, double>& measured);

/// Whether a plain accuracy over n images can print as `percentage`: rounded (halves up), only with
/// its further digits cut off, or not at all. (The GRIM test: Brown & Heathers 2017, Soc. Psychol.
/// Personal. Sci. 8, 363-369.) Says nothing of means of folds or of batches, which are no k/n.
enum class Attainable { kRounded, kTruncated, kNot };
struct Attainability {
  Attainable how = Attainable::kNot;
  std::int64_t k = 0;  // correct images; where none fits, the nearest
};
/// REQUIRES: n > 0.
Attainability attainability(const Number& percentage, std::int64_t n);

}  // namespace mien
