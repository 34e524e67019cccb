#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The layering rules of drivers/nvmft: who may include whom, and what is built.

Prints KTAP, one point a rule. With --self-test every rule is shown a violation
in a scratch tree and has to find it.
"""
import collections
import fnmatch
import pathlib
import re
import sys
import tempfile

from ktap import Ktap

TOP = pathlib.Path(__file__).resolve().parent.parent
BASE = "drivers/nvmft"
RINGS = ("proto", "core", "tcp", "compat")
SHARED = ("nvmft.h", "nvmft_io.h", "nvmft_stat.h")
MODULES = ("nvmft", "nvmft-tcp")
MAX_EXPORTS = 16

Include = collections.namedtuple("Include", "file line system name")

TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
EXPORT = re.compile(r"\bEXPORT_SYMBOL(\w*)\s*\(\s*(\w+)")
# The one condition that every header of tracepoints has, and its one kernel header
TRACE_GUARD = re.compile(r"#if !defined\(\w+_TRACE_H\) \|\| defined\(TRACE_HEADER_MULTI_READ\)")
TRACE_HEADERS = ("core/trace.h", "tcp/trace.h")
VERSION = re.compile(r"\b(?:LINUX_VERSION_CODE|KERNEL_VERSION|NVMFT_HAVE_\w*|__has_\w+"
                     r"|IS_(?:ENABLED|BUILTIN|MODULE|REACHABLE))\b|linux/version\.h"
                     r"|^\s*#\s*(?:if\b|ifdef|elif|ifndef (?!\w+_H$)).*")
KBUILD_VERSION = re.compile(r"\b(?:VERSION|PATCHLEVEL|SUBLEVEL|KERNELVERSION|KERNELRELEASE)\b"
                            r"|^(?:if|else).*(?<!\(\$\(KBUILD_EXTMOD\),\))$|NVMFT_HAVE_\w*|\bcompat/")
COMPAT_LINES = "# compat:"      # to the end of Kbuild: out of tree only
COMMIT = re.compile(r"\b[0-9a-f]{12}\b")


def strip_comments(text):
    """C without comments; strings and line numbers stay."""
    def one(match):
        token = match.group(0)
        if token.startswith(("//", "/*")):
            return " " + "\n" * token.count("\n")
        return token
    return TOKEN.sub(one, text)


class Tree:
    """drivers/nvmft below @top: its sources by path from there."""

    def __init__(self, top):
        self.base = pathlib.Path(top) / BASE
        self.code = {}
        self.compat = {}        # with their comments
        for path in sorted(self.base.rglob("*.[ch]")):
            name = path.relative_to(self.base).as_posix()
            if name.endswith(".mod.c") or "/generated/" in name:
                continue
            text = path.read_text(encoding="utf-8")
            self.code[name] = strip_comments(text)
            if name.startswith("compat/"):
                self.compat[name] = text
        kbuild = self.base / "Kbuild"
        self.kbuild = kbuild.read_text(encoding="utf-8") if kbuild.exists() else ""

    def includes(self, pattern):
        """Every include of the files that match."""
        for name in fnmatch.filter(self.code, pattern):
            for number, line in enumerate(self.code[name].splitlines(), 1):
                match = INCLUDE.match(line)
                if match:
                    yield Include(name, number, match.group(1) == "<", match.group(2))


def refuse(inc, why):
    mark = f"<{inc.name}>" if inc.system else f'"{inc.name}"'
    return f"{BASE}/{inc.file}:{inc.line}: includes {mark}: {why}"


def within(inc, own, system):
    """Does an include lie in these rings and files, or these kernel folders?"""
    if inc.file in TRACE_HEADERS and inc.name == "trace/define_trace.h":
        return True
    return inc.name.startswith(system) if inc.system else inc.name.startswith(own)


def rule_proto(tree):
    """proto/ includes proto/ only; proto/env.h alone opens the kernel"""
    for inc in tree.includes("proto/*"):
        gate = ("linux/", "asm/") if inc.file == "proto/env.h" else ()
        if not within(inc, ("proto/",), gate):
            yield refuse(inc, "proto/ has proto/*.h, and the kernel through proto/env.h")


def rule_core(tree):
    """core/ includes nvmft.h, nvmft_io.h, core/, proto/, linux"""
    for inc in tree.includes("core/*"):
        if not within(inc, SHARED + ("core/", "proto/"), ("linux/", "asm/")):
            yield refuse(inc, "core/ has nvmft.h, nvmft_io.h, core/, proto/ and linux")


def rule_backend(tree):
    """core/be_* include core/backend.h, core/range.h, nvmft_io.h, linux; they know no NVMe"""
    for inc in tree.includes("core/be_*"):
        fine = within(inc, ("core/backend.h", "core/range.h", "core/be_", "nvmft_io.h"), ("linux/", "asm/"))
        if not fine or inc.name.startswith("linux/nvme"):
            yield refuse(inc, "a backend has core/backend.h, nvmft_io.h and linux, no NVMe")


def rule_backend_h(tree):
    """core/backend.h and nvmft_io.h know no NVMe either"""
    for name in ("core/backend.h", "nvmft_io.h"):
        for inc in tree.includes(name):
            if not within(inc, ("nvmft_io.h",), ("linux/",)) or inc.name.startswith("linux/nvme"):
                yield refuse(inc, "what backends include has nvmft_io.h and linux, no NVMe")


def rule_configfs(tree):
    """nobody includes core/configfs* but core/configfs* and core/main.c"""
    for inc in tree.includes("*"):
        ours = inc.file == "core/main.c" or inc.file.startswith("core/configfs")
        if inc.name.startswith("core/configfs") and not ours:
            yield refuse(inc, "configfs sits on top: it calls, and is not called")


def rule_tcp(tree):
    """tcp/ includes nvmft.h, tcp/, proto/, linux, net; never core/"""
    for inc in tree.includes("tcp/*"):
        if not within(inc, SHARED + ("tcp/", "proto/"), ("linux/", "asm/", "net/")):
            yield refuse(inc, "tcp/ has nvmft.h, tcp/, proto/, linux and net")


def rule_shared(tree):
    """nvmft.h includes no ring but proto/"""
    for inc in tree.includes("nvmft.h"):
        if not within(inc, ("nvmft_io.h", "nvmft_stat.h", "proto/"), ("linux/",)):
            yield refuse(inc, "the contract of both modules has nvmft_io.h, nvmft_stat.h, proto/ and linux")


def rule_version(tree):
    """what depends on a kernel's version or configuration is in compat/ only"""
    texts = {name: (VERSION, text) for name, text in tree.code.items() if not name.startswith("compat/")}
    own = tree.kbuild.partition(COMPAT_LINES)[0]
    texts["Kbuild"] = (KBUILD_VERSION, re.sub("#.*", "", own))
    for name, (pattern, text) in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            match = pattern.search(line)
            if match and not (name in TRACE_HEADERS and TRACE_GUARD.fullmatch(line)):
                yield f"{BASE}/{name}:{number}: {match.group(0)} outside of compat/"
    for inc in tree.includes("*"):
        if inc.name.startswith("compat/"):
            yield refuse(inc, "Kbuild force-includes it, so that compat/ can go")


