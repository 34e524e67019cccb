# SPDX-License-Identifier: GPL-2.0
"""Make what runs the same as a configuration, by no more changes than that takes.

Objects that are as they should be are not touched, and hosts on them notice
nothing. What cannot be done is noted, and the rest is done all the same; but an
object whose identity, address or protection is not as it should be is not put
into service.
"""

from dataclasses import dataclass
from typing import Any, Callable

from . import rules
from .errors import ADDRESS_MISSING, DEVICE_MISSING, Refused
from .fs import Tree
from .live import attrs_of, numbers, read_config
from .model import (Attrs, Config, Namespace, Port, Subsystem, allowed_path, export_path,
                    group_path, host_path, ns_path, port_path, referral_path, subsys_path)
from .probe import Probe

IN_USE = ("EBUSY", "EACCES")
DEFAULT_GROUP = 1


@dataclass
class Failure:
    """What is not as it should be; @missing: the device or address that has to come."""

    where: str
    why: str
    missing: str = ""

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {"object": self.where, "error": self.why, "missing": self.missing or None}


class Apply:
    """One pass from what runs to what is wanted."""

    def __init__(self, tree: Tree, probe: Probe, want: Config, keep: bool = False) -> None:
        self.tree = tree
        self.probe = probe
        self.want = want
        self.keep = keep        # what is not wanted stays
        self.have = Config()
        self.done: list[str] = []
        self.failures: list[Failure] = []
        self.unfit: set[str] = set()    # not to be put into service

    def run(self) -> list[Failure]:
        """All of it; returns what failed."""
        self.have = read_config(self.tree)
        if not self.keep:
            self.remove()
        self.set_attrs("", self.want.attrs, self.have.attrs)
        for number, port in sorted(self.want.ports.items()):
            self.make_port(number, port)
        for nqn, host in sorted(self.want.hosts.items()):
            self.make_host(nqn, host.attrs)
        for nqn, subsys in sorted(self.want.subsystems.items()):
            self.make_subsystem(nqn, subsys)
        for number, port in sorted(self.want.ports.items()):
            self.export(number, port)
        if not self.keep:
            self.remove_unused()
        return self.failures

    # What the rest is made of

    def fail(self, where: str, why: str, missing: str = "") -> None:
        """Note it."""
        self.failures.append(Failure(where, why, missing))

    def attempt(self, text: str, where: str, change: Callable[..., None], *args: str) -> bool:
        """One change; a refusal is noted."""
        try:
            change(*args)
        except Refused as why:
            self.fail(where, str(why))
            return False
        self.done.append(text)
        return True

    def make(self, path: str) -> bool:
        """A folder."""
        return self.attempt(f"create {path}", path, self.tree.mkdir, path)

    def drop(self, path: str) -> bool:
        """A folder goes."""
        return self.attempt(f"remove {path}", path, self.tree.rmdir, path)

    def unlink(self, folder: str, target: str) -> None:
        """The link to @target goes, whatever it is called."""
        for name in self.tree.names(folder):
            if self.tree.target(f"{folder}/{name}") == target:
                path = f"{folder}/{name}"
                self.attempt(f"unlink {path}", path, self.tree.unlink, path)

    def set_attrs(self, path: str, want: Attrs, have: Attrs,
                  release: Callable[[], bool] | None = None) -> set[str]:
        """Write what differs; @release takes an object out of use if it has to be.

        Values that limit each other are written in the order that works. Returns
        the names of those that could not be.
        """
        pending: Attrs = {}
        failed: set[str] = set()
        uuid = want.get("device_uuid", have.get("device_uuid", ""))
        for name, value in want.items():
            where = f"{path}/{name}" if path else name
            if name not in have:
                if not rules.unneeded(name, value, want):
                    self.fail(where, f"{where}: this kernel has no such attribute ({value!r})")
                    failed.add(name)
            elif not rules.same(name, value, have[name], uuid):
                pending[name] = value
        errors: dict[str, str] = {}
        progress = True
        while pending and progress:
            progress, errors = False, {}
            for name in sorted(pending):
                why, release = self.set_one(f"{path}/{name}" if path else name, pending[name],
                                            release)
                if why:
                    errors[name] = why
                else:
                    progress = True
                    del pending[name]
        for name, why in errors.items():
            self.fail(f"{path}/{name}" if path else name, why)
        return failed | set(errors)

    def set_one(self, where: str, value: str, release: Callable[[], bool] | None
                ) -> tuple[str, Callable[[], bool] | None]:
        """Write one attribute, if need be after @release; what is wrong, or nothing."""
        while True:
            try:
                self.tree.write(where, value)
            except Refused as why:
                if release and why.name() in IN_USE:
                    again, release = release(), None
                    if again:
                        continue
                return str(why), release
            self.done.append(f"set {where} {value}")
            return "", release

    def disable(self, path: str) -> Callable[[], bool]:
        """For set_attrs: a namespace or a referral."""
        return lambda: self.attempt(f"disable {path}", path, self.tree.write, f"{path}/enable", "0")

    # What is not wanted goes, exports first

    def remove(self) -> None:
        """In the order that the kernel asks for."""
        want, have = self.want, self.have
        for number, port in have.ports.items():
            wanted = want.ports.get(number)
            for nqn in port.subsystems:
                if not wanted or nqn not in wanted.subsystems:
                    self.unlink(f"{port_path(number)}/subsystems", nqn)
            for name in port.referrals:
                if not wanted or name not in wanted.referrals:
                    self.drop(referral_path(number, name))
            if not wanted:
                for group in port.groups:
                    if group != DEFAULT_GROUP:
                        self.drop(group_path(number, group))
                self.drop(port_path(number))
        for nqn, subsys in have.subsystems.items():
            self.remove_of_subsystem(nqn, subsys, want.subsystems.get(nqn))

    def remove_of_subsystem(self, nqn: str, have: Subsystem, want: Subsystem | None) -> None:
        """Its hosts and namespaces, and itself."""
        for host in have.allowed_hosts:
            if not want or host not in want.allowed_hosts:
                self.unlink(f"{subsys_path(nqn)}/allowed_hosts", host)
        for nsid, ns in have.namespaces.items():
            if not want or nsid not in want.namespaces:
                self.remove_namespace(ns_path(nqn, nsid), ns)
        if not want:
            self.drop(subsys_path(nqn))

    def remove_namespace(self, path: str, have: Namespace) -> None:
        """Out of service first where only some hosts see it: others must not, meanwhile."""
        if have.allowed_hosts and have.enable and not self.disable(path)():
            return
        for host in have.allowed_hosts:
            self.unlink(f"{path}/allowed_hosts", host)
        self.drop(path)

    def remove_unused(self) -> None:
        """Hosts and ANA groups, once nothing leads to them any more."""
        for nqn in self.have.hosts:
            if nqn not in self.want.hosts:
                self.drop(host_path(nqn))
        for number, port in self.have.ports.items():
            if number in self.want.ports:
                for group in port.groups:
                    if group not in self.want.ports[number].groups and group != DEFAULT_GROUP:
                        self.drop(group_path(number, group))

    # What is wanted is made

    def make_port(self, number: int, want: Port) -> None:
        """All of a port but what it exports."""
        path, have = port_path(number), self.have.ports.get(number)
        if not have:
            if not self.make(path):
                self.unfit.add(path)
                return
            have = self.have.ports[number] = Port(attrs_of(self.tree, path))
            for group in numbers(self.tree, f"{path}/ana_groups"):
                have.groups[group] = attrs_of(self.tree, group_path(number, group))
        port = have

        def close() -> bool:
            for nqn in port.subsystems:
                self.unlink(f"{path}/subsystems", nqn)
            port.subsystems = []
            return not self.tree.names(f"{path}/subsystems")

        failed = self.set_attrs(path, want.attrs, port.attrs, close if port.subsystems else None)
        if any(name.startswith("addr_") for name in failed):
            self.unfit.add(path)
        for group, attrs in sorted(want.groups.items()):
            self.make_group(group_path(number, group), attrs, port.groups.get(group))
        for name, referral in sorted(want.referrals.items()):
            self.make_referral(referral_path(number, name), referral.attrs, referral.enable,
                               name in port.referrals)

    def make_group(self, path: str, want: Attrs, have: Attrs | None) -> None:
        """One ANA group of a port."""
        if have is None:
            if not self.make(path):
                return
            have = attrs_of(self.tree, path)
        self.set_attrs(path, want, have)

    def make_referral(self, path: str, want: Attrs, enable: bool, there: bool) -> None:
        """One referral of a port."""
        if not there and not self.make(path):
            return
        failed = self.set_attrs(path, want, attrs_of(self.tree, path), self.disable(path))
        if self.tree.read(f"{path}/enable") != str(int(enable)) and not (enable and failed):
            self.attempt(f"set {path}/enable {int(enable)}", path, self.tree.write,
                         f"{path}/enable", str(int(enable)))

    def make_host(self, nqn: str, want: Attrs) -> None:
        """A host. One whose keys cannot be set would come in without."""
        path = host_path(nqn)
        if nqn not in self.have.hosts and not self.make(path):
            self.unfit.add(path)
        elif any(name.startswith("dhchap_")
                 for name in self.set_attrs(path, want, attrs_of(self.tree, path))):
            self.unfit.add(path)

    def make_subsystem(self, nqn: str, want: Subsystem) -> None:
        """A subsystem with its namespaces, then who may use it."""
        path, have = subsys_path(nqn), self.have.subsystems.get(nqn)
        if not have:
            if not self.make(path):
                self.unfit.add(path)
                return
            have = Subsystem(attrs_of(self.tree, path))
        self.set_attrs(path, want.attrs, have.attrs)
        for nsid, ns in sorted(want.namespaces.items()):
            self.make_namespace(ns_path(nqn, nsid), ns, have.namespaces.get(nsid))
        self.let_in(path, want.allowed_hosts, have.allowed_hosts)

    def let_in(self, path: str, want: list[str], have: list[str]) -> bool:
        """Hosts into a subsystem or to a namespace; whether one of them is there now."""
        there = False
        for host in want:
            link = allowed_path(path, host)
            if host in have:
                there = True
            elif host_path(host) in self.unfit:
                self.fail(link, f"{link}: not let in, because the host is not as it should be")
            else:
                there |= self.attempt(f"link {link}", link, self.tree.link, host_path(host), link)
        return there

    def show(self, path: str, want: Namespace, have: Namespace) -> bool:
        """Make the list of those who see a namespace; false if everybody would.

        Without a link everybody does, so new ones are made before old ones go.
        """
        hidden = self.let_in(path, want.allowed_hosts, have.allowed_hosts)
        if want.allowed_hosts and not hidden:
            return False
        if not self.keep:
            for host in have.allowed_hosts:
                if host not in want.allowed_hosts:
                    self.unlink(f"{path}/allowed_hosts", host)
        return True

    def make_namespace(self, path: str, want: Namespace, have: Namespace | None) -> None:
        """A namespace; it is enabled if its device is there."""
        if not have:
            if not self.make(path):
                return
            have = Namespace(attrs_of(self.tree, path))
        elif have.enable and not want.enable and not self.disable(path)():
            return
        failed = self.set_attrs(path, want.attrs, have.attrs,
                                self.disable(path) if have.enable else None)
        if not self.show(path, want, have):
            self.fail(path, f"{path}: not enabled, because every host would see it")
            if self.tree.read(f"{path}/enable") == "1":
                self.disable(path)()
            return
        if not want.enable or self.tree.read(f"{path}/enable") == "1":
            return
        if any(name.startswith("device_") or name == "block_size" for name in failed):
            self.fail(path, f"{path}: not enabled, because it is not as it should be")
            return
        device = self.tree.read(f"{path}/device_path")
        if device.startswith("/") and not want.may_stand_by() and \
                not self.probe.device_ready(device):
            self.fail(path, f"{path}: {device} is not there", device)
            return
        try:
            self.tree.write(f"{path}/enable", "1")
            self.done.append(f"enable {path}")
        except Refused as why:
            self.fail(path, f"{why} [{device}]", device if why.errno in DEVICE_MISSING else "")

    def export(self, number: int, want: Port) -> None:
        """The links that a port is to have."""
        path = port_path(number)
        if path not in self.have_ports() or path in self.unfit:
            for nqn in want.subsystems:
                link = export_path(number, nqn)
                self.fail(link, f"{link}: not exported, because the port is not as it should be")
            return
        have = self.have.ports[number].subsystems
        for nqn in want.subsystems:
            link = export_path(number, nqn)
            if nqn in have:
                continue
            if subsys_path(nqn) in self.unfit:
                self.fail(link, f"{link}: not exported, because there is no such subsystem")
                continue
            address = want.attrs.get("addr_traddr", "")
            if not self.probe.address_ready(want.attrs.get("addr_adrfam", ""), address):
                self.fail(link, f"{link}: this machine does not have {address}", address)
                continue
            try:
                self.tree.link(subsys_path(nqn), link)
                self.done.append(f"link {link}")
            except Refused as why:
                self.fail(link, str(why), address if why.errno in ADDRESS_MISSING else "")

    def have_ports(self) -> set[str]:
        """Ports that are there by now."""
        return {port_path(number) for number in self.have.ports}


def clear(tree: Tree, probe: Probe) -> Apply:
    """Everything goes, whoever is connected."""
    apply = Apply(tree, probe, Config())
    apply.run()
    return apply
