# SPDX-License-Identifier: GPL-2.0
"""From a disk to what a host connects to, and back."""

import errno
import shlex
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable

from .errors import Failed, Refused
from .fs import Tree
from .live import attrs_of, read_config, read_namespace, read_port, read_subsystem
from .model import (NSID_MAX, PORT_MAX, Config, Host, Port, allowed_path, bad_name, export_path,
                    host_path, ns_path, port_path, subsys_path)
from .probe import EVERYWHERE, Probe

IDENTITY = uuid.UUID("6e766d66-7400-5000-8000-657870727400")


@dataclass
class Wish:
    """What is asked for; None: to be chosen."""

    device: str
    nqn: str | None = None
    hosts: list[str] = field(default_factory=list)
    address: str | None = None
    service: str = "4420"
    as_is: bool = False     # the path as it is given, not a stable one
    force: bool = False     # though something on this machine uses the device


@dataclass
class Export:
    """What has come of it."""

    nqn: str
    nsid: int
    device: str
    port: int
    address: str
    service: str
    hosts: list[str]

    def connect(self) -> str:
        """What to type on a host."""
        words = ["nvme", "connect", "-t", "tcp", "-a", self.address, "-s", self.service,
                 "-n", self.nqn]
        return shlex.join(words + (["-q", self.hosts[0]] if len(self.hosts) == 1 else []))

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {"nqn": self.nqn, "nsid": self.nsid, "device": self.device, "port": self.port,
                "traddr": self.address, "trsvcid": self.service, "hosts": self.hosts,
                "connect": self.connect()}


class Exporter:
    """Adds to the running tree, or leaves it as it was."""

    def __init__(self, tree: Tree, probe: Probe, wish: Wish) -> None:
        self.tree = tree
        self.probe = probe
        self.wish = wish
        self.undo: list[tuple[Callable[[str], None], str]] = []

    def run(self) -> Export:
        """All of it; raises Failed and undoes what it has made."""
        wish, have = self.wish, read_config(self.tree)
        for name in wish.hosts if wish.nqn is None else [wish.nqn, *wish.hosts]:
            if bad_name(name):
                raise Failed(bad_name(name))
        device = self.choose_device(have)
        try:
            nqn = wish.nqn or self.identity("nqn.2014-08.org.nvmexpress:uuid:", device)
            self.subsystem(nqn, have)
            nsid = self.namespace(nqn, device, have)
            self.allow(nqn, have)
            number = self.port(have)
            link = export_path(number, nqn)
            if nqn not in have.ports.get(number, Port()).subsystems:
                self.tree.link(subsys_path(nqn), link)
                self.undo.append((self.tree.unlink, link))
        except Failed:
            self.take_back()
            raise
        attrs = attrs_of(self.tree, port_path(number))
        address = attrs["addr_traddr"]
        if address in EVERYWHERE:
            address = self.probe.own_address(attrs["addr_adrfam"])
        return Export(nqn, nsid, device, number, address, attrs["addr_trsvcid"], wish.hosts)

    def take_back(self) -> None:
        """In the other direction; what does not go is left, and said by check."""
        for change, path in reversed(self.undo):
            try:
                change(path)
            except Refused:
                continue

    def make(self, path: str) -> None:
        """A folder that take_back() removes."""
        self.tree.mkdir(path)
        self.undo.append((self.tree.rmdir, path))

    def identity(self, prefix: str, device: str) -> str:
        """The same for the same device of this machine, so that hosts know it again."""
        return prefix + str(uuid.uuid5(IDENTITY, f"{self.probe.machine_id()} {device}"))

    def choose_device(self, have: Config) -> str:
        """A path that is good after a reboot, of a device that nobody else uses."""
        wish = self.wish
        if not wish.device.startswith("/"):
            raise Failed(f"{wish.device}: not an absolute path")
        if not self.probe.device_ready(wish.device):
            raise Failed(f"{wish.device}: no such block device or file")
        device = wish.device if wish.as_is else self.probe.stable_name(wish.device)
        if not wish.force:
            used = self.probe.used_by(device)
            if used:
                raise Failed(f"{device} is in use on this machine ({used}); "
                             "--force exports it all the same")
            for nqn, subsys in have.subsystems.items():
                for nsid, ns in subsys.namespaces.items():
                    if self.probe.same_device(device, ns.attrs.get("device_path", "")):
                        raise Failed(f"{device} is namespace {nsid} of {nqn} already; "
                                     "--force exports it once more")
        return device

    def subsystem(self, nqn: str, have: Config) -> None:
        """The one of that name, or a new one."""
        if nqn in have.subsystems:
            return
        path = subsys_path(nqn)
        self.make(path)
        attrs = attrs_of(self.tree, path)
        if "attr_serial" in attrs:
            self.tree.write(f"{path}/attr_serial", self.identity("", nqn).replace("-", "")[:20])

    def namespace(self, nqn: str, device: str, have: Config) -> int:
        """A new one, by the lowest number that is free."""
        taken = have.subsystems[nqn].namespaces if nqn in have.subsystems else {}
        nsid = next((n for n in range(1, NSID_MAX + 1) if n not in taken), 0)
        if not nsid:
            raise Failed(f"{nqn} has all {NSID_MAX} namespaces that there can be")
        path = ns_path(nqn, nsid)
        self.make(path)
        self.tree.write(f"{path}/device_path", device)
        self.tree.write(f"{path}/device_uuid", self.identity("", f"{nqn} {device}"))
        self.tree.write(f"{path}/enable", "1")
        return nsid

    def allow(self, nqn: str, have: Config) -> None:
        """The hosts that are named; where none is and none was, any."""
        subsys = have.subsystems.get(nqn)
        path = f"{subsys_path(nqn)}/attr_allow_any_host"
        if not self.wish.hosts:
            if not subsys:
                self.tree.write(path, "1")
            return
        if subsys and subsys.attrs.get("attr_allow_any_host") == "1":
            raise Failed(f"{nqn} lets any host in (attr_allow_any_host); --host cannot narrow "
                         "what others may rely on")
        for host in self.wish.hosts:
            if host not in have.hosts:
                self.make(host_path(host))
                have.hosts[host] = Host()
            if not subsys or host not in subsys.allowed_hosts:
                link = allowed_path(subsys_path(nqn), host)
                self.tree.link(host_path(host), link)
                self.undo.append((self.tree.unlink, link))

    def port(self, have: Config) -> int:
        """The port with that address, or a new one."""
        wish = self.wish
        for number, port in sorted(have.ports.items()):
            attrs = port.attrs
            if attrs.get("addr_trtype") == "tcp" and attrs.get("addr_trsvcid") == wish.service \
                    and wish.address in (None, attrs.get("addr_traddr")):
                return number
        address = wish.address or EVERYWHERE[0]
        family = "ipv6" if ":" in address else "ipv4"
        if not self.probe.address_ready(family, address):
            raise Failed(f"this machine does not have the address {address}")
        number = next((n for n in range(1, PORT_MAX + 1) if n not in have.ports), 0)
        path = port_path(number)
        self.make(path)
        for name, value in (("addr_trtype", "tcp"), ("addr_adrfam", family),
                            ("addr_traddr", address), ("addr_trsvcid", wish.service)):
            self.tree.write(f"{path}/{name}", value)
        return number


