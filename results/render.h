// Formats a board as text, Markdown, CSV and JSON. Nothing is computed, ranked or judged here.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "results/board.h"
#include "results/table.h"

namespace mien {

/// Rises when a field of the JSON or a column of the CSV changes its meaning or is removed.
inline constexpr int kBoardJsonSchema = 1;

enum class BoardFormat { kText, kMarkdown, kCsv, kJson };

/// Returns the board in one format. `style` applies to kText only. A figure that was not measured
/// is a dash in text, an empty cell in CSV and null in JSON.
std::string render(const Board& board, BoardFormat format, const TextStyle& style = {});

/// Returns a date in UTC, "2026-11-20", or a dash for 0.
std::string utc_date(std::int64_t nanoseconds);
/// Returns four significant digits, or all digits of a large number: "81234", "0.05124". Returns a
/// dash for a value that is absent or not finite.
std::string figure(const std::optional<double>& value);
/// Returns the value, or null if it is absent or not finite.
nlohmann::json number_json(const std::optional<double>& value);

}  // namespace mien
