// From a listing to samples: what is cropped, what is left out and why, what an interruption
// leaves.
#include "datasets/tree/tree.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "datasets/faces/faces.h"
#include "datasets/images/image_io.h"
#include "datasets/images/video.h"
#include "datasets/tree/stand_in_marker.h"
#include "datasets/tree/walk.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien::testing {
namespace {

constexpr const char* kClasses[] = {"happy", "sad"};
constexpr const char* kSplits[] = {"all"};
constexpr const char* kErrata[] = {"none known"};
constexpr FrameRule kRules[] = {{"peak", "the last frame"}, {"all", "every frame"}};

DatasetEntry entry() {
  DatasetEntry entry{};
  entry.name = "tiny";
  entry.class_names = kClasses;
  entry.split_names = kSplits;
  entry.errata = kErrata;
  entry.frame_rules = kRules;
  entry.reader_version = 1;
  return entry;
}

constexpr TreeFormat kSmall{.side_px = 24};

Image plain(int width, int height, std::uint8_t gray, int channels = 1) {
  return {width,
          height,
          channels,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels), gray)};
}

FacePicture face(int subject, int side = 96) {
  return draw_face({.subject = subject,
                    .expression = kClasses[subject % 2],
                    .style = FaceStyle::kLab,
                    .width = side,
                    .height = side,
                    .face_share = 0.7});
}

/// A dataset folder with some good pictures, and the listing that a reader would make of it.
class Tree : public ::testing::Test {
 protected:
  void add(const std::string& file, const Image& image) {
    write_image_at(file, image);
    list(file);
  }
  void write_image_at(const std::string& file, const Image& image) {
    fs::create_directories((root() / file).parent_path());
    write_image(root() / file, image);
  }
  Picture& list(const std::string& file) {
    listing_.pictures.push_back(
        {.id = fs::path(file).stem().string(), .file = file, .label = 0, .is_face_crop = true});
    return listing_.pictures.back();
  }
  /// Face crops that all differ.
  void add_good(int count) {
    for (int i = 0; i < count; ++i) {
      Image image = plain(32, 32, static_cast<std::uint8_t>(i));
      for (std::size_t at = 0; at < image.pixels.size(); ++at)
        image.pixels[at] =
            static_cast<std::uint8_t>(at * at / 7 + at * static_cast<std::size_t>(i));
      add(fmt::format("good/g{:03}.png", i), image);
    }
  }
  Samples read(const ReadOptions& options = {}, const TreeFormat& format = kSmall) {
    Listing listing = listing_;
    listing.class_names = {"happy", "sad"};
    return read_tree(entry(), root(), listing, format, options);
  }
  ordered_json manifest(const Samples& samples) { return ordered_json::parse(samples.manifest); }
  /// Reason that the manifest gives for `path`, "" if it gives none.
  std::string reason_for(const std::string& path) {
    const ordered_json facts = manifest(read());
    for (const ordered_json& problem : facts.at("problems"))
      if (problem.at("path") == path) return problem.at("reason");
    return "";
  }
  std::string bytes_of(const std::string& file) { return read_text(root() / file); }
  fs::path root() const { return dir_ / "tiny"; }

  TempDir dir_;
  Listing listing_;
};

// ---- what comes out ----------------------------------------------------------------------------

TEST_F(Tree, ReadsPicturesInTheOrderOfTheListing) {
  add("b.png", plain(30, 30, 10));
  add("a.tiff", plain(30, 30, 20));
  add("c.jpg", plain(30, 30, 30));
  listing_.pictures[1].label = 1;
  listing_.pictures[2].subject = 7;
  listing_.pictures[2].sequence = 3;
  listing_.facts = {{"subjects", 2}};
  const Samples samples = read();
  EXPECT_EQ(samples.ids, (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{0, 1, 0}));
  EXPECT_EQ(samples.subject[2], 7);
  EXPECT_EQ(samples.sequence[2], 3);
  ASSERT_EQ(samples.images.size(), 3u * 24 * 24);
  EXPECT_EQ(samples.images[0], 10);
  EXPECT_EQ(samples.images[24 * 24], 20);
  EXPECT_EQ(samples.images[2 * 24 * 24], 30);
  const ordered_json facts = manifest(samples);
  EXPECT_EQ(facts.at("facts").at("subjects"), 2);
  EXPECT_EQ(facts.at("frames"), "peak");
  EXPECT_EQ(facts.at("n_used"), 3);
  EXPECT_EQ(facts.at("tree").at("files"), 3);
  EXPECT_EQ(facts.at("constant_images").at("all"), 3);
  EXPECT_EQ(facts.at("errata").size(), 1u);
  EXPECT_TRUE(facts.at("problems").empty());
}

