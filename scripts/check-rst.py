#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Documentation that parses and speaks of things that exist.

Prints one finding a line: what docutils warns of, toctrees and kernel-doc
directives that lead nowhere, and files, functions, structs and constants of
this tree named in literals that the tree does not have. Called by style.sh;
takes the top folder as its argument.
"""
import pathlib
import re
import sys

import docutils.core
import docutils.nodes
import docutils.parsers.rst
import docutils.parsers.rst.directives
import docutils.parsers.rst.roles

RINGS = ("proto", "core", "tcp", "compat")
PATH = re.compile(r"(?:(?:drivers|scripts|tools|Documentation|LICENSES|\.ci)/"
                  rf"|(?:{'|'.join(RINGS)})/)[\w./*{{}},-]*")
SYMBOL = re.compile(r"(?:struct |enum )?(nvmft_\w+|NVMFT_\w+)(?:\(\))?")
SOURCES = (".c", ".h", ".py", ".sh", "")
LITERAL = {".rst": re.compile(r"``([^`]+)``"), ".md": re.compile(r"(?<!`)`([^`\n]+)`(?!`)")}


class Checker:
    """All findings about the documents below @top."""

    def __init__(self, top):
        self.top = pathlib.Path(top)
        self.found = []
        self.listed = set()
        self.words = set()
        for folder in ("drivers", "scripts", "tools"):
            for path in sorted((self.top / folder).rglob("*")):
                if path.suffix in SOURCES and path.is_file():
                    text = path.read_text(encoding="utf-8", errors="replace")
                    self.words.update(re.findall(r"\w+", text))

    def report(self, path, line, text):
        self.found.append(f"{path.relative_to(self.top)}:{line}: {text}")

    def braces(self, name):
        """a/{b,c}.h as a/b.h and a/c.h"""
        match = re.search(r"\{([^}]*)\}", name)
        if not match:
            return [name]
        return [whole for part in match.group(1).split(",")
                for whole in self.braces(name.replace(match.group(0), part, 1))]

    def exists(self, name):
        base = self.top / "drivers/nvmft" if name.split("/")[0] in RINGS else self.top
        return all(any(base.glob(one.rstrip("/"))) for one in self.braces(name))

    def literals(self, path, text):
        for match in LITERAL[path.suffix].finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            literal = match.group(1)
            symbol = SYMBOL.fullmatch(literal)
            if PATH.fullmatch(literal) and not self.exists(literal):
                self.report(path, line, f"there is no {literal}")
            elif symbol and "*" not in literal and symbol.group(1) not in self.words:
                self.report(path, line, f"the sources have no {symbol.group(1)}")

    def directives(self, checker, path):
        """Sphinx directives as far as they can be followed here."""
        class Toctree(docutils.parsers.rst.Directive):
            has_content = True
            option_spec = {"maxdepth": int, "caption": str, "hidden": str, "numbered": str}

            def run(self):
                for name in filter(None, map(str.strip, self.content)):
                    checker.listed.add((path.parent / f"{name}.rst").resolve())
                    if not (path.parent / f"{name}.rst").exists():
                        checker.report(path, self.lineno, f"toctree: there is no {name}.rst")
                return []

        class KernelDoc(docutils.parsers.rst.Directive):
            required_arguments = 1
            option_spec = dict.fromkeys(
                ("identifiers", "functions", "internal", "export", "doc", "no-identifiers"), str)

            def run(self):
                source = checker.top / self.arguments[0]
                text = source.read_text(encoding="utf-8") if source.exists() else ""
                docs = "\n".join(re.findall(r"/\*\*.*?\*/", text, re.S))
                if not docs:
                    checker.report(path, self.lineno,
                                   f"kernel-doc: none in {self.arguments[0]}")
                for key in ("identifiers", "functions"):
                    for name in (self.options.get(key) or "").split():
                        if not re.search(rf"\* (?:struct |enum )?{name}\b", docs):
                            checker.report(path, self.lineno, f"kernel-doc: no {name}")
                return []

        class KernelAbi(docutils.parsers.rst.Directive):
            required_arguments = 1

            def run(self):
                if not (checker.top / "Documentation/ABI" / self.arguments[0]).is_dir():
                    checker.report(path, self.lineno, f"kernel-abi: no {self.arguments[0]}")
                return []

        return {"toctree": Toctree, "kernel-doc": KernelDoc, "kernel-abi": KernelAbi}

    def rst(self, path):
        text = path.read_text(encoding="utf-8")
        for name, directive in self.directives(self, path).items():
            docutils.parsers.rst.directives.register_directive(name, directive)
        document = docutils.core.publish_doctree(text, str(path), settings_overrides={
            "report_level": 5, "file_insertion_enabled": True, "raw_enabled": False})
        for message in document.findall(docutils.nodes.system_message):
            if message["level"] >= 2:
                self.report(path, message.get("line", 0),
                            message.astext().replace("\n", " "))
        self.literals(path, text)

    def maintainers(self, path):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r"F:\s+(\S+)", line)
            if match and not any(self.top.glob(match.group(1).rstrip("/"))):
                self.report(path, number, f"there is no {match.group(1)}")

    def run(self):
        for role in ("doc", "ref"):
            docutils.parsers.rst.roles.register_generic_role(role, docutils.nodes.literal)
        documents = sorted((self.top / "Documentation").rglob("*.rst"))
        for path in documents:
            self.rst(path)
        for path in documents:
            if path.name != "index.rst" and path.resolve() not in self.listed:
                self.report(path, 1, "in no toctree")
        for path in sorted(self.top.glob("*.md")):
            self.literals(path, path.read_text(encoding="utf-8"))
        if (self.top / "MAINTAINERS").exists():
            self.maintainers(self.top / "MAINTAINERS")
        return self.found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    findings = Checker(sys.argv[1]).run()
    print("\n".join(findings), end="\n" if findings else "")
    sys.exit(1 if findings else 0)
