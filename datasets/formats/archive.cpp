#include "datasets/formats/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string_view>

#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr const char* kEndings[] = {".tar.gz", ".tgz", ".zip"};
constexpr std::size_t kBlockBytes = 1 << 18;
// Text of small numbers packs to a third, JPEG not at all; gzip reaches 1032 where all is equal.
constexpr std::uint64_t kMostRatio = 200, kAlwaysAllowed = 16 << 20;

struct Closer {
  void operator()(struct archive* handle) const { ::archive_read_free(handle); }
};

/// Names in an archive are UTF-8 whatever the user's locale is; libarchive asks it.
class Utf8Names {
 public:
  Utf8Names() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_) former_ = ::uselocale(utf8_);
  }
  ~Utf8Names() {
    if (!utf8_) return;
    ::uselocale(former_);
    ::freelocale(utf8_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t utf8_, former_ = nullptr;
};

/// What a file may be: anything that we read, or a .zip whose central directory is whole.
enum class Formats { kAll, kZipWithDirectory };

/// An archive that is read once, from front to back.
class Reader {
 public:
  explicit Reader(const fs::path& path, Formats formats = Formats::kAll)
      : path_(path), handle_(::archive_read_new()) {
    if (formats == Formats::kAll) {
      ::archive_read_support_filter_gzip(handle_.get());
      ::archive_read_support_format_tar(handle_.get());
      ::archive_read_support_format_zip(handle_.get());
    } else {
      ::archive_read_support_format_zip_seekable(handle_.get());
    }
    // Also gives the plain words for a missing file, a directory, no permission.
    most_bytes_ = kAlwaysAllowed + kMostRatio * open_file(path)->size_hint();
    check(::archive_read_open_filename(handle_.get(), path.c_str(), kBlockBytes));
  }

  /// Steps to the next member of any kind; false at the end.
  bool next_member() {
    const Utf8Names names;
    const int status = ::archive_read_next_header(handle_.get(), &entry_);
    if (status == ARCHIVE_EOF) return false;
    check(status);
    check_size();
    return true;
  }
  /// Steps to the next regular file; false at the end.
  bool next() {
    while (next_member())
      if (is_file()) return true;
    return false;
  }
  bool is_folder() const { return ::archive_entry_filetype(entry_) == AE_IFDIR; }
  /// A regular file with bytes of its own, hence no hard link.
  bool is_file() const {
    return ::archive_entry_filetype(entry_) == AE_IFREG && !::archive_entry_hardlink(entry_);
  }
  std::string member() const {
    const Utf8Names names;
    const char* name = ::archive_entry_pathname(entry_);
    return name ? name : "";
  }
  std::uint64_t member_bytes() const {
    return ::archive_entry_size_is_set(entry_)
               ? static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_entry_size(entry_)))
               : 0;
  }
  std::size_t read(char* out, std::size_t capacity) {
    const la_ssize_t got = ::archive_read_data(handle_.get(), out, capacity);
    check(got < 0 ? static_cast<int>(got) : ARCHIVE_OK);
    read_bytes_ += static_cast<std::uint64_t>(got);
    check_size();
    return static_cast<std::size_t>(got);
  }
  std::vector<std::byte> read_all() {
    std::vector<std::byte> bytes;
    for (std::size_t used = 0;;) {
      bytes.resize(used + kBlockBytes);
      const std::size_t got = read(reinterpret_cast<char*>(bytes.data()) + used, kBlockBytes);
      used += got;
      if (got > 0) continue;
      bytes.resize(used);
      return bytes;
    }
  }
  [[noreturn]] void refuse(std::string_view why) const {
    std::string shown = member();
    std::ranges::replace_if(
        shown, [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
    std::string reason = fmt::format("{}: {}; fetch the archive again from its owner", shown, why);
    throw FileError(Exit::kPrecondition, path_.string() + "!" + reason, reason);
  }

 private:
  void check(int status) const {
    if (status == ARCHIVE_OK) return;
    if (status == ARCHIVE_WARN && !::archive_error_string(handle_.get())) return;
    std::string reason = "unknown reason";
    if (const char* text = ::archive_error_string(handle_.get())) reason = text;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    fail_file(Exit::kPrecondition,
              path_.string(),
              "cannot unpack: {}; the archive is damaged, fetch it again",
              reason);
  }

  /// Members that are skipped are unpacked too where all of the archive is one stream.
  void check_size() const {
    const auto streamed = static_cast<std::uint64_t>(::archive_filter_bytes(handle_.get(), 0));
    if (std::max(read_bytes_, streamed) > most_bytes_)
      refuse(fmt::format("the archive unpacks to more than {} times its size", kMostRatio));
  }

  fs::path path_;
  std::uint64_t most_bytes_ = 0, read_bytes_ = 0;
  std::unique_ptr<struct archive, Closer> handle_;
  archive_entry* entry_ = nullptr;
};

class MemberSource : public ByteSource {
 public:
  MemberSource(const fs::path& path, const std::string& member)
      : ByteSource(path.string() + "!" + member), reader_(path) {
    while (reader_.next())
      if (reader_.member() == member) {
        left_ = reader_.member_bytes();
        return;
      }
    fail_file(Exit::kPrecondition, path.string(), "no member '{}'; it changed meanwhile", member);
  }
  std::size_t read(char* out, std::size_t capacity) override {
    const std::size_t got = reader_.read(out, capacity);
    left_ -= std::min<std::uint64_t>(left_, got);
    return got;
  }
  std::uint64_t size_hint() const override { return left_; }

 private:
  Reader reader_;
  std::uint64_t left_ = 0;
};

/// Why a member must not be unpacked under its name; "" where it may.
std::string fault_of(const Reader& reader) {
  const fs::path name = reader.member();
  if (!reader.is_file() && !reader.is_folder()) return "a link or device, not a file";
  if (name.empty()) return "no name";
  if (name.is_absolute()) return "an absolute path";
  if (std::ranges::find(name, "..") != name.end()) return "leads out of its folder";
  return "";
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(Exit::kPrecondition, "{}: cannot create: {}", folder.string(), error.message());
}

void unpack_file(Reader& reader, const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) reader.refuse("occurs twice");
  std::ofstream file(path, std::ios::binary);
  std::vector<char> piece(kBlockBytes);
  while (const std::size_t got = reader.read(piece.data(), piece.size()))
    file.write(piece.data(), static_cast<std::streamsize>(got));
  if (!file.flush())
    fail(Exit::kPrecondition, "{}: cannot write; is the disk full?", path.string());
}