TEST_F(Tree, ColourBecomesPlanesRedFirst) {
  Image blue = plain(8, 8, 0, 3);
  for (std::size_t i = 0; i < blue.pixels.size(); i += 3) blue.pixels[i] = 200;
  add("blue.png", blue);
  const Samples samples = read({}, {.side_px = 8, .channels = 3});
  EXPECT_EQ(samples.images[0], 0);
  EXPECT_EQ(samples.images[64], 0);
  EXPECT_EQ(samples.images[128], 200);
}

TEST_F(Tree, FramesOfAClipAreReadOnce) {
  fs::create_directories(root());
  std::vector<Image> frames;
  for (int i = 0; i < 6; ++i) frames.push_back(plain(32, 32, static_cast<std::uint8_t>(40 * i), 3));
  write_clip(root() / "clip.avi", frames, 25);
  for (const int frame : {4, 1, 9}) {
    Picture& picture = list("clip.avi");
    picture.id = fmt::format("clip-{}", frame);
    picture.frame = frame;
  }
  const Samples samples = read();
  ASSERT_EQ(samples.ids.size(), 2u);
  EXPECT_NEAR(samples.images[0], 160, 4);
  EXPECT_NEAR(samples.images[24 * 24], 40, 4);
  EXPECT_EQ(manifest(samples).at("tree").at("files"), 1);
  EXPECT_EQ(reason_for("clip.avi"), "6 frames, so frame 9 is missing");
}

TEST_F(Tree, QuarterTurnsAreClockwise) {
  Image half = plain(24, 24, 0);
  std::fill(half.pixels.begin(), half.pixels.begin() + 12 * 24, std::uint8_t{255});  // top is white
  add("half.png", half);
  listing_.pictures[0].quarter_turns = 1;
  const Samples samples = read();
  EXPECT_EQ(samples.images[12 * 24 + 23], 255) << "top goes right";
  EXPECT_EQ(samples.images[12 * 24], 0);
}

// ---- faces -------------------------------------------------------------------------------------

std::string landmark_text(const std::array<FacePoint, 68>& points) {
  std::string text;
  for (const FacePoint& p : points) text += fmt::format("   {:.7e}   {:.7e} \n", p.x, p.y);
  return text;
}

TEST_F(Tree, LandmarksDecideTheCrop) {
  const FacePicture picture = face(1, 200);
  write_image_at("f.png", picture.image);
  write_text(root() / "f.txt", landmark_text(picture.landmarks));
  Picture& listed = list("f.png");
  listed.is_face_crop = false;
  listed.landmarks = "f.txt";
  const Samples samples = read();
  const Image expected = crop(picture.image, face_square(picture.landmarks, 1.2), 24);
  EXPECT_EQ(samples.images, expected.pixels);
  EXPECT_EQ(manifest(samples).at("tree").at("files"), 2);
}

