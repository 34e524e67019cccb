#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the fuzzers of the protocol code; "make" in this folder builds them and calls this.

  run.py check [TARGET...] --build DIR   replay the corpus, fuzz a fixed number of runs, count the
                                         lines of proto/ that the corpus reaches; KTAP
  run.py fuzz [TARGET...] --build DIR --time S     fuzz, each target in turn, S seconds in all
  run.py corpus [TARGET...] --build DIR --time S   grow the corpus from seeds.py and itself, and
                                                   minimise it

An input that breaks a target is kept in DIR/artifacts/TARGET-*; DIR/TARGET FILE runs it
again. What fuzzing finds of new ways through the code is kept in DIR/found/TARGET, and used
by the next run. The corpus is what seeds.py makes, and what fuzzing has found beyond it:
corpus/TARGET.txt, an input in hexadecimal on each line.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import seeds

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
LINES_MIN = 95.0            # percent of proto/ that the corpus has to reach
CORPUS_MAX = 512 << 10      # bytes of all files of it

# Runs in a check (some seconds each), and the longest input
RUNS = {"pdu": (400000, 160), "rx": (40000, 1700), "sqe": (500000, 128), "connect": (400000, 560),
        "xfer": (150000, 512), "log": (40000, 1400), "ident": (40000, 512), "fuse": (400000, 64),
        "feature": (400000, 32), "prop": (300000, 160), "name": (300000, 640),
        "path": (20000, 2600)}


def read_corpus(name):
    """The inputs of a target, but for its seeds."""
    path = CORPUS / f"{name}.txt"
    if not path.exists():
        return []
    return [bytes.fromhex(line) for line in path.read_text(encoding="ascii").splitlines()
            if line and not line.startswith("#")]


def whole_corpus(name):
    """The inputs of a target."""
    return [*seeds.SEEDS[name](), *read_corpus(name)]


def write_corpus(name, inputs):
    """Shortest first, so that a difference shows what has changed."""
    CORPUS.mkdir(exist_ok=True)
    lines = [data.hex() for data in sorted(set(inputs), key=lambda data: (len(data), data)) if data]
    (CORPUS / f"{name}.txt").write_text("\n".join(["# SPDX-License-Identifier: GPL-2.0", *lines, ""]),
                                        encoding="ascii")


