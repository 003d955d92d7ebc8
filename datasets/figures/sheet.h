// Lays out pictures with words as one .png, .jpg or .html, and reads the maps of bench explain.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "datasets/images/image.h"

namespace mien {

/// One picture with its title and caption.
struct Panel {
  std::string title, caption;
  Image picture;  // BGR
};

/// The content of a sheet.
struct ExplainSheet {
  std::vector<std::string> header, notes;  // lines above and below the panels
  std::vector<Panel> panels;
  std::vector<Panel> wide = {};  // below the panels, each on a row of its own
};

inline constexpr double kSmallText = 0.4;  // see draw_text
inline constexpr int kLetterPx = 7;        // about, of small text

/// Returns a white picture, BGR unless `channels` is 1.
Image white_paper(int width, int height, int channels = 3);

/// Copies `part` into the sheet.
/// REQUIRES: both have the same number of channels, and the part lies inside the sheet.
void paste(Image& sheet, const Image& part, int left, int top);

/// Returns the picture, gray or BGR, of planes of width*height bytes: gray, or red, green and blue.
/// REQUIRES: 1 or 3 planes.
Image picture_of_planes(const std::uint8_t* planes, int count, int width, int height);

/// Reads the maps that `bench-worker explain` wrote.
/// Error (Exit::kIntegrity): `maps` is not such a file, or a map has another size than the image.
ExplainSheet read_explanation(const std::filesystem::path& maps);

/// Draws the sheet on white paper: four panels per row, wide panels below.
Image picture_of(const ExplainSheet& sheet);
/// Returns the sheet as one HTML page with embedded pictures and no external resources.
std::string html_of(const ExplainSheet& sheet);

/// Writes the sheet in the format that the extension of `out` names. Returns {"out", "panels"}.
/// Error (Exit::kUsage): the extension is not .png, .jpg or .html.
nlohmann::ordered_json write_sheet(const ExplainSheet& sheet, const std::filesystem::path& out);

}  // namespace mien
