#include "datasets/explain_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/image_io.h"
#include "harness/core/error.h"
#include "harness/core/files.h"

namespace mien {
namespace {

constexpr int kColumns = 4, kGap = 16, kLine = 15, kTitleLine = 20;  // px
constexpr double kLarge = 0.5, kTitle = 0.45;
/// Lines of at most `letters`, broken at blanks.
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

std::string base64(const std::vector<std::uint8_t>& bytes) {
  constexpr const char* kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return i + k < bytes.size() ? bytes[i + k] : 0u; };
    const std::uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : kLetters[three >> (18 - 6 * k) & 63];
  }
  return text;
}

}  // namespace

Image white_paper(int width, int height) {
  return {width,
          height,
          3,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3), 255)};
}

void paste(Image& sheet, const Image& part, int left, int top) {
  for (int y = 0; y < part.height; ++y)
    std::copy_n(part.pixels.begin() + y * part.width * 3,
                part.width * 3,
                sheet.pixels.begin() + ((top + y) * sheet.width + left) * 3);
}

Image picture_of(const ExplainSheet& sheet) {
  int width = 0;
  for (const Panel& panel : sheet.panels) width = std::max(width, panel.picture.width);
  const int letters = width / kLetterPx, sheet_width = kGap + kColumns * (width + kGap);
  std::vector<std::vector<std::string>> captions;
  std::vector<int> heights;  // per row of panels
  for (std::size_t i = 0; i < sheet.panels.size(); ++i) {
    captions.push_back(wrapped(sheet.panels[i].caption, letters));
    if (i % kColumns == 0) heights.push_back(0);
    heights.back() = std::max(heights.back(),
                              kTitleLine + sheet.panels[i].picture.height +
                                  kLine * static_cast<int>(captions.back().size()) + kGap);
  }
  std::vector<std::string> notes;
  for (const std::string& note : sheet.notes)
    for (const std::string& line : wrapped(note, (sheet_width - 2 * kGap) / kLetterPx))
      notes.push_back(line);
  int height = kGap + kTitleLine * static_cast<int>(sheet.header.size()) + kGap +
               kLine * static_cast<int>(notes.size()) + kGap;
  for (const int row : heights) height += row;
  for (const Panel& panel : sheet.wide) height += kTitleLine + panel.picture.height + kLine + kGap;

  Image image = white_paper(sheet_width, height);
  int top = kGap;
  for (const std::string& line : sheet.header) {
    draw_text(image, kGap, top + 12, line, kLarge);
    top += kTitleLine;
  }
  top += kGap / 2;
  for (std::size_t i = 0; i < sheet.panels.size(); ++i) {
    const Panel& panel = sheet.panels[i];
    const int left = kGap + static_cast<int>(i % kColumns) * (width + kGap);
    draw_text(image, left, top + 13, panel.title, kTitle);
    paste(image, panel.picture, left, top + kTitleLine);
    int line = top + kTitleLine + panel.picture.height + 12;
    for (const std::string& text : captions[i]) {
      draw_text(image, left, line, text, kSmallText);
      line += kLine;
    }
    if (i % kColumns == kColumns - 1 || i + 1 == sheet.panels.size()) top += heights[i / kColumns];
  }
  for (const Panel& panel : sheet.wide) {
    draw_text(image, kGap, top + 13, panel.title, kTitle);
    paste(image, panel.picture, kGap, top + kTitleLine);
    top += kTitleLine + panel.picture.height;
    draw_text(image, kGap, top + 12, panel.caption, kSmallText);
    top += kLine + kGap;
  }
  for (const std::string& note : notes) {
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
