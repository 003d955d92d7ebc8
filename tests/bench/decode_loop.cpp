// The least that preparing pictures can cost: OpenCV decodes and scales every one below FOLDER, on
// all cores, and nothing else happens. ci/bench_prepare.py measures bench-prepare beside it.
//
//   decode_loop FOLDER SIDE_PX     prints {"files", "seconds"}
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

std::vector<std::string> pictures_below(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& item : fs::recursive_directory_iterator(folder))
    for (const char* extension : {".png", ".jpg", ".tiff"})
      if (item.path().extension() == extension) paths.push_back(item.path().string());
  return paths;
}

cv::Mat read_scaled(const std::string& path, int side_px) {
  const cv::Mat picture = cv::imread(path, cv::IMREAD_GRAYSCALE);
  const int side = std::min(picture.cols, picture.rows);
  const cv::Rect square((picture.cols - side) / 2, (picture.rows - side) / 2, side, side);
  cv::Mat scaled;
  cv::resize(picture(square), scaled, {side_px, side_px}, 0, 0, cv::INTER_AREA);
  return scaled;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: decode_loop FOLDER SIDE_PX\n"), 2;
  const auto start = std::chrono::steady_clock::now();
  cv::setNumThreads(1);
  const std::vector<std::string> paths = pictures_below(argv[1]);
  const int side_px = std::atoi(argv[2]);
  std::vector<cv::Mat> all(paths.size());
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
      threads.emplace_back([&] {
        for (std::size_t at; (at = next++) < paths.size();)
          all[at] = read_scaled(paths[at], side_px);
      });
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("{\"files\": %zu, \"seconds\": %.6f}\n", paths.size(), took.count());
}
