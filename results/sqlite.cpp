#include "results/sqlite.h"

#include <sqlite3.h>

#include <cstring>
#include <limits>

#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

/// SQLite's text may quote the file's own, possibly broken, schema: one line must stay one line.
std::string one_line(const char* text) {
  std::string line = text ? text : "";
  for (char& byte : line)
    if (static_cast<unsigned char>(byte) < 0x20) byte = ' ';
  return line;
}

[[noreturn]] void raise(sqlite3* db, int code, const std::string& label) {
  const std::string what = one_line(db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      fail(Exit::kIntegrity, "{}: not a SQLite file; name a results database of Mien", label);
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
      fail(Exit::kIntegrity, "{}: corrupt: {}; restore a copy, or delete it", label, what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      fail(Exit::kPrecondition, "{}: locked by another process; run again when it ends", label);
    case SQLITE_FULL:
      fail(Exit::kPrecondition, "{}: disk full; free some space and run again", label);
    case SQLITE_READONLY:
      fail(Exit::kPrecondition, "{}: read-only; make it writable or name another file", label);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      fail(Exit::kPrecondition, "{}: {}; check path, permissions and disk", label, what);
    case SQLITE_CONSTRAINT:
      fail(Exit::kIntegrity, "{}: {}; a row contradicts another or the schema", label, what);
    default:
      fail(Exit::kIntegrity, "{}: {}; not the tables of this version of Mien", label, what);
  }
}

}  // namespace

// ------------------------------------------------------------------------------- SqliteConnection

void SqliteConnection::open(const std::string& name, int flags) {
  const int code = sqlite3_open_v2(name.c_str(), &db, flags, nullptr);
  if (code == SQLITE_OK) return;
  // A constructor that throws has no destructor.
  const std::string what = one_line(sqlite3_errmsg(db));
  sqlite3_close_v2(db);
  db = nullptr;
  fail(Exit::kPrecondition, "{}: {}; check path and permissions", label, what);
}

SqliteConnection::SqliteConnection(fs::path file, Access access)
    : path(std::move(file)), label(path.string()) {
  open(path.string(), SQLITE_OPEN_READWRITE | (access == Access::kCreate ? SQLITE_OPEN_CREATE : 0));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  attempt("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
  if (access == Access::kCreate) return;
  attempt("PRAGMA query_only = ON");
  const int code = sqlite3_exec(db, "SELECT 1 FROM sqlite_master", nullptr, nullptr, nullptr);
  std::error_code ignored;
  if ((code & 0xff) == SQLITE_CANTOPEN && !fs::exists(label + "-wal", ignored)) reopen_immutable();
}

/// A database with a write-ahead log cannot be read in a read-only folder unless it is declared
/// immutable, which is true as long as no log lies beside it.
void SqliteConnection::reopen_immutable() {
  std::string uri = "file:";
  for (const char byte : fs::absolute(path).string())
    uri += byte == '?' || byte == '#' || byte == '%'
               ? fmt::format("%{:02X}", static_cast<unsigned char>(byte))
               : std::string(1, byte);
  sqlite3_close_v2(db);
  db = nullptr;
  open(uri + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

SqliteConnection::~SqliteConnection() { sqlite3_close_v2(db); }

void SqliteConnection::execute(const std::string& sql) const {
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(db, code, label);
}

void SqliteConnection::attempt(const std::string& sql) const noexcept {
  sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
}

std::int64_t SqliteConnection::last_key() const { return sqlite3_last_insert_rowid(db); }

// -------------------------------------------------------------------------------------- Statement

Statement::Statement(const SqliteConnection& connection, const std::string& sql)
    : connection_(connection) {
  check(sqlite3_prepare_v2(connection.db, sql.c_str(), -1, &statement_, nullptr));
  for (int i = 0; i < sqlite3_column_count(statement_); ++i)
    columns_.emplace(sqlite3_column_name(statement_, i), i);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::check(int code) const {
  if (code != SQLITE_OK) raise(connection_.db, code, connection_.label);
}

int Statement::column(const char* name) const {
  const auto found = columns_.find(std::string_view(name));
  MIEN_ASSERT(found != columns_.end());
  return found->second;
}

const char* Statement::first_column() const { return sqlite3_column_name(statement_, 0); }

int Statement::parameter(const char* name) const {
  const int found = sqlite3_bind_parameter_index(statement_, (std::string(":") + name).c_str());
  MIEN_ASSERT(found > 0);
  return found;
}

void Statement::bind(const char* name, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, parameter(name), value));
}

void Statement::bind(const char* name, double value) {
  check(sqlite3_bind_double(statement_, parameter(name), value));
}

void Statement::bind(const char* name, const std::optional<double>& value) {
  value ? bind(name, *value) : bind_null(name);
}

void Statement::bind(const char* name, const std::string& value) {
  check(sqlite3_bind_text64(
      statement_, parameter(name), value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(const char* name, const std::vector<float>& value) {
  static_assert(std::numeric_limits<float>::is_iec559 && sizeof(float) == 4);
  // A null pointer would bind NULL instead of an empty blob.
  const void* data = value.empty() ? "" : static_cast<const void*>(value.data());
  check(sqlite3_bind_blob64(
      statement_, parameter(name), data, value.size() * sizeof(float), SQLITE_TRANSIENT));
}

void Statement::bind_null(const char* name) {
  check(sqlite3_bind_null(statement_, parameter(name)));
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
  return code == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
  check(sqlite3_reset(statement_));
}

void Statement::get(const char* name, std::int64_t& value) const {
  value = sqlite3_column_int64(statement_, column(name));
}

void Statement::get(const char* name, bool& value) const {
  value = sqlite3_column_int64(statement_, column(name)) != 0;
}

void Statement::get(const char* name, double& value) const {
  value = get<std::optional<double>>(name).value_or(std::numeric_limits<double>::quiet_NaN());
}

void Statement::get(const char* name, std::optional<double>& value) const {
  const int at = column(name);
  value.reset();
  if (sqlite3_column_type(statement_, at) != SQLITE_NULL)
    value = sqlite3_column_double(statement_, at);
}

void Statement::get(const char* name, std::string& value) const {
  const int at = column(name);
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, at));
  value.clear();
  if (text) value.assign(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
}

void Statement::get(const char* name, std::vector<float>& value) const {
  const int at = column(name);
  const void* data = sqlite3_column_blob(statement_, at);
  value.resize(static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)) / sizeof(float));
  if (!value.empty()) std::memcpy(value.data(), data, value.size() * sizeof(float));
}

/// A default in place of an unknown word would turn damage into a result.
template <typename E>
E Statement::one_of(const char* name, const char* where) const {
  const std::string word = get<std::string>(name);
  if (const std::optional<E> known = find_enum<E>(word)) return *known;
  fail(Exit::kIntegrity,
       "{}: {} is '{}', which this Mien does not know; update Mien, or restore a copy",
       connection_.label,
       where,
       one_line(word.c_str()));
}

void Statement::get(const char* name, AttemptState& value) const {
  value = one_of<AttemptState>(name, "table attempt: state");
}
void Statement::get(const char* name, DataKind& value) const {
  value = one_of<DataKind>(name, "table task: data");
}
void Statement::get(const char* name, TaskKind& value) const {
  value = one_of<TaskKind>(name, "table task: kind");
}

// ------------------------------------------------------------------------------------ Transaction

Transaction::Transaction(const SqliteConnection& connection, Kind kind) : connection_(connection) {
  connection_.execute(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!done_) connection_.attempt("ROLLBACK");
}

void Transaction::commit() {
  connection_.execute("COMMIT");
  done_ = true;
}

}  // namespace mien
