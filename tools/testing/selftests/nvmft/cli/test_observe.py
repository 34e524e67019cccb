# SPDX-License-Identifier: GPL-2.0
"""What the module tells: its form, sessions, terminate, stats, and Prometheus."""

import json
import os
import re
import stat
import tempfile
import unittest
from typing import Any
from unittest import mock

from fake import FakeReports
from nvmftlib import errors, procfs, prometheus
from nvmftlib.errors import Failed, Unable
from nvmftlib.sessions import as_table, chosen
from nvmftlib.traffic import BUCKETS, Sample, Traffic, percentile, upper
from samples import HOST_A, HOST_B, NQN_A, NQN_B, PROC
from test_cli import Base


def histogram(**buckets: int) -> list[int]:
    """histogram(b3=2): two commands of 4 to 8 microseconds."""
    return [buckets.get(f"b{number}", 0) for number in range(BUCKETS)]


class Form(unittest.TestCase):
    """Lines of key=value."""

    def test_types(self) -> None:
        row = procfs.parse("sessions", PROC["sessions"])[0]
        self.assertEqual((row["cntlid"], row["subsys"], row["addr"]),
                         (1, NQN_A, "192.0.2.20:41234"))
        queue = procfs.parse("queues", PROC["queues"])[1]
        self.assertEqual(queue["read_lat"], histogram(b7=990, b10=10))
        self.assertEqual(procfs.parse("namespaces", PROC["namespaces"])[1]["device"], "")

    def test_a_name_of_digits_is_no_number(self) -> None:
        self.assertEqual(procfs.parse("hosts", "# nvmft hosts 1\nhostnqn=007 sessions=1\n"),
                         [{"hostnqn": "007", "sessions": 1}])

    def test_escapes_there_and_back(self) -> None:
        for name in ("a b", "a\\040b", "tab\tnew\nline", "\udcff\udc80", "ü", "a=b"):
            with self.subTest(name):
                escaped = procfs.escape(name)
                self.assertNotRegex(escaped, r"[\s]")
                self.assertEqual(procfs.unescape(escaped), name)
        self.assertEqual(procfs.escape("a b\\"), "a\\040b\\134")
        self.assertEqual(procfs.parse("hosts", "# nvmft hosts 1\nhostnqn=a=b\\040c\n"),
                         [{"hostnqn": "a=b c"}])

    def test_what_is_appended_later_does_no_harm(self) -> None:
        text = PROC["sessions"].replace(" inflight=", " new=x,y inflight=")
        self.assertEqual(procfs.parse("sessions", text)[0]["new"], "x,y")

    def test_other_forms_are_refused(self) -> None:
        for text in ("", "nvmft sessions 1\n", "# nvmft queues 1\n", "# nvmft sessions\n",
                     "# nvmft sessions 2\n", "# nvmft sessions 1\nsubsys\n"):
            with self.subTest(text), self.assertRaises(Unable):
                procfs.parse("sessions", text)

    def test_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            module = procfs.ProcFs(folder)
            with self.assertRaisesRegex(Unable, "older than this tool"):
                module.rows("sessions")
            with open(f"{folder}/sessions", "w", encoding="ascii") as file:
                file.write(PROC["sessions"])
            self.assertEqual(len(module.rows("sessions")), 2)
            with open(f"{folder}/terminate", "w", encoding="ascii"):
                pass
            self.assertTrue(module.terminate("nqn a", 7))
            with open(f"{folder}/terminate", encoding="ascii") as file:
                self.assertEqual(file.read(), "subsys=nqn\\040a cntlid=7\n")
        with self.assertRaisesRegex(Unable, "not loaded"):
            module.rows("sessions")


