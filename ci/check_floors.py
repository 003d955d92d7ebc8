#!/usr/bin/env python3
"""Floors and doors, as harness/README.md states them.

  ci/check_floors.py [ROOT]

Prints one line per problem as file:line or folder: an include that goes upward or sideways, a third-party
library that enters by another folder than its own, modules that include each other in a circle, a folder
with more than MOST_MODULES modules or without a README, a tracked file that holds somebody's own path.
Exit code: 0 nothing found, 1 problems.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

MOST_MODULES = 15

# One row per folder: floor, folder, folders that it may include (beside itself). All lie on lower floors.
ROOMS = """
1 harness/base
2 datasets/formats        base
2 harness/geometry        base
2 harness/task            base
2 models                  base
3 harness/claims          base task
3 harness/measure         base task
3 harness/system          base task
3 harness/realy           base geometry task
3 harness/engine/train    base task models
3 models/inference        base models
3 datasets/images         base formats
3 datasets/face_models    base formats geometry
4 harness/config          base task claims
4 harness/engine/context  base task models train
4 results                 base task claims
4 datasets/faces          base geometry images face_models
4 datasets/tree           base task formats images
4 datasets/convert        base geometry formats images face_models
5 harness/run             base task claims config results system
5 harness/engine/tasks    base task geometry realy models train context inference
5 harness/engine/timing   base task measure system results models train context inference
5 datasets/readers        base task geometry formats images face_models tree
5 datasets/figures        base task geometry images face_models faces
6 harness/engine          base task system models train context tasks timing
6 datasets/stand_ins      base geometry formats images face_models faces tree readers
6 harness/cli             base task claims measure geometry realy system config run results
7 datasets                base task tree readers stand_ins
8 datasets/prepare        base task images figures tree stand_ins datasets
9 harness/programs        base task realy system results cli models engine context tasks timing convert face_models figures prepare stand_ins faces
"""


def rooms():
    """{folder: folders that it may include}; short names are the last part of a folder's."""
    rows = [line.split() for line in ROOMS.strip().splitlines()]
    floor = {folder: int(number) for number, folder, *_ in rows}
    by_name = {folder.rsplit("/", 1)[-1]: folder for folder in floor}
    may = {}
    for number, folder, *names in rows:
        below = {by_name[name] for name in names}
        assert all(floor[other] < floor[folder] for other in below), f"{folder}: its row names a higher floor"
        may[folder] = below | {folder}
    return may


MAY_INCLUDE = rooms()
PRODUCT = set(MAY_INCLUDE)
# Tests see the folder that they mirror and all that it sees; these see more.
MAY_INCLUDE["tests/support"] = {"datasets/faces", "datasets/images", "datasets/readers", "datasets/tree",
                                "harness/base", "harness/geometry", "harness/realy", "harness/task",
                                "results", "tests/support"}
for folder in list(PRODUCT):
    MAY_INCLUDE["tests/" + folder.removeprefix("harness/")] = MAY_INCLUDE[folder]
MAY_INCLUDE["tests/geometry"] = MAY_INCLUDE["tests/geometry"] | {"harness/realy"}
MAY_INCLUDE["tests/models"] = MAY_INCLUDE["models/inference"]
MAY_INCLUDE["tests/results"] = MAY_INCLUDE["results"] | MAY_INCLUDE["harness/config"]
MAY_INCLUDE["tests/config"] = MAY_INCLUDE["harness/config"] | MAY_INCLUDE["harness/run"]
for folder in PRODUCT:
    if folder.startswith("datasets/"):
        MAY_INCLUDE["tests/" + folder] = MAY_INCLUDE[folder] | {name for name in PRODUCT if name.startswith("datasets")}
    if folder.startswith("harness/engine/"):
        MAY_INCLUDE["tests/" + folder.removeprefix("harness/")] = (
            MAY_INCLUDE[folder] | MAY_INCLUDE["harness/engine"] | {"harness/engine", "results", "harness/measure"})