TEST_F(Tree, BadLandmarksAreNamed) {
  const FacePicture picture = face(1, 64);
  add("good.png", picture.image);
  const std::string good = landmark_text(picture.landmarks);
  const std::pair<std::string, std::string> bad[] = {
      {good.substr(0, good.rfind("\n", good.size() - 2) + 1), "67 landmarks, not 68"},
      {"nan 1\n" + good, "line 1: not two numbers x y"},
      {"one two\n" + good, "line 1: not two numbers x y"},
      {"1 2 3\n" + good, "line 1: not two numbers x y"},
      {"", "0 bytes"}};
  for (std::size_t i = 0; i < std::size(bad); ++i) {
    const std::string name = fmt::format("l{}", i);
    write_image_at(name + ".png", picture.image);
    write_text(root() / (name + ".txt"), bad[i].first);
    Picture& listed = list(name + ".png");
    listed.is_face_crop = false;
    listed.landmarks = name + ".txt";
    EXPECT_EQ(reason_for(name + ".txt"), bad[i].second);
  }
  std::string far;
  for (int i = 0; i < 68; ++i) far += fmt::format("{} {}\n", 9000 + i, 9000 + 2 * i);
  write_text(root() / "l0.txt", far);
  EXPECT_EQ(reason_for("l0.txt"), "its landmarks do not mark a face in the picture");
}

TEST_F(Tree, FindsFacesWithoutLandmarksAndCountsWhereThereIsNone) {
  add("face.png",
      draw_face({.expression = "happy",
                 .style = FaceStyle::kLab,
                 .width = 200,
                 .height = 200,
                 .face_share = 0.6})
          .image);
  add("wall.png", plain(200, 200, 128));
  for (Picture& picture : listing_.pictures) picture.is_face_crop = false;
  const ordered_json facts = manifest(read());
  EXPECT_EQ(facts.at("n_used"), 1);
  EXPECT_EQ(facts.at("n_no_face"), 1);
  EXPECT_EQ(facts.at("n_failed"), 0);
  EXPECT_EQ(reason_for("wall.png"), "no face found");
}

TEST_F(Tree, DetectorThatIsNotThereIsOneClearLine) {
  add("face.png", plain(50, 50, 128));
  listing_.pictures[0].is_face_crop = false;
  ::setenv("MIEN_CASCADE", (dir_ / "none.xml").c_str(), 1);
  EXPECT_ERROR(read(), Exit::kPrecondition, "install the package opencv-data");
  dir_.write("none.xml", "no cascade");
  EXPECT_ERROR(read(), Exit::kPrecondition, "not a face cascade");
  ::unsetenv("MIEN_CASCADE");
}

// ---- what is bad -------------------------------------------------------------------------------

TEST_F(Tree, EveryBadPictureIsNamedCountedAndLeftOut) {
  add("good.png", face(1, 32).image);
  write_image_at("x.png", face(2, 32).image);
  write_image_at("x.jpg", face(2, 32).image);
  write_image_at("x.tiff", face(2, 32).image);
  const std::string png = bytes_of("x.png"), jpg = bytes_of("x.jpg"), tiff = bytes_of("x.tiff");
  std::string bomb = png;
  bomb.replace(16, 8, std::string("\x00\x00\x27\x00\x00\x00\x27\x00", 8));
  std::string crc = png;
  crc[png.size() / 2] = static_cast<char>(crc[png.size() / 2] ^ 0x55);
  const std::tuple<std::string, std::string, std::string> bad[] = {
      {"empty.png", "", "0 bytes"},
      {"text.png", "hello", "not a JPEG, PNG or TIFF image"},
      {"half.png", png.substr(0, png.size() / 2), "cut off"},
      {"half.jpg", jpg.substr(0, jpg.size() - 40), "cut off"},
      {"half.tiff", tiff.substr(0, tiff.size() / 2), "cut off"},
      {"png.tiff", png, "a PNG called .tiff"},
      {"tiff.png", tiff, "a TIFF called .png"},
      {"noend", png, "a PNG called without extension"},
      {"bomb.png", bomb, "9984 x 9984 pixels"},
      {"crc.png", crc, "damaged"},
  };
  for (const auto& [name, bytes, reason] : bad) {
    write_text(root() / name, bytes);
    list(name).id = name;
  }
  list("gone.png");
  list("good.png");
  const Samples samples = read();
  EXPECT_EQ(samples.data, DataKind::kUnverified);
  const ordered_json facts = manifest(samples);
  EXPECT_EQ(facts.at("n_total"), 13);
  EXPECT_EQ(facts.at("n_used"), 1);
  EXPECT_EQ(facts.at("n_failed"), 12);
  const ordered_json& problems = facts.at("problems");
  ASSERT_EQ(problems.size(), 12u);
  for (std::size_t i = 0; i < std::size(bad); ++i) {
    EXPECT_EQ(problems[i].at("path"), std::get<0>(bad[i]));
    EXPECT_TRUE(problems[i].at("reason").get<std::string>().starts_with(std::get<2>(bad[i])))
        << problems[i];
  }
  EXPECT_EQ(problems[10].at("reason"), "missing");
  EXPECT_EQ(problems[11].at("reason"), "a second sample good");
  EXPECT_ERROR(
      read({.strict = true}), Exit::kPrecondition, "12 problems, the first: empty.png: 0 bytes");
}