def unpack(inputs, folder):
    """A file for each input, as libFuzzer wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs):
        (folder / f"{number:05}").write_bytes(data)
    return folder


class Fuzzer:
    """One target's program."""

    def __init__(self, build, name):
        self.name = name
        self.build = build
        self.program = build / name
        self.artifacts = build / "artifacts"
        self.found = build / "found" / name
        self.runs, self.max_len = RUNS[name]

    def start(self, folders, *options, profile=None):
        """Runs it; its lines come from the object's stdout."""
        self.artifacts.mkdir(parents=True, exist_ok=True)
        env = dict(os.environ, LLVM_PROFILE_FILE=str(profile or os.devnull),
                   ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=0",
                   UBSAN_OPTIONS="print_stacktrace=1")
        return subprocess.Popen([str(self.program), f"-artifact_prefix={self.artifacts}/{self.name}-",
                                 f"-max_len={self.max_len}", f"-dict={HERE}/nvmft.dict",
                                 "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024",
                                 *options, *map(str, folders)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace", env=env)

    def run(self, folders, *options, profile=None, progress=None):
        """Runs it to its end. Return: (executions, what is wrong)."""
        executions, said, shown = 0, [], time.monotonic()
        with self.start(folders, *options, profile=profile) as process:
            for line in process.stdout:
                count = re.match(r"#(\d+)\s|stat::number_of_executed_units:\s*(\d+)", line)
                if count:
                    executions = int(count[1] or count[2])
                    if progress and line.startswith("#") and time.monotonic() - shown >= 10:
                        shown = time.monotonic()
                        progress(line.strip())
                elif not line.startswith(("INFO:", "stat::", "Dictionary:", "\t", "Done", "###")):
                    said.append(line.rstrip())
        if process.returncode:
            return executions, self.explain(said, process.returncode)
        return executions, []

    def explain(self, said, status):
        """The lines that say what has happened, and where the input is."""
        telling = [line for line in said if re.search(
            r"must hold|runtime error|ERROR: |SUMMARY|Test unit written|^\s+#\d .*(proto|fuzz)/", line)]
        return telling[:20] or said[-10:] or [f"status {status}"]


def covered(build, proto, names, profiles):
    """Lines of proto/ by file: {name: (reached, all)}, over these targets."""
    merged = build / "corpus.profdata"
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", str(merged), *map(str, profiles)], check=True)
    objects = [str(build / names[0])]
    for name in names[1:]:
        objects += ["-object", str(build / name)]
    out = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}", *objects],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    files = {}
    for entry in json.loads(out)["data"][0]["files"]:
        path = pathlib.Path(entry["filename"])
        if path.parent.resolve() == proto.resolve():
            lines = entry["summary"]["lines"]
            files[path.name] = (lines["covered"], lines["count"])
    return files


class Ktap:
    """Results as they come: a line is not held back by what follows it."""

    def __init__(self, plan):
        self.count = self.failed = 0
        print(f"KTAP version 1\n1..{plan}", flush=True)

    def point(self, name, wrong=(), notes=()):
        """One result."""
        for line in [*wrong, *notes]:
            print(f"# {line}", flush=True)
        self.count += 1
        self.failed += bool(wrong)
        print(f"{'not ' if wrong else ''}ok {self.count} {name}", flush=True)


def check_coverage(report, options, names, profiles):
    """The sum over proto/, and what each file has."""
    files = covered(options.build, options.proto, names, profiles)
    reached, lines = (sum(row[i] for row in files.values()) for i in range(2))
    percent = 100.0 * reached / lines if lines else 0.0
    notes = [f"{name}: {hit} of {total} lines" for name, (hit, total) in sorted(files.items())]
    notes.append(f"the corpus reaches {reached} of {lines} lines of proto/: {percent:.1f} %")
    report.point("coverage of proto/ by the corpus",
                 [f"below {LINES_MIN} %"] if percent < LINES_MIN else [], notes)


def check(options, names):
    """The suite of make check."""
    whole = set(names) == set(RUNS)
    report = Ktap(2 * len(names) + (2 if whole else 0))
    profiles = []
    with tempfile.TemporaryDirectory(prefix="nvmft-fuzz.") as temp:
        for name in names:
            fuzzer = Fuzzer(options.build, name)
            inputs = whole_corpus(name)
            folder = unpack(inputs, pathlib.Path(temp, name))
            profiles.append(pathlib.Path(temp, f"{name}.profraw"))
            _, wrong = fuzzer.run([folder], "-runs=0", profile=profiles[-1])
            report.point(f"{name}: corpus", wrong, [f"{name}: {len(inputs)} inputs"])
            start = time.monotonic()
            executions, wrong = fuzzer.run([folder], f"-runs={fuzzer.runs}", "-seed=1",
                                           "-reload=0")
            report.point(f"{name}: fuzzed", wrong,
                         [f"{name}: {executions} executions in {time.monotonic() - start:.1f} s"])
        if whole:
            check_coverage(report, options, names, profiles)
            size = sum(path.stat().st_size for path in CORPUS.glob("*.txt"))
            report.point("size of the corpus", [f"above {CORPUS_MAX}"] if size > CORPUS_MAX else [],
                         [f"the corpus has {size} bytes"])
    return 1 if report.failed else 0


def fuzz(options, names):
    """Each target in turn, for its share of the time."""
    share = max(1, options.time // len(names))
    broken, total = [], 0
    with tempfile.TemporaryDirectory(prefix="nvmft-fuzz.") as temp:
        for name in names:
            fuzzer = Fuzzer(options.build, name)
            fuzzer.found.mkdir(parents=True, exist_ok=True)
            folder = unpack(whole_corpus(name), pathlib.Path(temp, name))
            print(f"{name}: {share} s", flush=True)
            executions, wrong = fuzzer.run([fuzzer.found, folder], f"-max_total_time={share}",
                                           progress=lambda line, name=name: print(f"{name}: {line}",
                                                                                  flush=True))
            total += executions
            print(f"{name}: {executions} executions, {'BROKEN' if wrong else 'nothing found'}",
                  flush=True)
            if wrong:
                broken.append(name)
                print("\n".join(f"{name}: {line}" for line in wrong), flush=True)
    print(f"{total} executions; " + (f"broken: {' '.join(broken)}; the inputs are in "
                                     f"{options.build}/artifacts" if broken else "nothing found"))
    return 1 if broken else 0


def corpus(options, names):
    """What fuzzing reaches beyond the seeds, by as few and short inputs as libFuzzer finds."""
    share = max(1, options.time // len(names))
    for name in names:
        fuzzer = Fuzzer(options.build, name)
        with tempfile.TemporaryDirectory(prefix="nvmft-fuzz.") as temp:
            known = unpack(seeds.SEEDS[name](), pathlib.Path(temp, "known"))
            grown = unpack(whole_corpus(name), pathlib.Path(temp, "grown"))
            if fuzzer.found.exists():
                for path in fuzzer.found.iterdir():
                    shutil.copy(path, grown)
            _, wrong = fuzzer.run([grown], f"-max_total_time={share}", "-seed=1", "-reduce_inputs=1")
            # What a seed reaches needs no other input.
            seeded = {path.name for path in known.iterdir()}
            if not wrong:
                _, wrong = fuzzer.run([known, grown], "-merge=1")
            if wrong:
                print("\n".join([f"{name}: broken", *wrong]))
                return 1
            inputs = [path.read_bytes() for path in known.iterdir() if path.name not in seeded]
            write_corpus(name, inputs)
            print(f"{name}: {len(inputs)} inputs, {sum(map(len, inputs))} bytes", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("check", "fuzz", "corpus"))
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="of: " + " ".join(RUNS))
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--proto", type=pathlib.Path, default=HERE / "../../../../../drivers/nvmft/proto")
    parser.add_argument("--time", type=int, default=600)
    options = parser.parse_args()
    names = options.targets or list(RUNS)
    for name in names:
        if name not in RUNS:
            parser.error(f"there is no target {name}")
    return {"check": check, "fuzz": fuzz, "corpus": corpus}[options.what](options, names)


if __name__ == "__main__":
    sys.exit(main())