for folder in ("tests/bench", "tests/fuzz", "tests/e2e"):
    MAY_INCLUDE[folder] = PRODUCT

# Header of a guest -> folders that may name it, and where it enters in words.
DOORS = [
    (r"sqlite3(ext)?\.h", r"results/sqlite\.cpp|tests/(results|e2e)/.*", "results/sqlite.cpp"),
    (r"opencv2?/.*", r"datasets/(images|figures)/.*|tests/bench/.*", "datasets/{images,figures}"),
    (r"pugixml\.hpp|(matio|hdf5)\.h|archive(_entry)?\.h", r"(tests/)?datasets/.*formats/.*|tests/(datasets|support)/.*", "datasets/formats"),
    (r"yaml-cpp/.*", r"harness/config/.*", "harness/config"),
    (r"benchmark/.*", r"harness/engine/timing/.*|tests/bench/.*", "harness/engine/timing"),
    (r"linear\.h", r"harness/engine/tasks/.*", "harness/engine/tasks"),
    (r"openssl/.*|boost/.*", r"harness/base/.*", "harness/base"),
    (r"CLI/.*", r"harness/(cli|programs)/.*", "harness/{cli,programs}"),
    (r"oneapi/.*|omp\.h", r"models/inference/.*", "models/inference"),
    (r"Eigen/.*", r"(harness|tests)/(geometry|realy)/.*|datasets/faces/.*|tests/support/formula_faces\.h",
     "harness/{geometry,realy}, datasets/faces"),
    (r"(torch|ATen|c10|caffe2)/.*",
     r"(tests/)?models/.*|harness/engine/.*|tests/(engine|bench)/.*|harness/programs/bench_worker\.cpp",
     "models, harness/engine, harness/programs/bench_worker.cpp"),
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
    allowed = MAY_INCLUDE[home]
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


def module_of(name):
    return os.path.splitext(name)[0]


def check_cycles(includes):
    """One line per circle of modules (a .h and its .cpp are one); `includes`: {file: [included files]}."""
    graph = {}
    for name, targets in includes.items():
        module = module_of(name)
        graph.setdefault(module, set()).update(module_of(target) for target in targets if module_of(target) != module)
    state, problems = {}, []

    def visit(module, path):
        state[module] = "open"
        for target in sorted(graph.get(module, ())):
            if state.get(target) == "open":
                circle = path[path.index(target):] if target in path else [target]
                problems.append(f"{target}: includes go in a circle: {' -> '.join(circle + [target])}")
            elif target not in state:
                visit(target, path + [target])
        state[module] = "done"

    for module in sorted(graph):
        if module not in state:
            visit(module, [module])
    return problems


def check_folders(names):
    """Folders that are too full or lack a README."""
    modules, problems = {}, []
    for name in names:
        if Path(name).suffix in SOURCES and os.path.dirname(name) in PRODUCT:
            modules.setdefault(os.path.dirname(name), set()).add(module_of(name))
    for folder, held in sorted(modules.items()):
        if len(held) > MOST_MODULES:
            problems.append(f"{folder}: {len(held)} modules, at most {MOST_MODULES}; make a folder of some of them")
        if f"{folder}/README.md" not in names:
            problems.append(f"{folder}: README.md is missing: what is here, what it may include, where to start, how to add")
    return problems


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    own_folders = {folder.split("/")[0] for folder in MAY_INCLUDE}
    names = files_of(root)
    problems, checked, includes = check_folders(set(names)), 0, {}
    for name in names:
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
            if found and found.group(2) and found.group(2).split("/")[0] in own_folders:
                includes.setdefault(name, []).append(found.group(2))
            if OWN_PATH.search(line):
                problems.append(f"{name}:{number}: a path of one machine; use a variable or a default")
    problems += check_cycles(includes)
    print("\n".join(problems) if problems else f"floors: ok ({checked} files)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