def add_to(saved: Config, tree: Tree, made: Export) -> None:
    """Put what Exporter has made into the configuration of a file."""
    running = read_subsystem(tree, made.nqn)
    subsys = saved.subsystems.setdefault(made.nqn, running)
    subsys.namespaces[made.nsid] = read_namespace(tree, made.nqn, made.nsid)
    for host in running.allowed_hosts:
        saved.hosts.setdefault(host, Host(attrs_of(tree, host_path(host))))
        if host not in subsys.allowed_hosts:
            subsys.allowed_hosts.append(host)
    port = saved.ports.get(made.port)
    if not port:
        saved.ports[made.port] = port = read_port(tree, made.port)
        port.subsystems = []
    if made.nqn not in port.subsystems:
        port.subsystems.append(made.nqn)


def find(config: Config, probe: Probe, what: str) -> list[tuple[str, int]]:
    """(NQN, NSID) of what is meant by a device, an NQN, or NQN/NSID."""
    nqn, _, nsid = what.rpartition("/")
    if what in config.subsystems:
        return [(what, number) for number in sorted(config.subsystems[what].namespaces)]
    if nsid.isdigit() and nqn in config.subsystems:
        return [(nqn, int(nsid))] if int(nsid) in config.subsystems[nqn].namespaces else []
    return [(name, number) for name, subsys in sorted(config.subsystems.items())
            for number, ns in sorted(subsys.namespaces.items())
            if what.startswith("/") and probe.same_device(what, ns.attrs.get("device_path", ""))]


def remove_from(config: Config, nqn: str, nsids: list[int]) -> None:
    """A configuration without these namespaces, and what was there for them only."""
    subsys = config.subsystems.get(nqn)
    if not subsys:
        return
    hosts = set(subsys.allowed_hosts)
    for nsid in nsids:
        ns = subsys.namespaces.pop(nsid, None)
        hosts.update(ns.allowed_hosts if ns else ())
    if subsys.namespaces:
        return
    del config.subsystems[nqn]
    for number, port in list(config.ports.items()):
        if nqn in port.subsystems:
            port.subsystems.remove(nqn)
            if not port.subsystems and not port.referrals:
                del config.ports[number]
    used = config.hosts_let_in()
    for host in hosts:
        if host not in used and not config.hosts.get(host, Host()).attrs.get("dhchap_key"):
            config.hosts.pop(host, None)


def not_found(what: str) -> Failed:
    """For find()."""
    return Refused(what, "", errno.ENOENT, "no namespace of that device or name is there")
