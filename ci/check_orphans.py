#!/usr/bin/env python3
"""Nothing stands alone: what one file adds, the tables, goldens, configs and READMEs know.

  ci/check_orphans.py [ROOT]

  models/x.cpp         its first card is of a model x; for each card (name m, variant v) a row &x() or &x_...() in
                       models/registry.cpp, the goldens of VARIANT_GOLDENS, `m` in models/README.md; its
                       word in models/CMakeLists.txt; configs/x@*.yaml where it predicts classes
  datasets/readers/x.cpp with  its row in datasets/registry.cpp, its word in datasets/readers/CMakeLists.txt, `x`
  a DatasetEntry               in datasets/readers/README.md, its stand-in in datasets/stand_ins/ and that one's row
  configs/x@y.yaml     a model x
  *_test.cpp           listed in a CMakeLists.txt under tests/
  *.cpp                listed in a CMakeLists.txt
  tests/golden/*       named by a test, or by a model

One line per problem. Exit code: 0 nothing found, 1 problems.
"""
import re
import sys
from pathlib import Path

CODE = ("harness", "models", "datasets", "results", "tests")
NOT_MODELS = {"registry", "weights"}
VARIANT_GOLDENS = {"{}-{}.txt": "run the models' tests with MIEN_APPROVE=1",
                   "parity/{}-{}.txt": "run ci/make_parity_goldens.py"}
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def text_of(path):
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def code_of(path):
    """A source without its comments, so that a row that is commented out does not count."""
    return COMMENT.sub("", text_of(path))


def listed_sources(root):
    """CMakeLists.txt -> the .cpp files that it names, as paths from the root."""
    listed = {}
    for lists in [root / "CMakeLists.txt", *(p for top in CODE for p in (root / top).rglob("CMakeLists.txt"))]:
        code = re.sub(r"#[^\n]*", "", text_of(lists))
        for word in re.findall(r"[^\s()\"]+\.cpp\b", code):
            word = word.replace("${PROJECT_SOURCE_DIR}", str(root))
            word = word.replace("${CMAKE_CURRENT_SOURCE_DIR}", str(lists.parent))
            if "$" in word:
                continue  # built from a variable: its plain listing is elsewhere
            path = (lists.parent / word).resolve()
            if path.is_relative_to(root):
                listed.setdefault(path.relative_to(root).as_posix(), []).append(
                    lists.relative_to(root).as_posix())
    return listed


def line_of(path, pattern):
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if re.search(pattern, line):
            return number
    return 1


def model_stems(root):
    return sorted(p.stem for p in (root / "models").glob("*.cpp") if p.stem not in NOT_MODELS)


def cards_of(root, stem):
    """The (model, variant) of every card of models/<stem>.cpp."""
    card = r'ModelEntry entry = {\s*\.card =\s*{\s*\.name = "([^"]+)",\s*\.variant = "([^"]+)"'
    return re.findall(card, code_of(root / f"models/{stem}.cpp"))


def variant_goldens(root):
    """Paths below tests/golden that the variants need -> (file that needs it, what makes it)."""
    return {golden.format(model, variant): (f"models/{stem}.cpp", how)
            for stem in model_stems(root) for model, variant in cards_of(root, stem)
            for golden, how in VARIANT_GOLDENS.items()}


def check_models(root, listed):
    # A row is &x() or &x_variant(); the & of a reference stands behind a type.
    rows = re.findall(r"(?<![\w>*])&\s*(\w+)\(\)", code_of(root / "models/registry.cpp"))
    readme = text_of(root / "models/README.md")
    stems = model_stems(root)
    for stem in stems:
        file = f"models/{stem}.cpp"
        cards = cards_of(root, stem)
        its_rows = [row for row in rows if row.split("_")[0] == stem]
        if not its_rows:
            yield f"{file}:1: no row in models/registry.cpp; add &{stem}()"
        elif cards and len(its_rows) != len(cards):
            yield (f"{file}:1: {len(cards)} cards ({', '.join(map('-'.join, cards))}), {len(its_rows)} rows in "
                   f"models/registry.cpp ({', '.join(its_rows)})")
        if "models/CMakeLists.txt" not in listed.get(file, []):
            yield f"{file}:1: not in models/CMakeLists.txt; add {stem}.cpp"
        if not cards or cards[0][0] != stem:
            yield f'{file}:1: its first card is not named "{stem}"; the name is the file\'s stem'
        predicts_classes = "Predicts::kCoefficients" not in code_of(root / file)
        if predicts_classes and not list((root / "configs").glob(f"{stem}@*.yaml")):
            yield f"{file}:1: no experiment; add configs/{stem}@DATASET.yaml"
        for model in sorted({stem, *(model for model, _ in cards)}):
            if f"`{model}`" not in readme:
                yield f"{file}:1: not in models/README.md; add `{model}` to its table"
    for golden, (file, how) in variant_goldens(root).items():
        if not (root / "tests/golden" / golden).is_file():
            yield f"{file}:1: no tests/golden/{golden}; {how}"
    for row in rows:
        if row.split("_")[0] not in stems:
            line = line_of(root / "models/registry.cpp", rf"&\s*{row}\(\)")
            yield f"models/registry.cpp:{line}: there is no models/{row.split('_')[0]}.cpp"


