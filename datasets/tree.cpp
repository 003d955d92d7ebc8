#include "datasets/tree.h"

namespace mien {}  // namespace mien
