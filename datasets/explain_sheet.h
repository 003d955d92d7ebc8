// The picture side of `bench explain`: float maps of a worker become a .png, .jpg or .html.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "datasets/image.h"

namespace mien {

/// One picture with its words.
struct Panel {
  std::string title, caption;
  Image picture;  // BGR
};

/// What was explained and what was found, ready to be laid out.
struct ExplainSheet {
  std::vector<std::string> header, notes;  // lines above and below the panels
  std::vector<Panel> panels;
  std::vector<Panel> wide = {};  // below the panels, each a row of its own
};

inline constexpr double kSmallText = 0.4;  // see draw_text
inline constexpr int kLetterPx = 7;        // about, of small text

/// White, BGR.
Image white_paper(int width, int height);
/// REQUIRES: both BGR, the part inside of the sheet.
void paste(Image& sheet, const Image& part, int left, int top);

/// Reads the maps that `bench-worker explain` wrote.
/// Errors (Exit::kIntegrity): not such a file, a map of another size than the image.
ExplainSheet read_explanation(const std::filesystem::path& maps);

/// All panels on white paper, four in a row, the wide ones below; words drawn.
Image picture_of(const ExplainSheet& sheet);
/// One page that needs nothing beside itself: pictures inside, words as text.
std::string html_of(const ExplainSheet& sheet);

/// Writes the sheet as `out` says by its extension; gives {"out", "panels"}.
/// Error (Exit::kUsage): none of .png, .jpg, .html.
nlohmann::ordered_json write_sheet(const ExplainSheet& sheet, const std::filesystem::path& out);

}  // namespace mien
