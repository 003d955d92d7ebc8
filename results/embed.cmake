# Writes OUTPUT, a C++ file that defines mien::kSchemaSql as the text of INPUT.
file(READ ${INPUT} text)
file(WRITE ${OUTPUT} "// Written by results/embed.cmake from schema.sql.
#include \"results/schema.h\"

namespace mien {
const char kSchemaSql[] = R\"sql(${text})sql\";
}  // namespace mien
")