def rule_shims(tree):
    """each condition in compat/ has the upstream commit in the comment before it"""
    for name, text in tree.compat.items():
        if name.startswith("compat/include/") and not COMMIT.search(text):
            yield f"{BASE}/{name}: names no upstream commit"
        for match in re.finditer(r"^#\s*if(?:n?def(?! \w+_H$))?\b.*", text, re.M):
            before = text[:match.start()].rstrip()
            comment = before[before.rfind("/*"):] if before.endswith("*/") else ""
            if not COMMIT.search(comment):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{BASE}/{name}:{line}: {match.group(0)}: no commit named in a comment above"


def rule_written(tree):
    """includes are written with the ring, and every source lies in one"""
    for inc in tree.includes("*"):
        ring, _, rest = inc.name.partition("/")
        ours = inc.name in SHARED or (ring in RINGS and rest and "/" not in rest)
        if inc.system and (inc.name in SHARED or ring in RINGS):
            yield refuse(inc, "our own headers stand in quotes")
        elif not inc.system and not ours:
            yield refuse(inc, 'a header of ours is "ring/name.h"')
        elif not inc.system and inc.name not in tree.code:
            yield refuse(inc, "there is no such file")
    for name in tree.code:
        if name not in SHARED and name.partition("/")[0] not in RINGS:
            yield f"{BASE}/{name}: lies in none of {', '.join(RINGS)}"


def kbuild_objects(text):
    """(module, object) of every line of Kbuild, continuations joined."""
    text = re.sub(r"\\\n", " ", re.sub("#.*", "", text))
    for line in text.splitlines():
        match = re.match(r"([\w-]+)-(?:y|m|objs|\$\(\w+\))\s*[:+]?=\s*(.*)", line)
        if match and match.group(1) in MODULES:
            for obj in match.group(2).split():
                yield match.group(1), obj


