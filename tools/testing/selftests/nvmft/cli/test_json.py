# SPDX-License-Identifier: GPL-2.0
"""nvmetcli's form, read and written."""

import json
import unittest
from typing import Any

from nvmftlib import jsonconf
from nvmftlib.errors import BadConfig
from samples import NVMETCLI, NVMETCLI_NEW, NVMETCLI_OLD, UUID_A, sample


class Form(unittest.TestCase):
    """What is read is written the same."""

    def test_current_nvmetcli_is_written_as_it_was_read(self) -> None:
        self.assertEqual(jsonconf.dump(jsonconf.parse(NVMETCLI)), NVMETCLI)

    def test_text_is_sorted_indented_and_ends_in_a_newline(self) -> None:
        text = jsonconf.to_text(jsonconf.parse(NVMETCLI))
        self.assertEqual(text, json.dumps(NVMETCLI, sort_keys=True, indent=2) + "\n")

    def test_new_nvmetcli_keeps_everything_but_unused_passthrough(self) -> None:
        want = sample(NVMETCLI_NEW)
        del want["subsystems"][0]["passthru"]
        self.assertEqual(jsonconf.dump(jsonconf.parse(NVMETCLI_NEW)), want)

    def test_old_nvmetcli_without_groups(self) -> None:
        config = jsonconf.parse(NVMETCLI_OLD)
        self.assertEqual(config.subsystems["testnqn"].namespaces[1].attrs["device_path"], "/dev/a")
        self.assertTrue(config.subsystems["testnqn"].namespaces[1].enable)
        self.assertEqual(config.ports[2].subsystems, ["testnqn"])

    def test_used_passthrough_is_not_forgotten(self) -> None:
        data = sample(NVMETCLI_NEW)
        data["subsystems"][0]["passthru"]["enable"] = "1"
        self.assertEqual(jsonconf.parse(data).subsystems["testnqn"].attrs["passthru_enable"], "1")

    def test_groups_that_are_not_known_are_kept(self) -> None:
        data = sample()
        data["subsystems"][0]["namespaces"][0]["qos"] = {"iops": "100"}
        config = jsonconf.parse(data)
        self.assertEqual(config.subsystems["testnqn"].namespaces[1].attrs["qos_iops"], "100")
        self.assertEqual(jsonconf.dump(config), data)

    def test_numbers_and_booleans_become_strings(self) -> None:
        data = sample()
        data["subsystems"][0]["attr"]["qid_max"] = 8
        data["subsystems"][0]["attr"]["pi_enable"] = False
        attrs = jsonconf.parse(data).subsystems["testnqn"].attrs
        self.assertEqual((attrs["attr_qid_max"], attrs["attr_pi_enable"]), ("8", "0"))

    def test_ana_grpid_counts_where_the_group_says_otherwise(self) -> None:
        data = sample()
        data["subsystems"][0]["namespaces"][0]["ana_grpid"] = 5
        ns = jsonconf.parse(data).subsystems["testnqn"].namespaces[1]
        self.assertEqual(ns.attrs["ana_grpid"], "5")

    def test_empty_object(self) -> None:
        self.assertTrue(jsonconf.parse({}).empty())


# What is put where, and what the error has to say.
WRONG: tuple[tuple[tuple[Any, ...], Any, str], ...] = (
    (("hosts",), {}, "hosts: not a list"),
    (("hosts", 0), "x", "hosts[0]: not an object"),
    (("hosts", 0, "nqn"), "", "hosts[0].nqn: not a name"),
    (("hosts", 0, "nqn"), None, "hosts[0].nqn: missing"),
    (("hosts", 0, "nqn"), "../../x", "hosts[0].nqn: not a name"),
    (("hosts", 0, "nqn"), "..", "hosts[0].nqn: not a name"),
    (("hosts", 0, "nqn"), "a\nb", "hosts[0].nqn: not a name"),
    (("hosts", 0, "nqn"), "x" * 224, "longer than 223 bytes"),
    (("hosts", 0, "nqn"), "other", "allowed_hosts names hostnqn"),
    (("subsystems", 0, "nqn"), "other", "exports testnqn"),
    (("subsystems", 0, "namespaces", 0, "nsid"), 0, "namespaces[0].nsid: 0 is not in 1..1024"),
    (("subsystems", 0, "namespaces", 0, "nsid"), 1025, "1025 is not in 1..1024"),
    (("subsystems", 0, "namespaces", 0, "nsid"), "one", "not a number"),
    (("subsystems", 0, "namespaces", 0, "nsid"), None, "nsid: missing"),
    (("subsystems", 0, "namespaces", 0, "enable"), 2, "enable: 2 is not in 0..1"),
    (("subsystems", 0, "namespaces", 0, "device", "path"), ["/dev/a"], "device.path: not a string"),
    (("subsystems", 0, "namespaces", 0, "device", "path"), "/dev/a\n", "more than one line"),
    (("subsystems", 0, "attr", "../x"), "1", "not an attribute's name"),
    (("ports", 0, "portid"), 65536, "ports[0].portid: 65536 is not in 0..65535"),
    (("ports", 0, "ana_groups", 0, "grpid"), 129, "129 is not in 1..128"),
    (("ports", 0, "subsystems"), "testnqn", "ports[0].subsystems: not a list"),
    (("ports", 0, "subsystems"), ["a/b"], "not a name"),
)


class Mistakes(unittest.TestCase):
    """Errors name the place."""

    def test_what_is_wrong_is_found_and_named(self) -> None:
        for place, value, text in WRONG:
            with self.subTest(place=place, value=value):
                data = sample()
                inside = data
                for key in place[:-1]:
                    inside = inside[key]
                inside[place[-1]] = value
                with self.assertRaises(BadConfig) as caught:
                    jsonconf.parse(data)
                self.assertIn(text, str(caught.exception))

    def test_twice_the_same(self) -> None:
        for place in (("hosts",), ("subsystems",), ("ports",), ("subsystems", 0, "namespaces")):
            data = sample()
            inside = data
            for key in place:
                inside = inside[key]
            inside.append(inside[0])
            with self.subTest(place=place), self.assertRaisesRegex(BadConfig, "twice"):
                jsonconf.parse(data)

    def test_not_json_at_all(self) -> None:
        for text in ("", "{", "[]", "null", "[" * 100000):
            with self.subTest(text=text[:5]), self.assertRaises(BadConfig):
                jsonconf.from_text(text)

    def test_uuid_is_not_taken_apart(self) -> None:
        self.assertEqual(
            jsonconf.parse(NVMETCLI).subsystems["testnqn"].namespaces[1].attrs["device_uuid"],
            UUID_A)
