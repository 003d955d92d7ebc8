// Reads from a database what a board is made of.
#pragma once

#include "results/rows.h"
#include "results/sqlite.h"

namespace mien {

/// Returns all scores, speeds, failures and claims of the database. Reads neither predictions nor
/// curves. The caller begins the transaction, so that all of them are of one moment.
BoardInput read_board_input(const SqliteConnection& connection);

}  // namespace mien