def rule_kbuild(tree):
    """every .c is an object of exactly one module"""
    owners = collections.defaultdict(list)
    for module, obj in kbuild_objects(tree.kbuild):
        owners[obj].append(module)
    for obj, modules in owners.items():
        if len(modules) > 1:
            yield f"{BASE}/Kbuild: {obj} is listed {len(modules)} times: {', '.join(modules)}"
        if obj[:-2] + ".c" not in tree.code:
            yield f"{BASE}/Kbuild: {obj} has no source"
    for name in fnmatch.filter(tree.code, "*.c"):
        if name[:-2] + ".o" not in owners:
            yield f"{BASE}/{name}: not in Kbuild"


def rule_exports(tree):
    """few exports: from core/, GPL, declared in nvmft.h, called by a transport"""
    found = []
    for name, text in tree.code.items():
        for kind, symbol in EXPORT.findall(text):
            where = f"{BASE}/{name}: {symbol}"
            found.append(symbol)
            if kind != "_GPL":
                yield f"{where}: EXPORT_SYMBOL{kind} instead of EXPORT_SYMBOL_GPL"
            if not name.startswith("core/"):
                yield f"{where}: only core/ exports"
            word = re.compile(rf"\b{symbol}\b")
            if not word.search(tree.code.get("nvmft.h", "")):
                yield f"{where}: exported but not declared in nvmft.h"
            users = (tree.code[user] for user in tree.code if user.startswith("tcp/"))
            if not any(word.search(user) for user in users):
                yield f"{where}: exported but not used in tcp/"
    if len(found) > MAX_EXPORTS:
        yield f"{BASE}: {len(found)} exported symbols, at most {MAX_EXPORTS}"


RULES = (rule_proto, rule_core, rule_backend, rule_backend_h, rule_configfs, rule_tcp,
         rule_shared, rule_version, rule_shims, rule_written, rule_kbuild, rule_exports)

