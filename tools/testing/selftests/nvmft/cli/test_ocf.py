# SPDX-License-Identifier: GPL-2.0
"""The resource agents' descriptions, as a cluster manager reads them."""

import pathlib
import subprocess
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
PLACES = [parent / "packaging/ocf" for parent in HERE.parents] + [HERE.parents[1] / "ocf"]
AGENTS = next((place for place in PLACES if place.is_dir()), None)

# Parameters, "*" behind those that have to be given; the first ones are those of
# the agents for nvmet.
PARAMETERS = {
    "nvmft-subsystem": "nqn* allowed_initiators serial cntlid_min cntlid_max",
    "nvmft-namespace": "nqn* namespace_id backing_path* uuid nguid ana_grpid",
    "nvmft-port": "port_id* type addr_fam svcid addr nqns* ana_state",
}
DEFAULTS = {"namespace_id": "1", "type": "tcp", "addr_fam": "ipv4", "svcid": "4420",
            "addr": "0.0.0.0"}


@unittest.skipIf(AGENTS is None, "the resource agents are not there")
class MetaData(unittest.TestCase):
    """meta-data, and what is refused without a look at the target."""

    def run_agent(self, name: str, action: str, **parameters: str) -> tuple[int, str]:
        """Status and output."""
        assert AGENTS
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "OCF_FUNCTIONS_DIR": str(HERE.parent),
               "NVMFT_ROOT": "/none"}
        env |= {f"OCF_RESKEY_{key}": value for key, value in parameters.items()}
        done = subprocess.run(["sh", str(AGENTS / name), action], env=env, text=True, check=False,
                              capture_output=True)
        return done.returncode, done.stdout + done.stderr

    def test_parameters(self) -> None:
        for name, want in PARAMETERS.items():
            with self.subTest(name):
                status, text = self.run_agent(name, "meta-data")
                self.assertEqual(status, 0)
                root = xml.etree.ElementTree.fromstring(text)
                self.assertEqual(root.get("name"), name)
                found = {each.get("name"): each for each in root.iter("parameter")}
                required = {key for key, each in found.items() if each.get("required") == "1"}
                self.assertEqual(set(found), set(want.replace("*", "").split()))
                self.assertEqual(required, {word[:-1] for word in want.split() if word[-1] == "*"})
                for key, each in found.items():
                    content = each.find("content")
                    assert content is not None
                    self.assertEqual(content.get("default"), DEFAULTS.get(str(key)))
                    self.assertTrue(str(each.findtext("longdesc")).strip())

    def test_actions(self) -> None:
        for name in PARAMETERS:
            root = xml.etree.ElementTree.fromstring(self.run_agent(name, "meta-data")[1])
            found = {each.get("name") for each in root.iter("action")}
            self.assertEqual(found, {"start", "stop", "monitor", "meta-data", "validate-all"})
            depths = {each.get("depth") for each in root.iter("action")
                      if each.get("name") == "monitor"}
            self.assertEqual(depths, {"0", "10"})

    def test_parameters_that_are_missing_or_lead_elsewhere(self) -> None:
        self.assertEqual(self.run_agent("nvmft-subsystem", "validate-all")[0], 6)
        self.assertEqual(self.run_agent("nvmft-subsystem", "validate-all", nqn="../../x")[0], 6)
        self.assertEqual(self.run_agent("nvmft-port", "validate-all", port_id="1")[0], 6)
        self.assertEqual(self.run_agent("nvmft-port", "validate-all", port_id="1",
                                        nqns="a ../b")[0], 6)
        self.assertEqual(self.run_agent("nvmft-port", "validate-all", port_id="1",
                                        nqns="a, b")[0], 0)

    def test_where_there_is_no_target_nothing_runs(self) -> None:
        for action, status in (("monitor", 7), ("stop", 0)):
            with self.subTest(action):
                self.assertEqual(self.run_agent("nvmft-subsystem", action, nqn="a")[0], status)
                self.assertEqual(self.run_agent("nvmft-port", action, port_id="1",
                                                nqns="a")[0], status)
