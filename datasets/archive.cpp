#include "datasets/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <string_view>

#include "harness/core/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr const char* kEndings[] = {".tar.gz", ".tgz", ".zip"};
constexpr std::size_t kBlockBytes = 1 << 18;

struct Closer {
  void operator()(struct archive* handle) const { ::archive_read_free(handle); }
};

/// An archive that is read once, from front to back.
class Reader {
 public:
  explicit Reader(const fs::path& path) : path_(path), handle_(::archive_read_new()) {
    ::archive_read_support_filter_gzip(handle_.get());
    ::archive_read_support_format_tar(handle_.get());
    ::archive_read_support_format_zip(handle_.get());
    open_file(path);  // the plain words for a missing file, a directory, no permission
    check(::archive_read_open_filename(handle_.get(), path.c_str(), kBlockBytes));
  }

  /// Steps to the next regular file; false at the end.
  bool next() {
    for (;;) {
      const int status = ::archive_read_next_header(handle_.get(), &entry_);
      if (status == ARCHIVE_EOF) return false;
      check(status);
      if (::archive_entry_filetype(entry_) == AE_IFREG) return true;
    }
  }
  std::string member() const {
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
    return static_cast<std::size_t>(got);
  }

 private:
  void check(int status) const {
    if (status == ARCHIVE_OK) return;
    if (status == ARCHIVE_WARN && !::archive_error_string(handle_.get())) return;
    std::string reason = "unknown reason";
    if (const char* text = ::archive_error_string(handle_.get())) reason = text;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    fail(Exit::kPrecondition,
         "{}: cannot unpack: {}; the archive is damaged, fetch it again",
         path_.string(),
         reason);
  }

  fs::path path_;
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
    fail(Exit::kPrecondition, "{}: no member '{}'; it changed meanwhile", path.string(), member);
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

}  // namespace

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

std::unique_ptr<ByteSource> open_member(const fs::path& path, const std::string& member) {
  return std::make_unique<MemberSource>(path, member);
}

}  // namespace mien