TEST_F(Tree, PicturesThatCannotBeReadAreNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  add_good(2);
  fs::permissions(root() / "good/g001.png", fs::perms::none);
  EXPECT_EQ(reason_for("good/g001.png"), "cannot be opened: Permission denied");
}

TEST_F(Tree, NothingUsableIsAnError) {
  list("gone.png");
  EXPECT_ERROR(read(), Exit::kPrecondition, "gone.png: missing");
  listing_.pictures.clear();
  EXPECT_ERROR(read(), Exit::kPrecondition, "no picture");
}

TEST_F(Tree, NamesMayHaveBlanksAndOtherAlphabets) {
  add("Jürgen Müller/顔 1.png", face(1, 32).image);
  list("bad\xFFname.png").id = "bad\xFFname";
  const ordered_json facts = manifest(read());
  EXPECT_EQ(facts.at("n_used"), 1);
  EXPECT_EQ(facts.at("problems")[0].at("reason"),
            "its name is not UTF-8 text in one line; rename it");
}

TEST_F(Tree, ProblemsOfTheListingComeFirst) {
  add_good(1);
  list("gone.png");
  listing_.problems = {{"labels/x.txt", "label 9 is out of range 1..7"}};
  const ordered_json facts = manifest(read());
  EXPECT_EQ(facts.at("problems")[0].at("path"), "labels/x.txt");
  EXPECT_EQ(facts.at("problems")[1].at("path"), "gone.png");
}

TEST_F(Tree, MarkerMakesItAStandIn) {
  add_good(1);
  EXPECT_EQ(read().data, DataKind::kReal);
  write_marker(root(), {.dataset = "tiny", .generator = 1, .seed = 5, .subjects = 2});
  const Samples samples = read();
  EXPECT_EQ(samples.data, DataKind::kStandIn);
  EXPECT_EQ(manifest(samples).at("stand_in").at("seed"), 5);
  EXPECT_FALSE(manifest(samples).contains("errata"));
}

// ---- same bytes, interrupted or not ------------------------------------------------------------

TEST_F(Tree, WorkspaceHoldsTheSamePixelsAndTheHashManifest) {
  add_good(5);
  const Samples in_memory = read();
  const Samples in_file = read({.workspace = dir_ / "work"});
  EXPECT_TRUE(in_file.images.empty());
  EXPECT_EQ(read_text(in_file.image_file),
            std::string(in_memory.images.begin(), in_memory.images.end()));
  EXPECT_EQ(in_file.manifest, in_memory.manifest);
  std::string sha_a, sha_b;
  write_pack(dir_ / "a", in_memory, sha_a);
  write_pack(dir_ / "b", in_file, sha_b);
  EXPECT_EQ(sha_a, sha_b);
  const std::string lines = read_text(dir_ / "work" / kTreeFiles);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 5);
  EXPECT_NE(lines.find("  good/g004.png\n"), std::string::npos);
}

TEST_F(Tree, OneThreadGivesTheBytesOfMany) {
  add_good(40);
  const Samples many = read();
  cpu_set_t before, one;
  ::sched_getaffinity(0, sizeof before, &before);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  ::sched_setaffinity(0, sizeof one, &one);
  const Samples single = read();
  ::sched_setaffinity(0, sizeof before, &before);
  EXPECT_EQ(single.images, many.images);
  EXPECT_EQ(single.manifest, many.manifest);
}

