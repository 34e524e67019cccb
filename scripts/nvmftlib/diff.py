# SPDX-License-Identifier: GPL-2.0
"""How two configurations differ, in words."""

from typing import Any, Iterable, Iterator, Mapping

from . import rules
from .model import (Attrs, Config, Port, Subsystem, allowed_path, export_path, group_path,
                    host_path, ns_path, port_path, referral_path, subsys_path)


def attr_changes(path: str, want: Attrs, have: Attrs) -> Iterator[str]:
    """Values that would be written."""
    uuid = want.get("device_uuid", have.get("device_uuid", ""))
    for name, value in sorted(want.items()):
        where = f"{path}/{name}" if path else name
        if name not in have:
            if not rules.unneeded(name, value, want):
                yield f"{where}: {value!r}, and this kernel has no such attribute"
        elif not rules.same(name, value, have[name], uuid):
            yield f"{where}: {have[name]!r} becomes {value!r}"


def enable_change(path: str, want: bool, have: bool) -> Iterator[str]:
    """Of a namespace or a referral."""
    if want != have:
        yield f"{path}: {'enabled' if want else 'disabled'}"


def comings(want: Iterable[Any], have: Iterable[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Names that come, stay and go."""
    wanted, had = set(want), set(have)
    return sorted(wanted - had), sorted(wanted & had), sorted(had - wanted)


def folders(paths: Mapping[Any, str], want: Iterable[Any], have: Iterable[Any]) -> Iterator[str]:
    """Objects that come and go."""
    new, _, old = comings(want, have)
    yield from (f"{paths[name]}: created" for name in new)
    yield from (f"{paths[name]}: removed" for name in old)


def host_changes(path: str, want: list[str], have: list[str]) -> Iterator[str]:
    """Who is let in."""
    new, _, old = comings(want, have)
    yield from (f"{allowed_path(path, host)}: linked" for host in new)
    yield from (f"{allowed_path(path, host)}: unlinked" for host in old)


def subsystem_changes(nqn: str, want: Subsystem, have: Subsystem) -> Iterator[str]:
    """Within a subsystem."""
    yield from attr_changes(subsys_path(nqn), want.attrs, have.attrs)
    every = {*want.namespaces, *have.namespaces}
    yield from folders({nsid: ns_path(nqn, nsid) for nsid in every},
                       want.namespaces, have.namespaces)
    for nsid in sorted(want.namespaces):
        now = have.namespaces.get(nsid)
        if now:
            ns, path = want.namespaces[nsid], ns_path(nqn, nsid)
            yield from attr_changes(path, ns.attrs, now.attrs)
            yield from enable_change(path, ns.enable, now.enable)
            yield from host_changes(path, ns.allowed_hosts, now.allowed_hosts)
    yield from host_changes(subsys_path(nqn), want.allowed_hosts, have.allowed_hosts)


def port_changes(number: int, want: Port, have: Port) -> Iterator[str]:
    """Within a port; group 1 is always there."""
    yield from attr_changes(port_path(number), want.attrs, have.attrs)
    groups = {*want.groups, *have.groups}
    yield from folders({group: group_path(number, group) for group in groups},
                       {*want.groups, 1}, {*have.groups, 1})
    for group in sorted({*want.groups} & {*have.groups}):
        yield from attr_changes(group_path(number, group), want.groups[group], have.groups[group])
    names = {*want.referrals, *have.referrals}
    yield from folders({name: referral_path(number, name) for name in names},
                       want.referrals, have.referrals)
    for name in sorted({*want.referrals} & {*have.referrals}):
        path, then, now = referral_path(number, name), want.referrals[name], have.referrals[name]
        yield from attr_changes(path, then.attrs, now.attrs)
        yield from enable_change(path, then.enable, now.enable)
    new, _, old = comings(want.subsystems, have.subsystems)
    yield from (f"{export_path(number, nqn)}: linked" for nqn in new)
    yield from (f"{export_path(number, nqn)}: unlinked" for nqn in old)


def differences(want: Config, have: Config) -> list[str]:
    """What has to change for @have to become @want."""
    found = list(attr_changes("", want.attrs, have.attrs))
    found += folders({nqn: host_path(nqn) for nqn in {*want.hosts, *have.hosts}},
                     want.hosts, have.hosts)
    for nqn in sorted({*want.hosts} & {*have.hosts}):
        found += attr_changes(host_path(nqn), want.hosts[nqn].attrs, have.hosts[nqn].attrs)
    found += folders({nqn: subsys_path(nqn) for nqn in {*want.subsystems, *have.subsystems}},
                     want.subsystems, have.subsystems)
    for nqn in sorted({*want.subsystems} & {*have.subsystems}):
        found += subsystem_changes(nqn, want.subsystems[nqn], have.subsystems[nqn])
    found += folders({number: port_path(number) for number in {*want.ports, *have.ports}},
                     want.ports, have.ports)
    for number in sorted({*want.ports} & {*have.ports}):
        found += port_changes(number, want.ports[number], have.ports[number])
    return found
