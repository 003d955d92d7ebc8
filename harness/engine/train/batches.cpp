#include "harness/engine/train/batches.h"

#include <algorithm>

#include "harness/base/random.h"

namespace mien {
namespace {

constexpr std::uint64_t kSubsetSeed = 20'130'417;  // fixed: the subset is part of the protocol

// SplitMix64 (Steele, Lea & Flood 2014): the state advances by kStep and is mixed into a number.
// The constants are signed, like the tensors; products wrap around.
constexpr std::int64_t kStep = static_cast<std::int64_t>(0x9e3779b97f4a7c15ULL);
constexpr std::int64_t kMixers[] = {static_cast<std::int64_t>(0xbf58476d1ce4e5b9ULL),
                                    static_cast<std::int64_t>(0x94d049bb133111ebULL)};
constexpr std::int64_t kRowStride = std::int64_t{1} << 20;  // more than a table has columns
constexpr std::int64_t kBits = 24;                          // a float holds them exactly

torch::Tensor shifted_right(const torch::Tensor& z, std::int64_t bits) {
  return z.bitwise_right_shift(bits).bitwise_and_((std::int64_t{1} << (64 - bits)) - 1);
}

torch::Tensor mixed(torch::Tensor z) {
  z = z.bitwise_xor(shifted_right(z, 30)).mul_(kMixers[0]);
  z = z.bitwise_xor_(shifted_right(z, 27)).mul_(kMixers[1]);
  return z.bitwise_xor_(shifted_right(z, 31));
}

std::vector<std::int64_t> limited(std::vector<std::int64_t> rows, std::int64_t limit) {
  if (limit == 0 || limit >= std::ssize(rows)) return rows;
  const torch::Tensor keys = uniform(std::ssize(rows), 1, kSubsetSeed, 0).flatten();
  const torch::Tensor order = std::get<1>(keys.sort(/*stable=*/true, /*dim=*/0, false));
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < limit; ++i)
    kept.push_back(rows[static_cast<std::size_t>(order[i].item<std::int64_t>())]);
  std::sort(kept.begin(), kept.end());
  return kept;
}

template <typename T>
torch::Tensor borrowed(std::span<const T> values, torch::IntArrayRef shape, torch::Dtype dtype) {
  return torch::from_blob(const_cast<T*>(values.data()), shape, dtype);
}

torch::Tensor recoloured(const torch::Tensor& images, std::int64_t channels) {
  if (images.size(1) == channels) return images;
  if (images.size(1) == 1) return images.expand({-1, channels, -1, -1});
  const torch::Tensor weights = torch::tensor({0.299f, 0.587f, 0.114f}).view({1, 3, 1, 1});
  return (images * weights).sum(1, /*keepdim=*/true);
}

/// Resizes one dimension for legacy_bilinear().
torch::Tensor stretched(const torch::Tensor& images, std::int64_t dimension, std::int64_t side) {
  const std::int64_t size = images.size(dimension);
  const torch::Tensor at =
      torch::arange(side, torch::kFloat) * (static_cast<float>(size) / static_cast<float>(side));
  const torch::Tensor first = at.floor();
  const torch::Tensor low = first.to(torch::kLong);
  const torch::Tensor near = images.index_select(dimension, low);
  const torch::Tensor far = images.index_select(dimension, (low + 1).clamp_max(size - 1));
  std::vector<std::int64_t> along(4, 1);
  along[static_cast<std::size_t>(dimension)] = side;
  return near + (far - near) * (at - first).view(along);
}

torch::Tensor scaled_by_area(const torch::Tensor& images, std::int64_t side) {
  if (images.size(2) >= side && images.size(3) >= side)
    return torch::adaptive_avg_pool2d(images, {side, side});
  return torch::upsample_bilinear2d(images, {side, side}, /*align_corners=*/false);
}

torch::Tensor scaled(const torch::Tensor& images, const ImageForm& form) {
  const std::int64_t side = form.side_px;
  if (side == 0 || (images.size(2) == side && images.size(3) == side)) return images;
  if (form.resample == Resample::kLegacyBilinear) return legacy_bilinear(images, side);
  return scaled_by_area(images, side);
}

torch::Tensor coarsened(const torch::Tensor& images, std::int64_t percent) {
  if (percent == 100) return images;
  const auto share = [&](std::int64_t size) {
    return std::max<std::int64_t>(1, (size * percent + 50) / 100);
  };
  const std::int64_t height = images.size(2), width = images.size(3);
  const torch::Tensor small = torch::adaptive_avg_pool2d(images, {share(height), share(width)});
  return torch::upsample_bilinear2d(small, {height, width}, /*align_corners=*/false).round();
}

torch::Tensor ordered(const torch::Tensor& images, ChannelOrder order) {
  return order == ChannelOrder::kBgr ? images.flip(1) : images;
}

/// Converts rows of `images` to `form`, a few at a time, so that the float copies stay small.
torch::Tensor formed(const torch::Tensor& images,
                     const torch::Tensor& rows,
                     const ImageForm& form) {
  constexpr std::int64_t kAtOnce = 256;
  const bool same =
      images.size(1) == form.channels && form.shrink_percent == 100 &&
      (form.side_px == 0 || (images.size(2) == form.side_px && images.size(3) == form.side_px));
  if (same || rows.size(0) == 0) return ordered(images.index_select(0, rows), form.order);
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& some : rows.split(kAtOnce)) {
    const torch::Tensor picked =
        coarsened(images.index_select(0, some).to(torch::kFloat), form.shrink_percent);
    torch::Tensor shaped = ordered(scaled(recoloured(picked, form.channels), form), form.order);
    if (form.resample == Resample::kArea) shaped = shaped.round().clamp(0, 255).to(torch::kUInt8);
    parts.push_back(shaped);
  }
  return torch::cat(parts);
}

}  // namespace

