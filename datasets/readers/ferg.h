// The folder names of FERG-DB.
#pragma once

namespace mien {

inline constexpr int kFergClasses = 7, kFergCharacters = 6;
inline constexpr const char* kFergClassNames[kFergClasses] = {
    "anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"};
inline constexpr const char* kFergCharacterNames[kFergCharacters] = {
    "aia", "bonnie", "jules", "malcolm", "mery", "ray"};

}  // namespace mien