TEST_F(Tree, GoesOnWhereItStoppedWithTheSameResult) {
  add_good(20);
  list("gone.png");
  const fs::path work = dir_ / "work";
  const Samples whole = read({.workspace = work});
  const std::string pixels = read_text(work / "pixels.u8"),
                    journal = read_text(work / "journal.jsonl");
  // Any length of either file may be what a killed program leaves.
  for (const auto& [p, j] :
       {std::pair{0.5, 1.0}, {1.0, 0.5}, {0.3, 0.7}, {0.0, 0.0}, {1.0, 0.02}}) {
    const auto part = [](const std::string& text, double share) {
      return text.substr(0, static_cast<std::size_t>(share * static_cast<double>(text.size())));
    };
    write_text(work / "pixels.u8", part(pixels, p));
    write_text(work / "journal.jsonl", part(journal, j));
    const Samples again = read({.workspace = work});
    EXPECT_EQ(again.manifest, whole.manifest);
    EXPECT_EQ(read_text(again.image_file), pixels);
    EXPECT_EQ(read_text(work / "journal.jsonl"), journal);
  }
  std::string zeros = pixels;  // a power cut can leave the length without the bytes
  std::fill(zeros.begin() + 24 * 24 * 7, zeros.end(), '\0');
  write_text(work / "pixels.u8", zeros);
  EXPECT_EQ(read_text(read({.workspace = work}).image_file), pixels);
}

TEST_F(Tree, FinishedPicturesAreNotReadAgain) {
  add_good(6);
  const fs::path work = dir_ / "work";
  const Samples first = read({.workspace = work});
  fs::remove(root() / "good/g002.png");
  EXPECT_EQ(read({.workspace = work}).manifest, first.manifest) << "taken from the workspace";
  listing_.pictures.pop_back();  // another listing: begins anew
  EXPECT_EQ(manifest(read({.workspace = work})).at("n_failed"), 1);
}

TEST_F(Tree, WhatWasDoneBeforeAFailureIsKept) {
  add_good(1);
  for (int i = 0; i < 600; ++i)  // more than one chunk
    list("good/g000.png").id = fmt::format("g{}", i);
  add("wall.png", plain(50, 50, 128));
  listing_.pictures.back().is_face_crop = false;
  ::setenv("MIEN_CASCADE", "nowhere.xml", 1);
  EXPECT_ERROR(read({.workspace = dir_ / "work"}), Exit::kPrecondition, "nowhere.xml");
  ::unsetenv("MIEN_CASCADE");
  EXPECT_GE(fs::file_size(dir_ / "work/pixels.u8"), 512u * 24 * 24);
  fs::remove_all(root() / "good");
  EXPECT_GE(read({.workspace = dir_ / "work"}).ids.size(), 512u);
}

// ---- walk --------------------------------------------------------------------------------------

TEST(Walk, ListsFilesSortedAndEachFolderOnce) {
  const TempDir dir;
  dir.write("tree/b/2.txt", "");
  dir.write("tree/a.txt", "");
  dir.write("tree/B/1.txt", "");
  dir.write("other/3.txt", "");
  fs::create_directory_symlink(dir / "other", dir / "tree/b/link");
  fs::create_directory_symlink(dir / "tree", dir / "tree/b/up");
  fs::create_directory_symlink(dir / "tree/b", dir / "tree/again");
  fs::create_symlink(dir / "nothing", dir / "tree/gone.png");
  ::mkfifo((dir / "tree/pipe").c_str(), 0600);
  std::vector<Problem> problems;
  EXPECT_EQ(walk(dir / "tree", problems),
            (std::vector<std::string>{"B/1.txt", "a.txt", "b/2.txt", "b/link/3.txt"}));
  std::vector<std::string> paths;
  for (const Problem& problem : problems) paths.push_back(problem.path + ": " + problem.reason);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"gone.png: a link that leads nowhere",
                                      "pipe: not a regular file",
                                      "again: a link to a folder that is read already",
                                      "b/up: a link to a folder that is read already"}));
}

}  // namespace
}  // namespace mien::testing