class Numbers(unittest.TestCase):
    """Differences and percentiles."""

    def test_percentiles(self) -> None:
        for counts, share, want in ((histogram(), 0.5, None), (histogram(b0=1), 1.0, 1e-6),
                                    (histogram(b7=100), 0.5, 96e-6),
                                    (histogram(b7=990, b10=10), 0.99, 128e-6),
                                    (histogram(b7=990, b10=10), 0.995, 768e-6),
                                    (histogram(b23=5), 0.5, upper(22))):
            with self.subTest(f"{share} of {counts}"):
                got = percentile(counts, share)
                self.assertEqual(got, want) if want is None else \
                    self.assertAlmostEqual(got or 0, want)

    def test_bounds_are_those_of_the_documentation(self) -> None:
        self.assertEqual([upper(bucket) for bucket in (0, 1, 10)], [1e-6, 2e-6, 1024e-6])
        self.assertEqual(upper(BUCKETS - 1), float("inf"))

    def test_increase(self) -> None:
        before = Traffic(reads=5, read_bytes=50, inflight=9, read_lat=histogram(b3=5))
        after = Traffic(reads=8, read_bytes=80, inflight=2, read_lat=histogram(b3=6, b4=2))
        self.assertEqual(after.since(before),
                         Traffic(reads=3, read_bytes=30, inflight=2,
                                 read_lat=histogram(b3=1, b4=2)))
        self.assertEqual(before.since(after), before)       # made anew

    def test_sums(self) -> None:
        sums = Sample(FakeReports(PROC)).by("queues", "subsys")[(NQN_A,)]
        self.assertEqual((sums.reads, sums.writes, sums.others, sums.inflight), (1000, 20, 37, 3))


class Sessions(Base):
    """sessions and terminate"""

    def test_table(self) -> None:
        lines = self.good("sessions", "--interval", "0").splitlines()
        self.assertEqual(len(lines), 3)
        for word in (NQN_A, HOST_A, "0dc6b5a5-9e3b", "192.0.2.20:41234", "header+data", "4.2"):
            self.assertIn(word, lines[1])
        self.assertRegex(lines[2], r"none +- +- +- +-$")

    def test_narrow(self) -> None:
        rows = self.reports.rows("sessions")
        for width in (80, 100, 132, 200):
            with self.subTest(width):
                lines = as_table(rows, width)
                self.assertLessEqual(max(map(len, lines)), width)
                self.assertIn("192.0.2.20:41234", lines[1])
                self.assertEqual("HOST ID" in lines[0], width == 200)

    def test_rates(self) -> None:
        rows = self.reports.rows("sessions")
        self.assertNotIn("iops", rows[0])
        samples = iter(range(2))

        def changed(name: str) -> Any:
            if next(samples):
                self.reports.change("sessions", NQN_A, reads=1100, read_bytes=4096000 + 409600)
            return procfs.parse(name, self.reports.texts[name])
        with mock.patch.object(self.reports, "rows", changed):
            row = self.answer("sessions", "--interval", "0.2")["sessions"][0]
        self.assertTrue(100 < row["iops"] <= 500, row["iops"])
        self.assertAlmostEqual(row["read_bytes_per_s"] / row["iops"], 4096, delta=40)

    def test_chosen(self) -> None:
        cases: list[tuple[list[str], int]] = [
            ([], 2), (["--host", HOST_A], 1), (["--subsystem", NQN_B], 1),
            (["--host", "nqn.none"], 0)]
        for words, want in cases:
            with self.subTest(words):
                self.assertEqual(len(self.answer("sessions", "--interval", "0", *words)
                                     ["sessions"]), want)

    def test_long_has_everything(self) -> None:
        text = self.good("sessions", "--long", "--interval", "0", "--host", HOST_A)
        for word in (f"{NQN_A}/1\n", HOST_A, "3 of 128 entries", "4.2 of 5.0 s left", "2 failed"):
            self.assertIn(word, text)

    def test_names_do_not_reach_the_terminal_raw(self) -> None:
        self.reports.change("sessions", NQN_A, hostnqn="evil\\\\033[2Jname")
        for words in ((), ("--long",)):
            text = self.good("sessions", "--interval", "0", *words)
            self.assertIn("evil?[2Jname", text)
            self.assertNotIn("\x1b", text)

    def test_terminate(self) -> None:
        for words, want in (((f"{NQN_A}/1",), [(NQN_A, 1)]), (("--host", HOST_B), [(NQN_B, 1)]),
                            (("--subsystem", NQN_A), [(NQN_A, 1)]),
                            (("--all",), [(NQN_A, 1), (NQN_B, 1)])):
            with self.subTest(words):
                self.reports.ended = []
                text = self.good("terminate", *words)
                self.assertEqual(self.reports.ended, want)
                self.assertEqual(len(text.splitlines()), len(want))
                self.assertIn(f"ended {want[0][0]}/1 of host nqn.", text)

    def test_terminate_nobody(self) -> None:
        for words in ((f"{NQN_A}/9",), ("--host", "nqn.none"), ("--subsystem", HOST_A), ("9",)):
            with self.subTest(words):
                self.assertEqual(self.run_tool("terminate", *words), errors.FAILED)
                self.assertIn("no such session", self.err)
        self.reports.gone = {(NQN_A, 1), (NQN_B, 1)}
        self.assertEqual(self.run_tool("terminate", "--all"), errors.FAILED)
        self.assertEqual(self.reports.ended, [])

    def test_an_id_alone(self) -> None:
        rows = self.reports.rows("sessions")
        with self.assertRaisesRegex(Failed, f"2 sessions have that id: {NQN_A}/1, {NQN_B}/1"):
            chosen(rows, "1", None, None, False)
        self.assertEqual(chosen(rows[:1], "1", None, None, False), rows[:1])

    def test_wrong_use(self) -> None:
        for words in ((), ("1", "--all"), ("--all", "--host", HOST_A)):
            with self.subTest(words):
                self.assertEqual(self.run_tool("terminate", *words), errors.USAGE)
        self.assertEqual(self.run_tool("terminate", "nqn"), errors.FAILED)
        self.assertEqual(self.run_tool("sessions", "--interval", "-1"), errors.USAGE)

    def test_json(self) -> None:
        answer = self.answer("terminate", "--all")
        self.assertEqual([each["cntlid"] for each in answer["terminated"]], [1, 1])


LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")


def families(text: str) -> dict[str, dict[str, Any]]:
    """Takes the text form apart, and fails where it breaks its rules."""
    found: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    name = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in found, f"{name} comes in two places"
            found[name] = {"help": line.split(" ", 3)[3], "samples": []}
        elif line.startswith("# TYPE "):
            assert line.split()[2] == name and not found[name]["samples"], line
            found[name]["type"] = line.split()[3]
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1].removeprefix(name) in (("",) if found[name]["type"] != "histogram"
                                                   else ("_bucket", "_count")), line
            labels = dict(LABEL.findall(match[2] or ""))
            assert LABEL.sub("", match[2] or "") == "", line
            key = line.rpartition(" ")[0]
            assert key not in seen, f"twice: {key}"
            seen.add(key)
            found[name]["samples"].append((match[1], labels, float(match[3])))
    return found


class Prometheus(Base):
    """The text form, by its rules and by its conventions."""

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Of what the module says now."""
        return families(self.good("stats", "--prometheus"))

    def test_names_and_types(self) -> None:
        for name, family in self.metrics().items():
            with self.subTest(name):
                self.assertRegex(name, r"^nvmft_[a-z_]+$")
                self.assertEqual(name.endswith("_total"), family["type"] == "counter")
                self.assertTrue(family["help"].endswith("."))
                self.assertTrue(family["samples"])
                self.assertNotRegex(name, "_(ms|us|milliseconds|kib)(_|$)")

    def test_histogram(self) -> None:
        family = self.metrics()["nvmft_namespace_latency_seconds"]
        mine = [(name, labels, value) for name, labels, value in family["samples"]
                if labels["subsystem"] == NQN_A and labels["operation"] == "read"]
        buckets = [(float(labels["le"]), value) for name, labels, value in mine
                   if name.endswith("_bucket")]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual([value for le, value in buckets if le in (64e-6, 128e-6, 512e-6, 1024e-6)],
                         [0, 990, 990, 1000])
        self.assertEqual(buckets[-1], (float("inf"), 1000))
        self.assertEqual(mine[-1][0::2], ("nvmft_namespace_latency_seconds_count", 1000))

    def test_limits(self) -> None:
        metrics = self.metrics()
        for name, want in (("commands", 12), ("seconds", 1.5)):
            samples = metrics[f"nvmft_namespace_limited_{name}_total"]["samples"]
            self.assertEqual([(labels["nsid"], value) for _, labels, value in samples],
                             [("1", want)])

    def test_every_counter_of_the_module_is_there(self) -> None:
        """Each number is made another, and that has to be seen."""
        for name, line in (("namespaces", "nsid=1"), ("hosts", HOST_A), ("ports", "port=1"),
                           ("errors", "=namespace"), ("errors", "=host"), ("sessions", NQN_A)):
            for key in re.findall(r"(\w+)=\d+(?= |$)",
                                  next(each for each in PROC[name].splitlines() if line in each)):
                with self.subTest(f"{name}: {key}"):
                    self.reports = FakeReports(PROC)
                    before = prometheus.to_text(Sample(self.reports).rows)
                    self.reports.change(name, line, **{key: 424242})
                    shown = prometheus.to_text(Sample(self.reports).rows)
                    self.assertEqual(before == shown, name == "sessions" and key in (
                        "reads", "writes", "others", "read_bytes", "write_bytes", "errors",
                        "size", "hdgst", "ddgst", "kato_left_ms"))

    def test_what_hosts_call_themselves(self) -> None:
        for number, name in enumerate(('a"b', "a\\\\134b", "new\\\\012line", "\udcff", "\udcfe",
                                       "\\\\134xff", "a,b}")):
            self.reports.texts["hosts"] += f"hostnqn={name} sessions={number}\n"
            self.metrics()
        self.reports.texts["hosts"] += "hostnqn=x sessions=1\n" * 2
        with self.assertRaisesRegex(AssertionError, "twice"):
            self.metrics()      # so the others were not

    def test_to_a_file_as_a_whole(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/nvmft.prom"
            self.assertEqual(self.good("stats", "--prometheus", "--output", path), "")
            self.assertEqual(os.listdir(folder), ["nvmft.prom"])
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o644)
            with open(path, encoding="ascii") as file:
                before = file.read()
            families(before)
            self.reports.texts["ports"] = "# nvmft ports 2\n"
            self.assertEqual(self.run_tool("stats", "--prometheus", "--output", path),
                             errors.UNABLE)
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), before)
        self.reports = FakeReports(PROC)
        self.assertEqual(self.run_tool("stats", "--output", "/none/nvmft.prom"), errors.UNABLE)
        self.assertIn("/none/nvmft.prom: No such file", self.err)


class Stats(Base):
    """For people and for programs."""

    def test_json_is_what_the_module_says(self) -> None:
        answer = self.answer("stats")
        self.assertEqual(set(answer), set(PROC))
        self.assertEqual(answer["namespaces"][0]["device"], "/dev/disk/by-id/a b")
        self.assertEqual(answer["queues"][1]["read_lat"], histogram(b7=990, b10=10))
        self.assertEqual(json.loads(json.dumps(answer)), answer)

    def test_tables(self) -> None:
        text = self.good("stats")
        for pattern in (rf"{NQN_A}/1 +1\.00k +20 +0 +4\.10MB +81\.9kB +2 +9\dus",
                        rf"{HOST_A} +1 +3 .*shutdown 1, kato 1",
                        r"0\.0\.0\.0 4420 .*refused_max_conns 1, refused_connects 2, pdu_header 1",
                        rf"{HOST_A} +0h +80h +2"):
            self.assertRegex(text, pattern)

    def test_nothing(self) -> None:
        self.reports.texts = {name: f"# nvmft {name} 1\n" for name in PROC}
        self.assertIn("nothing is configured", self.good("stats"))
        self.assertIn("no sessions", self.good("sessions", "--interval", "0"))
        families(self.good("stats", "--prometheus"))
