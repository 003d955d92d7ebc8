// The codes in the file names of JAFFE.
#pragma once

namespace mien {

inline constexpr int kJaffeClasses = 7, kJaffeSubjects = 10;
inline constexpr const char* kJaffeClassCodes[kJaffeClasses] = {
    "AN", "DI", "FE", "HA", "NE", "SA", "SU"};
inline constexpr const char* kJaffeSubjectCodes[kJaffeSubjects] = {
    "KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM"};
inline constexpr int kJaffeLastNumber = 219;
inline constexpr int kJaffeMissingNumbers[] = {8, 12, 21, 76, 108, 183};

}  // namespace mien
