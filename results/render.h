// A board as text, Markdown, CSV and JSON. Pure formatting: nothing is computed, ranked or judged.
#pragma once

#include <string>

#include "results/board.h"
#include "results/table.h"

namespace mien {

/// Bumped when a field of the JSON or a column of the CSV changes its meaning or is removed.
inline constexpr int kBoardJsonSchema = 1;

enum class BoardFormat { kText, kMarkdown, kCsv, kJson };

/// `style` counts for kText only. What was not measured is a dash, an empty CSV cell, a JSON null.
std::string render(const Board& board, BoardFormat format, const TextStyle& style = {});

/// "2026-11-20" (UTC), or a dash for 0.
std::string utc_date(std::int64_t nanoseconds);
/// Four significant digits, thousands kept whole: "1234", "0.05124"; a dash for NaN.
std::string figure(double value);

}  // namespace mien