def check_datasets(root, listed):
    registry = code_of(root / "datasets/registry.cpp")
    readme = text_of(root / "datasets/readers/README.md")
    rows = re.findall(r"&\s*(k\w+)\s*[,}]", registry)
    entries = {}
    for path in sorted((root / "datasets/readers").glob("*.cpp")):
        for entry in re.findall(r"(?<!extern )const DatasetEntry (k\w+)\s*(?:=\s*)?{", code_of(path)):
            entries[entry] = path
    stand_ins = {name for path in (root / "datasets/stand_ins").glob("*.cpp")
                 for name in re.findall(r"(?<!extern )const StandIn (k\w+)\s*(?:=\s*)?{", code_of(path))}
    for entry, path in entries.items():
        stem, file = path.stem, path.relative_to(root).as_posix()
        where = f"{file}:{line_of(path, rf'^const DatasetEntry {entry}')}"
        if entry not in rows:
            yield f"{where}: no row in datasets/registry.cpp; add &{entry}"
        if f"{entry}StandIn" not in stand_ins.intersection(rows):
            yield f"{where}: no stand-in with a row in datasets/registry.cpp; add {entry}StandIn to datasets/stand_ins/"
        if "datasets/readers/CMakeLists.txt" not in listed.get(file, []):
            yield f"{where}: not in datasets/readers/CMakeLists.txt; add {stem}.cpp"
        if f'"{stem}"' not in code_of(path):
            yield f'{where}: its name is not "{stem}"; the name is the file\'s stem'
        if f"`{stem}`" not in readme:
            yield f"{where}: not in datasets/readers/README.md; add `{stem}` to its table"
    for row in rows:
        if row not in entries and row not in stand_ins:
            line = line_of(root / "datasets/registry.cpp", rf"&\s*{row}\b")
            yield f"datasets/registry.cpp:{line}: no file in datasets/{{readers,stand_ins}}/ defines {row}"


def check_configs(root):
    stems = model_stems(root)
    models = {*stems, *(model for stem in stems for model, _ in cards_of(root, stem))}
    for path in sorted((root / "configs").glob("*.yaml")):
        model = path.stem.split("@")[0]
        if "@" not in path.stem:
            yield f"configs/{path.name}:1: name it model@dataset.yaml"
        elif model not in models:
            yield f"configs/{path.name}:1: there is no model {model} (models/{model}.cpp)"


def check_sources(root, listed):
    for top in CODE:
        for path in sorted((root / top).rglob("*.cpp")):
            file = path.relative_to(root).as_posix()
            lists = listed.get(file, [])
            if path.name.endswith("_test.cpp"):
                if not any(name.startswith("tests/") for name in lists):
                    yield f"{file}:1: never built; list it in tests/.../CMakeLists.txt"
            elif not lists:
                yield f"{file}:1: never built; list it in a CMakeLists.txt"


def check_goldens(root):
    tests = "".join(code_of(p) for p in sorted((root / "tests").rglob("*.cpp")))
    goldens = root / "tests/golden"
    of_variants = variant_goldens(root)
    for path in sorted(p for p in goldens.rglob("*") if p.is_file()):
        name = path.relative_to(goldens).as_posix()
        if name not in of_variants and f'"{name}"' not in tests:
            yield f"tests/golden/{name}:1: no test names it; delete it"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    listed = listed_sources(root)
    problems = [*check_models(root, listed), *check_datasets(root, listed), *check_configs(root),
                *check_sources(root, listed), *check_goldens(root)]
    count = sum(1 for top in CODE for _ in (root / top).rglob("*.cpp"))
    print("\n".join(problems) if problems else f"orphans: ok ({count} files)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
