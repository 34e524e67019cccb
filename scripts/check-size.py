#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sizes: a file has one topic, a function fits a screen or two, a header is read.

Prints KTAP and the largest of each kind. With --self-test every limit is shown
something too large in a scratch tree and has to find it.
"""
import ast
import os
import pathlib
import re
import sys
import tempfile

from ktap import Ktap

TOP = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("drivers", "scripts", "tools", ".ci")
FILE_MAX = 600
HEADER_MAX = 300
FUNCTION_MAX = 80
SHOWN = 5

# What may be larger than its limit: path or "path:function", lines, and why.
EXCEPTIONS = {
    "drivers/nvmft/nvmft.h": (
        445, "the one contract between the modules, more than half of it kernel-doc"),
}

C_NAME = re.compile(r"(\w+)\s*\(")
SHELL_START = re.compile(r"(?:function\s+)?([\w-]+)\s*\(\)\s*[{(]\s*$")


def language(path, text):
    if path.suffix in (".c", ".h"):
        return "c"
    first = text.partition("\n")[0]
    if path.suffix == ".py" or first.startswith("#!") and "python" in first:
        return "python"
    if path.suffix == ".sh" or re.match(r"#!.*\b(ba|da)?sh\b", first):
        return "shell"
    return None


def c_functions(lines):
    """A function's brace is the one that opens a line; its head begins after the
    last line before it that ends something else."""
    start = None
    for number, line in enumerate(lines):
        if line.rstrip() == "{":
            start = number
            while start and not re.search(r"[;}/]\s*$|^\s*$|^#|^\w+:$", lines[start - 1]):
                start -= 1
        elif line.startswith("}") and start is not None:
            head = C_NAME.search(" ".join(lines[start:number]))
            yield head.group(1) if head else "?", number - start + 1
            start = None


def python_functions(lines):
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return  # what does not compile is a matter of style.sh
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1


def shell_functions(lines):
    start = None
    for number, line in enumerate(lines):
        match = SHELL_START.match(line)
        if match and start is None:
            start, name = number, match.group(1)
        elif start is not None and re.match(r"[})]", line):
            yield name, number - start + 1
            start = None


FUNCTIONS = {"c": c_functions, "python": python_functions, "shell": shell_functions}


def sources(top):
    """(path from top, lines, language) of everything people write."""
    for folder in FOLDERS:
        for where, dirs, files in os.walk(top / folder):
            dirs[:] = sorted(d for d in dirs
                             if d not in ("build", "generated", "__pycache__"))
            for file in sorted(files):
                path = pathlib.Path(where, file)
                try:
                    text = path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue
                kind = language(path, text)
                if kind and not file.endswith(".mod.c"):
                    yield path.relative_to(top).as_posix(), text.splitlines(), kind


def measure(top):
    """Sizes by kind: {"file": {name: lines}, "header": ..., "function": ...}."""
    sizes = {"file": {}, "header": {}, "function": {}}
    for name, lines, kind in sources(top):
        sizes["header" if name.endswith(".h") else "file"][name] = len(lines)
        for function, length in FUNCTIONS[kind](lines):
            key = f"{name}:{function}"
            sizes["function"][key] = max(length, sizes["function"].get(key, 0))
    return sizes


def judge(sizes, limit, exceptions):
    for name, lines in sizes.items():
        allowed = exceptions.get(name, (limit, ""))[0]
        if lines > allowed:
            yield f"{name}: {lines} lines, at most {allowed}"
        elif name in exceptions and lines <= limit:
            yield f"{name}: {lines} lines; needs no exception any more"


def largest(sizes, exceptions):
    for name, lines in sorted(sizes.items(), key=lambda item: -item[1])[:SHOWN]:
        why = f" (exception: {exceptions[name][1]})" if name in exceptions else ""
        yield f"{lines:4} {name}{why}"


def stale(sizes, exceptions):
    known = set().union(*sizes.values())
    for name, (_, why) in exceptions.items():
        if name not in known:
            yield f"exception for {name}, which is not there"
        if not why:
            yield f"exception for {name} gives no reason"


def run(top, exceptions):
    """Findings and the largest of every kind, by test point."""
    sizes = measure(top)
    limits = (("file", FILE_MAX), ("header", HEADER_MAX), ("function", FUNCTION_MAX))
    points = {
        f"no {kind} above {limit} lines": (
            list(judge(sizes[kind], limit, exceptions)),
            list(largest(sizes[kind], exceptions)))
        for kind, limit in limits
    }
    points["every exception has a reason and a use"] = (list(stale(sizes, exceptions)), [])
    return points


PLANTS = (
    # What is written, what has to be found; None: nothing
    ("drivers/a.c", "int x;\n" * FILE_MAX, None),
    ("drivers/a.c", "int x;\n" * (FILE_MAX + 1), "drivers/a.c: 601"),
    ("drivers/a.h", "int x;\n" * HEADER_MAX, None),
    ("drivers/a.h", "int x;\n" * (HEADER_MAX + 1), "drivers/a.h: 301"),
    ("tools/run", "#!/bin/bash\n" + "true\n" * FILE_MAX, "tools/run: 601"),
    ("drivers/a.c", "int y;\n\nint one(void)\n{\n" + "\tx();\n" * 77 + "}\n", None),
    ("drivers/a.c", "int y;\n\nint one(void)\n{\n" + "\tx();\n" * 78 + "}\n",
     "drivers/a.c:one: 81"),
    ("drivers/a.c", "static int\ntwo(int a,\n    int b)\n{\n" + "\tx();\n" * 76 + "}\n",
     "drivers/a.c:two: 81"),
    ("drivers/a.c", "static int x[] = {\n" + "\t1,\n" * 100 + "};\n", None),
    ("scripts/a.py", "def one():\n" + "    pass\n" * 80, "scripts/a.py:one: 81"),
    ("scripts/a.sh", "one() {\n" + "\ttrue\n" * 79 + "}\n", "scripts/a.sh:one: 81"),
)
BAD_EXCEPTIONS = (
    ({"drivers/gone.c": (700, "because")}, "which is not there"),
    ({"drivers/a.c": (700, "because")}, "needs no exception"),
    ({"drivers/a.c:f": (90, "")}, "gives no reason"),
)


def found_in(name, text, exceptions):
    with tempfile.TemporaryDirectory() as top:
        path = pathlib.Path(top) / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        points = run(pathlib.Path(top), exceptions)
    return [finding for findings, _ in points.values() for finding in findings]


def self_test():
    ktap = Ktap()
    for name, text, expected in PLANTS:
        found = found_in(name, text, {})
        right = any(expected in f for f in found) if expected else not found
        ktap.point(f"self-test: {expected or name + ': nothing'}",
                   [] if right else [f"expected {expected}, found {found}"])
    for exceptions, expected in BAD_EXCEPTIONS:
        found = found_in("drivers/a.c", "void f(void)\n{\n}\n", exceptions)
        ktap.point(f"self-test: exception: {expected}",
                   [] if any(expected in f for f in found) else [f"found {found}"])
    found = found_in("drivers/a.c", "int x;\n" * 650, {"drivers/a.c": (650, "a reason")})
    ktap.point("self-test: an exception holds", found)
    return ktap.finish()


def main(args):
    if args == ["--self-test"]:
        return self_test()
    if args:
        print(__doc__, file=sys.stderr)
        return 2
    ktap = Ktap()
    for name, (findings, notes) in run(TOP, EXCEPTIONS).items():
        ktap.point(f"size: {name}", findings, notes)
    return ktap.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
