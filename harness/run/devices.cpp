#include "harness/run/devices.h"

#include <algorithm>
#include <sstream>

#include "harness/base/error.h"
#include "harness/system/siblings.h"

namespace mien {
namespace {

/// Returns {0, 2} for "cuda:0,cuda:2".
std::vector<int> gpu_indices(const std::string& wanted) {
  std::vector<int> indices;
  std::istringstream words(wanted + ",");
  for (std::string word; std::getline(words, word, ',');) {
    const std::string digits = word.starts_with("cuda:") ? word.substr(5) : "";
    if (digits.empty() || digits.size() > 4 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
      fail(Exit::kUsage, "--device {}: must be auto, cpu, cuda, cuda:N or cuda:N,cuda:M", wanted);
    indices.push_back(std::stoi(digits));
    if (std::ranges::count(indices, indices.back()) > 1)
      fail(Exit::kUsage, "--device {}: names {} twice", wanted, word);
  }
  return indices;
}

std::vector<Device> usable_gpus() {
  const WorkerDevices found = ask_devices();
  std::vector<Device> gpus;
  for (int i = 0; i < found.gpus; ++i)
    gpus.push_back({fmt::format("cuda:{}", i),
                    i < std::ssize(found.pci) ? found.pci[static_cast<std::size_t>(i)] : ""});
  return gpus;
}

}  // namespace

std::vector<Device> resolve_devices(const std::string& wanted, const Catalog& catalog) {
  if (wanted == "cpu") return {{"cpu"}};
  const bool automatic = wanted == "auto";
  const std::vector<int> indices =
      automatic || wanted == "cuda" ? std::vector<int>() : gpu_indices(wanted);
  if (!catalog.cuda()) {
    if (automatic) return {{"cpu"}};
    fail(Exit::kPrecondition,
         "--device {}: this build's LibTorch has no CUDA; build the preset cuda",
         wanted);
  }
  const std::vector<Device> found = usable_gpus();
  if (automatic && found.empty()) return {{"cpu"}};
  std::vector<Device> chosen = indices.empty() ? found : std::vector<Device>();
  for (const int index : indices)
    if (index < std::ssize(found)) chosen.push_back(found[static_cast<std::size_t>(index)]);
  if (chosen.empty() || chosen.size() < indices.size())
    fail(Exit::kPrecondition,
         "--device {}: {} CUDA devices are usable here; see bench doctor",
         wanted,
         found.size());
  return chosen;
}

std::string resolve_device(const std::string& wanted, const Catalog& catalog) {
  if (wanted.find(',') != std::string::npos)
    fail(Exit::kUsage, "--device {}: one device at a time is timed", wanted);
  return resolve_devices(wanted, catalog).front().name;
}

}  // namespace mien
