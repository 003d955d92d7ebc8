#include "harness/core/record.h"

#include "harness/core/error.h"

namespace mien {

const char* name_of(AttemptState state) {
  switch (state) {
    case AttemptState::kDone:
      return "done";
    case AttemptState::kFailed:
      return "failed";
    case AttemptState::kTimeout:
      return "timeout";
    case AttemptState::kOutOfMemory:
      return "oom";
    case AttemptState::kCrashed:
      return "crashed";
    case AttemptState::kInterrupted:
      return "interrupted";
  }
  MIEN_ASSERT(!"every AttemptState has a name");
  return "";
}

}  // namespace mien
