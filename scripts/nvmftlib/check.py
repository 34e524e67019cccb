# SPDX-License-Identifier: GPL-2.0
"""What is configured but cannot be reached, why, and what to do about it."""

from dataclasses import dataclass
from typing import Any, Iterator

from .diff import differences
from .model import Config, Namespace, Port, Subsystem, ns_path, port_path, subsys_path
from .probe import Probe

TOOL = "nvmftcli"
SET_ADDR = "set addr trtype=tcp adrfam=ipv4 traddr=ADDRESS trsvcid=4420"
UNREACHABLE = ("inaccessible", "persistent-loss")


@dataclass
class Finding:
    """@grave: hosts miss something by it. Otherwise it is good to know."""

    where: str
    what: str
    fix: str
    grave: bool = True

    def text(self) -> str:
        """Two lines of a report."""
        return f"{'PROBLEM' if self.grave else 'note'}: {self.where}: {self.what}\n    {self.fix}"

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {"object": self.where, "finding": self.what, "fix": self.fix,
                "severity": "problem" if self.grave else "note"}


class Check:
    """Findings about a configuration on this machine."""

    def __init__(self, config: Config, probe: Probe) -> None:
        self.config = config
        self.probe = probe

    def run(self) -> list[Finding]:
        """All of them, in the order of the tree."""
        found: list[Finding] = []
        for nqn, subsys in sorted(self.config.subsystems.items()):
            found += self.subsystem(nqn, subsys)
        for number, port in sorted(self.config.ports.items()):
            found += self.port(number, port)
        found += self.hosts()
        found += self.twice()
        if self.config.empty():
            found.append(Finding("/", "nothing is configured",
                                 f"{TOOL} export /dev/DISK, or {TOOL} restore", grave=False))
        return found

    def subsystem(self, nqn: str, subsys: Subsystem) -> Iterator[Finding]:
        """One subsystem and what is in it."""
        path = subsys_path(nqn)
        if not self.config.ports_of(nqn):
            first = next(iter(sorted(self.config.ports)), None)
            yield Finding(path, "is on no port, so no host can reach it",
                          f"{TOOL} /ports/{first}/subsystems create {nqn}" if first is not None
                          else f"{TOOL} /ports create 1; {TOOL} /ports/1 {SET_ADDR}; "
                          f"{TOOL} /ports/1/subsystems create {nqn}")
        if not subsys.namespaces:
            yield Finding(path, "has no namespace: hosts connect and find no disk",
                          f"{TOOL} export /dev/DISK --nqn {nqn}")
        if not subsys.allowed_hosts and subsys.attrs.get("attr_allow_any_host") != "1":
            yield Finding(path, "lets no host in: allowed_hosts is empty and "
                          "attr_allow_any_host is 0",
                          f"{TOOL} /subsystems/{nqn}/allowed_hosts create HOSTNQN, or "
                          f"{TOOL} /subsystems/{nqn} set attr allow_any_host=1")
        for nsid, ns in sorted(subsys.namespaces.items()):
            yield from self.namespace(nqn, nsid, ns)
            yield from self.group(nqn, nsid, ns)
            if ns.allowed_hosts and subsys.attrs.get("attr_allow_any_host") != "1" and \
                    not set(ns.allowed_hosts) & set(subsys.allowed_hosts):
                yield Finding(ns_path(nqn, nsid), "is for hosts that the subsystem does not let in",
                              f"{TOOL} /subsystems/{nqn}/allowed_hosts create "
                              f"{ns.allowed_hosts[0]}")

    def namespace(self, nqn: str, nsid: int, ns: Namespace) -> Iterator[Finding]:
        """A namespace and its device."""
        path, device = ns_path(nqn, nsid), ns.attrs.get("device_path", "(null)")
        enable = f"{TOOL} /{path} enable"
        if device in ("(null)", ""):
            yield Finding(path, "has no device",
                          f"{TOOL} /{path} set device path=/dev/DISK, then {enable}")
        elif ns.enable and ns.may_stand_by():
            return
        elif not self.probe.device_ready(device):
            where = "enabled, but its path is gone" if ns.enable else "not enabled"
            yield Finding(path, f"{where}: {device} is not there",
                          f"bring the device up, then {enable}; or {TOOL} restore --wait 60",
                          grave=not ns.enable)
        elif not ns.enable:
            yield Finding(path, f"is not enabled, though {device} is there", enable)

    def group(self, nqn: str, nsid: int, ns: Namespace) -> Iterator[Finding]:
        """A namespace whose ANA group is reachable by no port."""
        group = int(ns.attrs.get("ana_grpid", "1"))
        states = {number: self.config.ports[number].groups.get(group, {}).get("ana_state", "")
                  for number in self.config.ports_of(nqn)}
        standby = ns.may_stand_by() and any(states.values())    # the other node gives access
        if states and not standby and \
                all(not state or state in UNREACHABLE for state in states.values()):
            number, state = next(iter(sorted(states.items())))
            verb = "set ana state=optimized"
            yield Finding(ns_path(nqn, nsid), f"is in ANA group {group}, which on its ports is "
                          + ("inaccessible" if state else "missing"),
                          f"{TOOL} /ports/{number}/ana_groups/{group} {verb}" if state
                          else f"{TOOL} /ports/{number}/ana_groups create {group}, then "
                          f"{TOOL} /ports/{number}/ana_groups/{group} {verb}")

    def port(self, number: int, port: Port) -> Iterator[Finding]:
        """Whether a port listens where hosts can come."""
        path, attrs = port_path(number), port.attrs
        family, address = attrs.get("addr_adrfam", ""), attrs.get("addr_traddr", "")
        service = attrs.get("addr_trsvcid", "")
        unset = [name for name in ("addr_trtype", "addr_adrfam", "addr_traddr", "addr_trsvcid")
                 if not attrs.get(name)]
        if unset:
            yield Finding(path, f"{', '.join(unset)} {'is' if len(unset) == 1 else 'are'} not set",
                          f"{TOOL} /{path} {SET_ADDR}")
            return
        if attrs["addr_trtype"] != "tcp":
            yield Finding(path, f"addr_trtype is {attrs['addr_trtype']}, for which nvmft has no "
                          "transport", f"{TOOL} /{path} set addr trtype=tcp")
            return
        if not self.probe.address_ready(family, address):
            yield Finding(path, f"this machine does not have the address {address}",
                          "bring the interface up (ip address), or set another addr_traddr")
        if not port.subsystems:
            yield Finding(path, "exports nothing, so it does not listen",
                          f"{TOOL} /{path}/subsystems create NQN")
        elif not self.probe.listening(family, address, service):
            yield Finding(path, f"does not listen on {address} port {service}, though it has "
                          "subsystems", f"{TOOL} /{path}/subsystems delete NQN and create it "
                          "again; the kernel log says why it fails")
        elif address.startswith("127.") or address == "::1":
            yield Finding(path, f"{address} is reached from this machine only",
                          "set addr_traddr to an address of the network", grave=False)

    def hosts(self) -> Iterator[Finding]:
        """Hosts that are made but let in nowhere."""
        used = self.config.hosts_let_in()
        for host in sorted(set(self.config.hosts) - used):
            yield Finding(f"hosts/{host}", "is in no subsystem's allowed_hosts",
                          f"{TOOL} /subsystems/NQN/allowed_hosts create {host}", grave=False)

    def twice(self) -> Iterator[Finding]:
        """Devices that two namespaces have, identities that two devices have."""
        seen: list[tuple[str, Namespace]] = []
        for nqn, subsys in sorted(self.config.subsystems.items()):
            for nsid, ns in sorted(subsys.namespaces.items()):
                path, device = ns_path(nqn, nsid), ns.attrs.get("device_path", "")
                for other, before in seen:
                    theirs = before.attrs.get("device_path", "")
                    shared = device.startswith("/") and self.probe.same_device(device, theirs)
                    uuids = ns.attrs.get("device_uuid"), before.attrs.get("device_uuid")
                    if shared and ns.enable and before.enable and uuids[0] != uuids[1]:
                        yield Finding(path, f"exports the device of {other} under another "
                                      "identity: two hosts may write to it unaware of each other",
                                      "give both the same device_uuid, or remove one", grave=False)
                    elif not shared and uuids[0] and uuids[0] == uuids[1]:
                        yield Finding(path, f"has the device_uuid of {other}, but another device: "
                                      "hosts take them for one disk", "set another device_uuid")
                seen.append((path, ns))


def check_saved(running: Config, saved: Config | None, path: str, probe: Probe) -> list[Finding]:
    """What a reboot would change."""
    if not running.empty() and not probe.restores_at_boot():
        return [Finding("nvmft.service", "is not enabled: nothing is restored after a reboot",
                        "systemctl enable nvmft", grave=False)]
    if saved is None:
        if running.empty():
            return []
        return [Finding(path, "is not there: what runs is gone after a reboot",
                        f"{TOOL} save", grave=False)]
    return [Finding(path, f"a reboot changes {text}",
                    f"{TOOL} save keeps what runs, {TOOL} restore brings back the file",
                    grave=False) for text in differences(saved, running)]
