#include "datasets/figures/sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/images/image_io.h"
#include "datasets/images/mat_view.h"
#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace mien {
namespace {

constexpr int kColumns = 4, kGap = 16, kLine = 15, kTitleLine = 20;  // px
constexpr double kLarge = 0.5, kTitle = 0.45;

/// Breaks text at blanks into lines of at most `letters`.
std::vector<std::string> wrapped(const std::string& text, int letters) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && std::ssize(line) + 1 + std::ssize(word) > letters) {
      lines.push_back(line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '<')
      safe += "&lt;";
    else if (letter == '>')
      safe += "&gt;";
    else if (letter == '&')
      safe += "&amp;";
    else if (letter == '"')
      safe += "&quot;";
    else
      safe += letter;
  }
  return safe;
}

/// The places of all parts of a sheet.
struct Layout {
  int panel_width = 0, sheet_width = 0, height = 0;
  std::vector<std::vector<std::string>> captions;  // lines, per panel
  std::vector<int> row_heights;                    // per row of panels
  std::vector<std::string> notes;                  // lines

  explicit Layout(const ExplainSheet& sheet) {
    for (const Panel& panel : sheet.panels)
      panel_width = std::max(panel_width, panel.picture.width);
    sheet_width = kGap + kColumns * (panel_width + kGap);
    for (std::size_t i = 0; i < sheet.panels.size(); ++i) add_panel(sheet.panels[i], i);
    for (const std::string& note : sheet.notes)
      for (const std::string& line : wrapped(note, (sheet_width - 2 * kGap) / kLetterPx))
        notes.push_back(line);
    height = kGap + kTitleLine * static_cast<int>(sheet.header.size()) + kGap +
             kLine * static_cast<int>(notes.size()) + kGap;
    for (const int row : row_heights) height += row;
    for (const Panel& panel : sheet.wide)
      height += kTitleLine + panel.picture.height + kLine + kGap;
  }

 private:
  void add_panel(const Panel& panel, std::size_t number) {
    captions.push_back(wrapped(panel.caption, panel_width / kLetterPx));
    if (number % kColumns == 0) row_heights.push_back(0);
    row_heights.back() = std::max(row_heights.back(),
                                  kTitleLine + panel.picture.height +
                                      kLine * static_cast<int>(captions.back().size()) + kGap);
  }
};

/// Draws a panel and the lines of its caption.
void draw_panel(
    Image& sheet, const Panel& panel, const std::vector<std::string>& caption, int left, int top) {
  draw_text(sheet, left, top + 13, panel.title, kTitle);
  paste(sheet, panel.picture, left, top + kTitleLine);
  int line = top + kTitleLine + panel.picture.height + 12;
  for (const std::string& text : caption) {
    draw_text(sheet, left, line, text, kSmallText);
    line += kLine;
  }
}

}  // namespace

Image white_paper(int width, int height, int channels) {
  return {width,
          height,
          channels,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels), 255)};
}

void paste(Image& sheet, const Image& part, int left, int top) {
  view_of(part).copyTo(view_of(sheet)(cv::Rect(left, top, part.width, part.height)));
}

Image picture_of_planes(const std::uint8_t* planes, int count, int width, int height) {
  std::vector<cv::Mat> channels;
  for (int plane = count; plane-- > 0;)
    channels.emplace_back(
        height,
        width,
        CV_8UC1,
        const_cast<std::uint8_t*>(planes + std::ptrdiff_t{plane} * width * height));
  cv::Mat picture;
  cv::merge(channels, picture);
  return image_of(picture);
}

Image picture_of(const ExplainSheet& sheet) {
  const Layout layout(sheet);
  Image image = white_paper(layout.sheet_width, layout.height);
  int top = kGap;
  for (const std::string& line : sheet.header) {
    draw_text(image, kGap, top + 12, line, kLarge);
    top += kTitleLine;
  }
  top += kGap / 2;
  for (std::size_t i = 0; i < sheet.panels.size(); ++i) {
    const int left = kGap + static_cast<int>(i % kColumns) * (layout.panel_width + kGap);
    draw_panel(image, sheet.panels[i], layout.captions[i], left, top);
    if (i % kColumns == kColumns - 1 || i + 1 == sheet.panels.size())
      top += layout.row_heights[i / kColumns];
  }
  for (const Panel& panel : sheet.wide) {
    draw_panel(image, panel, {panel.caption}, kGap, top);
    top += kTitleLine + panel.picture.height + kLine + kGap;
  }
  for (const std::string& note : layout.notes) {
    draw_text(image, kGap, top + 12, note, kSmallText);
    top += kLine;
  }
  return image;
}

std::string html_of(const ExplainSheet& sheet) {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>" +
                     escaped(sheet.header.front()) +
                     "</title>\n<style>body{font:14px/1.4 sans-serif;margin:24px;max-width:1200px}"
                     ".panels{display:flex;flex-wrap:wrap;gap:24px}figure{margin:0;width:288px}"
                     "img{width:288px;image-rendering:auto}figcaption b{display:block}"
                     ".wide,.wide img{width:auto;max-width:100%}</style></head><body>\n";
  for (std::size_t i = 0; i < sheet.header.size(); ++i)
    page += fmt::format("<{0}>{1}</{0}>\n", i == 0 ? "h1" : "p", escaped(sheet.header[i]));
  page += "<div class=\"panels\">\n";
  const auto add = [&](const Panel& panel, const char* kind) {
    page += fmt::format(
        "<figure{3}><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption><b>{0}</b>{2}"
        "</figcaption></figure>\n",
        escaped(panel.title),
        base64(encode_image(".png", panel.picture)),
        escaped(panel.caption),
        kind);
  };
  for (const Panel& panel : sheet.panels) add(panel, "");
  for (const Panel& panel : sheet.wide) add(panel, " class=\"wide\"");
  page += "</div>\n";
  for (const std::string& note : sheet.notes) page += "<p>" + escaped(note) + "</p>\n";
  return page + "</body></html>\n";
}

nlohmann::ordered_json write_sheet(const ExplainSheet& sheet, const std::filesystem::path& out) {
  const std::string kind = out.extension().string();
  if (kind != ".png" && kind != ".jpg" && kind != ".html")
    fail(Exit::kUsage, "{}: must end in .png, .jpg or .html", out.string());
  if (kind == ".html")
    write_text(out, html_of(sheet));
  else
    write_image(out, picture_of(sheet));
  std::vector<std::string> titles;
  for (const auto* panels : {&sheet.panels, &sheet.wide})
    for (const Panel& panel : *panels) titles.push_back(panel.title);
  return {{"out", out.string()}, {"panels", titles}};
}

}  // namespace mien