# A tree without fault; and for each rule what breaks it: file, text put behind it,
# and what the finding has to say where a rule knows several.
CLEAN = {
    "Kbuild": "ifneq ($(KBUILD_EXTMOD),)\nendif\nnvmft-y := core/main.o core/configfs.o \\\n\tcore/be_x.o proto/a.o\n"
              "nvmft-tcp-y := tcp/conn.o # proto/none.o\n"
              "# compat: dropped\nccflags-y += -include $(src)/compat/compat.h\n",
    "nvmft.h": '#include <linux/list.h>\n#include "nvmft_io.h"\n#include "proto/a.h"\n'
               "void nvmft_call(void);\n",
    "nvmft_io.h": "#include <linux/bio.h>\n",
    "compat/compat.h": "#ifndef COMPAT_H\n#include <linux/version.h>\n/* 0123456789ab */\n"
                       "#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)\n#endif\n",
    "proto/env.h": "#include <linux/types.h>\n#include <asm/byteorder.h>\n",
    "proto/a.h": '#include "proto/env.h"\n',
    "proto/a.c": '#include "proto/a.h"\n/* #include "core/ctrl.h" in a comment */\n',
    "core/ctrl.h": '#include "nvmft.h"\n#include "core/backend.h"\n#include "proto/a.h"\n',
    "core/main.c": '#include <linux/module.h>\n#include "core/configfs.h"\n'
                   "EXPORT_SYMBOL_GPL(nvmft_call);\n",
    "core/configfs.h": "",
    "core/configfs.c": '#include "core/configfs.h"\n#include "core/ctrl.h"\n',
    "core/backend.h": '#include "nvmft_io.h"\n',
    "core/be_x.c": '#include <linux/blkdev.h>\n#include "core/backend.h"\n',
    "tcp/conn.h": '#include "nvmft.h"\n',
    "tcp/conn.c": '#include <net/sock.h>\n#include "tcp/conn.h"\n#include "proto/a.h"\n'
                  "/* // */ void f(void) { nvmft_call(); }\n",
}
PLANTS = (
    (rule_proto, "proto/a.c", "#include <linux/slab.h>\n"),
    (rule_proto, "proto/a.h", '#include "nvmft.h"\n'),
    (rule_proto, "proto/env.h", "#include <net/sock.h>\n"),
    (rule_core, "core/main.c", '#include "tcp/conn.h"\n'),
    (rule_core, "core/ctrl.h", "#include <net/tcp.h>\n"),
    (rule_backend, "core/be_x.c", '#include "proto/a.h"\n'),
    (rule_backend, "core/be_x.c", '# include "nvmft.h"\n'),
    (rule_backend, "core/be_x.c", '#include "core/req.h"\n'),
    (rule_backend, "core/be_x.c", "#include <linux/nvme-tcp.h>\n"),
    (rule_backend_h, "core/backend.h", '#include "nvmft.h"\n'),
    (rule_backend_h, "nvmft_io.h", "#include <linux/nvme.h>\n"),
    (rule_configfs, "core/ctrl.h", '#include "core/configfs.h"\n'),
    (rule_tcp, "tcp/conn.c", '#include "core/ctrl.h"\n'),
    (rule_shared, "nvmft.h", '#include "core/ctrl.h"\n'),
    (rule_version, "tcp/conn.c", "#ifdef NVMFT_HAVE_SPLICE\n#endif\n"),
    (rule_version, "tcp/conn.c", "#ifdef CONFIG_NVME_TCP_TLS\n#endif\n"),
    (rule_version, "tcp/conn.c", "# ifndef MSG_SPLICE_PAGES\n#endif\n"),
    (rule_version, "core/main.c", "int a = IS_ENABLED(CONFIG_X);\n"),
    (rule_version, "core/main.c", "#if 0\n#elif __has_include(<linux/a.h>)\n#endif\n"),
    (rule_version, "core/main.c", "#if LINUX_VERSION_CODE > 1\n#endif\n"),
    (rule_version, "core/main.c", "#if 1 > KERNEL_VERSION(6, 1, 0)\n#endif\n"),
    (rule_version, "core/ctrl.h", '#include "compat/compat.h"\n'),
    (rule_shims, "compat/compat.h", "#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 2)\n#endif\n"),
    (rule_shims, "compat/compat.h", "/* 0123456789ab */\nint x;\n#ifdef X\n#endif\n", "#ifdef X"),
    (rule_shims, "compat/include/linux/a.h", "#include <asm/a.h>\n"),
    (rule_written, "proto/a.c", '#include "a.h"\n'),
    (rule_written, "tcp/conn.c", '#include "../nvmft.h"\n'),
    (rule_written, "core/main.c", "#include <proto/a.h>\n"),
    (rule_written, "core/main.c", '#include "core/nowhere.h"\n'),
    (rule_written, "misc/util.h", "int x;\n"),
    (rule_kbuild, "Kbuild", "nvmft-tcp-y += proto/a.o\n", "proto/a.o is listed 2"),
    (rule_kbuild, "Kbuild", "nvmft-$(CONFIG_X) += core/gone.o\n", "core/gone.o has no"),
    (rule_kbuild, "core/new.c", "int x;\n"),
    (rule_exports, "core/main.c", "EXPORT_SYMBOL(nvmft_call);\n", "instead of"),
    (rule_exports, "tcp/conn.c", "EXPORT_SYMBOL_GPL(nvmft_call);\n", "only core/"),
    (rule_exports, "core/main.c", "EXPORT_SYMBOL_GPL(nvmft_unknown);\n", "not declared"),
    (rule_exports, "core/main.c", "EXPORT_SYMBOL_GPL(nvmft_unused);\n", "not used"),
    (rule_exports, "core/main.c", "EXPORT_SYMBOL_GPL(nvmft_call);\n" * MAX_EXPORTS, "at most"),
)


def scratch(files):
    """Findings of all rules, by rule, on a tree made of @files."""
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = pathlib.Path(top) / BASE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        tree = Tree(top)
        return {rule: list(rule(tree)) for rule in RULES}


def self_test():
    ktap = Ktap()
    for rule, found in scratch(CLEAN).items():
        ktap.point(f"self-test: nothing wrong: {rule.__doc__}", found)
    for rule, name, text, *expected in PLANTS:
        found = scratch(dict(CLEAN, **{name: CLEAN.get(name, "") + text}))[rule]
        seen = any((expected or [name])[0] in finding for finding in found)
        what = text.splitlines()[0].lstrip("# ")
        ktap.point(f"self-test: found in {name}: {what}" + "".join(f" ({e})" for e in expected),
                   [] if seen else [f"not found by: {rule.__doc__}"])
    return ktap.finish()


def main(args):
    if args == ["--self-test"]:
        return self_test()
    if args:
        print(__doc__, file=sys.stderr)
        return 2
    ktap = Ktap()
    tree = Tree(TOP)
    for rule in RULES:
        ktap.point(f"layers: {rule.__doc__}", rule(tree))
    return ktap.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
