#!/usr/bin/env python3
"""Floors and doors, as harness/README.md states them.

  ci/check_floors.py [ROOT]

Says, one line per problem as file:line, where an include goes upward or sideways, where a third-party
library enters by another door than its own, and where a tracked file holds somebody's own path.
Exit code: 0 nothing found, 1 problems.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

CORE = "harness/core"

# Folder -> folders of ours that it may include. The longest folder that holds a file counts.
MAY_INCLUDE = {
    CORE: {CORE},
    "models": {CORE, "models"},
    "datasets": {CORE, "datasets"},
    "results": {CORE, "results"},
    "harness": {CORE, "results", "harness"},
    "harness/mesh": {CORE, "harness/mesh"},
    "harness/engine": {CORE, "models", "results", "harness", "harness/engine", "harness/mesh"},
    "tests/support": {CORE, "tests/support"},
    "tests/core": {CORE},
    "tests/models": {CORE, "models"},
    "tests/datasets": {CORE, "datasets"},
    "tests/mesh": {CORE, "harness/mesh"},
    "tests/bench": {CORE, "datasets", "models", "harness", "harness/engine", "harness/mesh"},
    "tests/results": {CORE, "results"},
    "tests/harness": {CORE, "results", "harness"},
    "tests/engine": {CORE, "models", "results", "harness", "harness/engine"},
    "tests/fuzz": {CORE, "datasets", "results", "harness", "harness/mesh"},
    "tests/e2e": {CORE, "results", "harness"},
}
# Programs are where the rooms meet.
FILE_MAY_INCLUDE = {
    "harness/worker_main.cpp": {CORE, "models", "results", "harness", "harness/engine"},
    "harness/prepare_main.cpp": {CORE, "datasets"},
    "harness/mesh_main.cpp": {CORE, "harness/mesh"},
    "tests/support/formula_faces.h": {CORE, "harness/mesh", "tests/support"},
    "tests/support/realy_tree.h": {CORE, "harness/mesh", "tests/support"},
}

# Header of a guest -> files that may name it.
DOORS = [
    (r"sqlite3(ext)?\.h", r"results/sqlite\.cpp|tests/(results|e2e)/.*", "results/sqlite.cpp"),
    (r"opencv2?/.*", r"datasets/(image_io|face_detector|video)\.cpp|tests/bench/.*", "datasets/{image_io,face_detector,video}.cpp"),
    (r"pugixml\.hpp", r"datasets/xml\.cpp", "datasets/xml.cpp"),
    (r"(matio|hdf5)\.h", r"datasets/(mat|hdf)_file\.cpp|tests/datasets/.*",
     "datasets/{mat,hdf}_file.cpp"),
    (r"archive(_entry)?\.h", r"datasets/archive\.cpp|tests/datasets/.*", "datasets/archive.cpp"),
    (r"yaml-cpp/.*", r"harness/config\.cpp", "harness/config.cpp"),
    (r"benchmark/.*", r"harness/engine/timing\.cpp|tests/bench/.*", "harness/engine/timing.cpp"),
    (r"linear\.h", r"harness/engine/emotion\.cpp", "harness/engine/emotion.cpp"),
    (r"openssl/.*", r"harness/core/sha256\.cpp", "harness/core/sha256.cpp"),
    (r"boost/.*", r"harness/core/statistics\.cpp", "harness/core/statistics.cpp"),
    (r"CLI/.*", r"harness/[a-z]+_main\.cpp", "harness/*_main.cpp"),
    (r"oneapi/.*|omp\.h", r"models/onednn\.cpp", "models/onednn.cpp"),
    (r"Eigen/.*", r"(harness/mesh|tests/mesh)/.*|tests/support/formula_faces\.h", "harness/mesh"),
    (r"suitesparse/.*", r"harness/mesh/cholesky\.cpp", "harness/mesh/cholesky.cpp"),
    (r"(torch|ATen|c10|caffe2)/.*",
     r"(models|harness/engine|tests/models|tests/engine|tests/bench)/.*|harness/worker_main\.cpp",
     "models, harness/engine, harness/worker_main.cpp"),
    (r"(gtest|gmock)/.*", r"tests/.*", "tests"),
    (r"(fmt|nlohmann)/.*", r".*", ""),
]
SYSTEM_FOLDERS = {"sys", "linux", "net", "netinet", "arpa"}
GENERATED = {"build_info.h"}
SOURCES = {".h", ".hpp", ".cpp", ".cc", ".cxx"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:(["<])([^">]+)[">]|(\S+))')
OWN_PATH = re.compile(r"(?<![\w.~$}/-])/(?:home|opt|work|root|Users)(?=[/\s\"'`,;:)\]]|$)")


def files_of(root):
    """Files that git tracks or would track; without git, everything outside build folders."""
    if (root / ".git").exists():
        listed = subprocess.run(["git", "-C", root, "ls-files", "-coz", "--exclude-standard"],
                                check=True, capture_output=True).stdout
        names = sorted(set(os.fsdecode(name) for name in listed.split(b"\0") if name))
    else:
        names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*")
                       if path.relative_to(root).parts[0] not in ("build", ".git"))
    return [name for name in names if (root / name).is_file() and not (root / name).is_symlink()]


def folder_of(name):
    """The longest known folder that holds `name`, or None."""
    held = [folder for folder in MAY_INCLUDE if name.startswith(folder + "/")]
    return max(held, key=len, default=None)


def check_own(name, target):
    """One of our headers is included: does the way go down?"""
    if target.split("/")[0] == "tests":
        if target.startswith("tests/support/") or os.path.dirname(target) == os.path.dirname(name):
            return None if name.startswith("tests/") else "code must not include tests"
        return f"{target} belongs to other tests; what tests share lies in tests/support"
    home, there = folder_of(name), folder_of(target)
    if home is None:
        return "no floor is known for this folder; give it one in ci/check_floors.py"
    allowed = FILE_MAY_INCLUDE.get(name, MAY_INCLUDE[home])
    if there in allowed:
        return None
    return f"{home} must not include {target} (may include: {', '.join(sorted(allowed))})"


def check_guest(name, header):
    """A header in angle brackets: the standard library's, the system's, or a guest's."""
    for pattern, door, door_name in DOORS:
        if not re.fullmatch(pattern, header):
            continue
        return None if re.fullmatch(door, name) else f"<{header}> enters only by {door_name}"
    folder = header.split("/")[0]
    if "/" in header and folder not in SYSTEM_FOLDERS:
        return f"<{header}> has no door; name one in ci/check_floors.py"
    return None


def check_include(name, match, own_folders):
    quote, header, computed = match.groups()
    if computed:
        return f"#include {computed}: name the file itself"
    if header in GENERATED:
        return None
    if ".." in header.split("/"):
        return f'"{header}": give the path from the root of the repository'
    if header.split("/")[0] in own_folders:
        return check_own(name, header)
    if quote == '"' and not any(re.fullmatch(pattern, header) for pattern, _, _ in DOORS):
        return f'"{header}": give the path from the root of the repository'
    return check_guest(name, header)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    own_folders = {folder.split("/")[0] for folder in MAY_INCLUDE}
    problems, checked = [], 0
    for name in files_of(root):
        data = (root / name).read_bytes()
        if b"\0" in data:
            continue
        checked += 1
        is_source = Path(name).suffix in SOURCES
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            found = INCLUDE.match(line) if is_source else None
            problem = check_include(name, found, own_folders) if found else None
            if problem:
                problems.append(f"{name}:{number}: {problem}")
            if OWN_PATH.search(line):
                problems.append(f"{name}:{number}: a path of one machine; use a variable or a default")
    print("\n".join(problems) if problems else f"floors: ok ({checked} files)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
