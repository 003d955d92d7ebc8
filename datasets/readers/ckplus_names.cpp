#include "datasets/readers/ckplus_names.h"

#include "datasets/formats/csv.h"
#include "datasets/tree/listing.h"

namespace mien {
namespace {

constexpr std::string_view kIdPattern = "S###_###_########";

}  // namespace

bool parse_ck_name(std::string_view file_name, CkName& name) {
  const std::string_view id = file_name.substr(0, kIdPattern.size());
  if (!matches(id, kIdPattern)) return false;
  name.id = upper(id);
  name.sequence = name.id.substr(0, 8);
  name.subject = static_cast<int>(small_number(id.substr(1, 3), 0, 999));
  name.frame = static_cast<int>(small_number(id.substr(9), 0, 99'999'999));
  name.ending = lower(file_name.substr(id.size()));
  return true;
}

}  // namespace mien
