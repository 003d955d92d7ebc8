// What every command prints with: tables and JSON documents on stdout.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "results/render.h"
#include "results/table.h"

namespace mien {

/// Returns the width and the colour of stdout.
TextStyle stdout_style();
/// Prints a table in `format` (text, md or csv); text fits the terminal.
void print_table(const Table& table, const std::string& format);
/// Prints a table as text, with an empty line below.
void print_text(const Table& table);
/// Prints a document with an indent of two.
void print_json(const nlohmann::json& document);

/// Returns a table with the columns "what" and "value".
Table pairs(const std::string& title, const std::vector<std::pair<std::string, std::string>>& rows);

/// Returns the board's format of the word that --format takes.
BoardFormat board_format(const std::string& format);

}  // namespace mien