ImageForm image_form(const Protocol& protocol, std::int64_t channels) {
  return {
      channels, protocol.input.resize_px, protocol.input.resample, protocol.input.channel_order};
}

torch::Tensor legacy_bilinear(const torch::Tensor& images, std::int64_t side) {
  return stretched(stretched(images, 3, side), 2, side);
}

torch::Tensor channels_last(const torch::Tensor& images) {
  const std::int64_t channels = images.size(1), height = images.size(2), width = images.size(3);
  return images.contiguous(torch::MemoryFormat::ChannelsLast)
      .as_strided(images.sizes(), {channels * height * width, 1, channels * width, channels});
}

torch::Tensor contiguous(const torch::Tensor& images) {
  const std::int64_t channels = images.size(1), height = images.size(2), width = images.size(3);
  return images.contiguous().as_strided(images.sizes(),
                                        {channels * height * width, height * width, width, 1});
}

torch::Tensor in_format(const torch::Tensor& images, MemoryFormat format) {
  return format == MemoryFormat::kChannelsLast ? channels_last(images) : contiguous(images);
}

torch::Tensor rows_of(const torch::Tensor& images, const torch::Tensor& indices) {
  return images.permute({0, 2, 3, 1}).index_select(0, indices).permute({0, 3, 1, 2});
}

torch::Tensor uniform(std::int64_t rows,
                      std::int64_t columns,
                      std::uint64_t seed,
                      std::uint64_t stream,
                      torch::Device device) {
  SplitMix start(seed);
  start = SplitMix(start.next() + stream);  // neighbouring streams begin far apart
  const auto options = torch::dtype(torch::kLong).device(device);
  const torch::Tensor counters =
      torch::arange(rows, options).mul_(kRowStride).unsqueeze(1) + torch::arange(columns, options);
  const torch::Tensor state = counters.mul_(kStep).add_(static_cast<std::int64_t>(start.next()));
  return shifted_right(mixed(state), 64 - kBits).to(torch::kFloat) *
         (1.0 / static_cast<double>(std::int64_t{1} << kBits));
}

Split load_split(const Pack& pack,
                 const std::vector<std::int64_t>& rows_wanted,
                 std::int64_t limit,
                 const ImageForm& form,
                 torch::Device device) {
  Split split;
  split.rows = limited(rows_wanted, limit);
  const auto shape = pack.image_shape();
  const torch::Tensor images =
      borrowed(pack.images(), {pack.size(), shape[0], shape[1], shape[2]}, torch::kUInt8);
  const torch::Tensor labels = borrowed(pack.labels(), {pack.size()}, torch::kInt64);
  const torch::Tensor rows = torch::tensor(split.rows, torch::kInt64);
  split.images = channels_last(formed(images, rows, form)).to(device);
  split.labels = labels.index_select(0, rows).to(device);
  return split;
}

void add_targets(Split& split, const Pack& pack, const std::string& target, std::int64_t width) {
  const TargetsView& view = pack.targets().at(target);
  const torch::Tensor all =
      borrowed(view.values, {pack.size(), std::ssize(view.names)}, torch::kFloat);
  split.targets = all.index_select(0, torch::tensor(split.rows, torch::kInt64))
                      .narrow(1, 0, width)
                      .contiguous()
                      .to(split.labels.device());
}

}  // namespace mien
