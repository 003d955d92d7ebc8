#include "harness/core/splits.h"

#include "harness/core/error.h"

namespace mien {

const char* name_of(SplitScheme scheme) {
  switch (scheme) {
    case SplitScheme::kOfficial:
      return "official";
    case SplitScheme::kHoldout:
      return "holdout";
    case SplitScheme::kFolds:
      return "folds";
  }
  MIEN_ASSERT(!"a SplitScheme");
  return "";
}

const char* name_of(SplitUnit unit) {
  switch (unit) {
    case SplitUnit::kImage:
      return "image";
    case SplitUnit::kSequence:
      return "sequence";
    case SplitUnit::kSubject:
      return "subject";
  }
  MIEN_ASSERT(!"a SplitUnit");
  return "";
}

}  // namespace mien