void unpack_all(const fs::path& path, const fs::path& folder) {
  for (Reader reader(path); reader.next_member();) {
    const std::string fault = fault_of(reader);
    if (!fault.empty()) reader.refuse(fault);
    const fs::path target = folder / reader.member();
    create_folder(reader.is_folder() ? target : target.parent_path());
    if (reader.is_file()) unpack_file(reader, target);
  }
}

}  // namespace

void unpack(const fs::path& path, const fs::path& folder) {
  const fs::path partial = folder.string() + ".partial";
  std::error_code error;
  fs::remove_all(partial, error);
  create_folder(partial);
  try {
    unpack_all(path, partial);
  } catch (...) {
    fs::remove_all(partial, error);
    throw;
  }
  fs::rename(partial, folder, error);
  if (error) fail(Exit::kPrecondition, "{}: cannot create: {}", folder.string(), error.message());
}

bool is_archive(const fs::path& path) {
  const std::string name = path.filename().string();
  return std::any_of(std::begin(kEndings), std::end(kEndings), [&](std::string_view ending) {
    return name.ends_with(ending);
  });
}

std::vector<std::string> find_members(const fs::path& path, std::span<const char* const> wanted) {
  std::vector<std::string> found;
  for (Reader reader(path); reader.next();) {
    const std::string member = reader.member();
    const std::string last = fs::path(member).filename().string();
    if (std::find(wanted.begin(), wanted.end(), last) == wanted.end()) continue;
    found.push_back(member);
    if (last == wanted.front()) break;
  }
  return found;
}

void read_zip(const fs::path& path, const VisitMember& visit) {
  for (Reader reader(path, Formats::kZipWithDirectory); reader.next_member();) {
    std::string fault = fault_of(reader);
    if (reader.is_folder()) fault = "a folder, not a file";
    if (!fault.empty()) reader.refuse(fault);
    visit(reader.member(), reader.read_all());
  }
}

std::unique_ptr<ByteSource> open_member(const fs::path& path, const std::string& member) {
  return std::make_unique<MemberSource>(path, member);
}

}  // namespace mien
