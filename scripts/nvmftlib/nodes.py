# SPDX-License-Identifier: GPL-2.0
"""The nodes of the interactive shell: the tree of the target as it is at the moment."""

import uuid
from typing import Any, Callable, Iterable

from configshell_fb import ConfigNode, ExecutionError     # type: ignore[import]

from . import attrdoc
from .errors import Failed, Unable
from .fs import Tree
from .live import read_config
from .model import (GROUP_MAX, NSID_MAX, PORT_MAX, allowed_path, bad_name, export_path, group_path,
                    host_path, ns_path, port_path, referral_path, subsys_path)
from .probe import Probe
from .procfs import Reports, Row
from .sessions import count


class Context:
    """What all nodes work on."""

    def __init__(self, tree: Tree, probe: Probe, reports: Reports, config: str) -> None:
        self.tree = tree
        self.probe = probe
        self.reports = reports
        self.config = config    # file of saveconfig and restoreconfig
        self.sessions: list[Row] = []

    def look(self) -> None:
        """Who is connected now; nobody where the module cannot tell."""
        try:
            self.sessions = self.reports.rows("sessions")
        except (Failed, Unable, OSError):
            self.sessions = []

    def with_sessions(self, text: str, key: str, wanted: Any) -> str:
        """Behind what is said of an object, how many sessions it has."""
        return ", ".join(each for each in (text, count(self.sessions, key, wanted)) if each)


class Node(ConfigNode):     # type: ignore[misc]
    """A folder. Subclasses say what is in it and what can be done."""

    def __init__(self, name: str, path: str, parent: "Node | None", context: Context,
                 shell: Any = None) -> None:
        super().__init__(name, parent, shell)
        self.where = path
        self.context = context
        self.define_attributes()

    @property
    def tree(self) -> Tree:
        """The target."""
        return self.context.tree

    def define_attributes(self) -> None:
        """Groups for get and set: whatever this kernel has."""
        for name in self.attributes():
            group, _, rest = name.partition("_")
            if rest:
                self.define_config_group_param(group, rest, "string", attrdoc.text(name))

    def attributes(self) -> list[str]:
        """Attributes that can be set; lists and containers have none."""
        return list(self.guard(self.tree.attributes, self.where))

    def guard(self, action: Callable[..., Any], *args: Any) -> Any:
        """Errors as the shell shows them."""
        try:
            return action(*args)
        except (Failed, Unable) as why:
            raise ExecutionError(str(why)) from why

    # configshell looks these up by the name of the group

    def get_group_getter(self, group: str) -> Callable[[str], str]:
        """See configshell."""
        if group == "global":
            return super().get_group_getter(group)     # type: ignore[no-any-return]
        return lambda name: str(self.guard(self.tree.read, f"{self.where}/{group}_{name}"))

    def get_group_setter(self, group: str) -> Callable[[str, str], None]:
        """See configshell."""
        if group == "global":
            return super().get_group_setter(group)     # type: ignore[no-any-return]

        def put(name: str, value: str | None) -> None:
            self.guard(self.tree.write, f"{self.where}/{group}_{name}", value or "")
        return put

    def refresh(self) -> None:
        """Children that came and went, with or without this shell."""
        want = self.wanted()
        for child in list(self._children):
            if child.name not in want:
                self.remove_child(child)
        there = {child.name for child in self._children}
        for name, make in want.items():
            if name not in there:
                make()
        for child in self._children:
            child.refresh()

    def wanted(self) -> dict[str, Callable[[], "Node"]]:
        """Names of children, and what makes them."""
        return {}

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        found: dict[str, Any] = {"path": self.path}
        attrs = {name: self.guard(self.tree.read, f"{self.where}/{name}".lstrip("/"))
                 for name in self.attributes()}
        if attrs:
            found["attributes"] = attrs
        if self._children:
            found["children"] = [child.as_json() for child in
                                 sorted(self._children, key=lambda each: str(each.name))]
        return found

    def ui_command_status(self) -> None:
        """
        Says in a few words how it is with this object.
        """
        self.shell.con.display(f"Status for {self.path}: {self.summary()[0] or 'ok'}")

    def ui_command_refresh(self) -> None:
        """
        Looks at the target anew. The shell does that before each command, too.
        """
        self.get_root().refresh()


class Enabled(Node):
    """What can be enabled: a namespace, a referral."""

    def enabled(self) -> bool:
        """It is."""
        return bool(self.guard(self.tree.read, f"{self.where}/enable") == "1")

    def ui_command_enable(self) -> None:
        """
        Puts it into service.
        """
        self.guard(self.tree.write, f"{self.where}/enable", "1")

    def ui_command_disable(self) -> None:
        """
        Takes it out of service; it stays as it is otherwise.
        """
        self.guard(self.tree.write, f"{self.where}/enable", "0")


class Container(Node):
    """A list of objects of one kind that can be made and deleted."""

    KIND: type[Node] = Node

    def attributes(self) -> list[str]:
        return []

    def child_path(self, name: str) -> str:
        """Where the tree has it."""
        return f"{self.where}/{name}"

    def wanted(self) -> dict[str, Callable[[], Node]]:
        def maker(name: str) -> Callable[[], Node]:
            return lambda: self.KIND(name, self.child_path(name), self, self.context)
        return {name: maker(name) for name in self.guard(self.tree.names, self.where)}

    def default_name(self) -> str:
        """For create without a name."""
        raise ExecutionError("Missing required parameter name")

    def lowest(self, low: int, high: int) -> str:
        """The lowest number that is free."""
        taken = self.tree.names(self.where)
        for number in range(low, high + 1):
            if str(number) not in taken:
                return str(number)
        raise ExecutionError(f"all numbers up to {high} are taken")

    def make(self, name: str) -> None:
        """The object itself."""
        self.tree.mkdir(self.child_path(name))

    def unmake(self, name: str) -> None:
        """The object goes."""
        self.tree.rmdir(self.child_path(name))

    def ui_command_create(self, name: str | None = None) -> None:
        """
        Creates an object of this list. Without a name one is chosen.
        """
        name = name or self.default_name()
        if bad_name(name):
            raise ExecutionError(bad_name(name))
        self.guard(self.make, name)
        self.refresh()
        self.shell.log.info(f"Created {self.path}/{name}.")

    def ui_command_delete(self, name: str) -> None:
        """
        Deletes an object of this list, with what is in it.
        """
        self.get_child(name)
        self.guard(self.unmake, name)
        self.refresh()
        self.shell.log.info(f"Deleted {self.path}/{name}.")

    def ui_complete_delete(self, _parameters: dict[str, str], text: str,
                           _current: str) -> list[str]:
        """Names that are there."""
        return complete(text, (str(child.name) for child in self._children))

    def summary(self) -> tuple[str, bool | None]:
        return f"{len(self._children)}", None


def complete(text: str, names: Iterable[str]) -> list[str]:
    """Those that begin so, a blank behind the only one."""
    found = sorted(name for name in names if name.startswith(text))
    return [found[0] + " "] if len(found) == 1 else found


def remove_namespace(tree: Tree, path: str) -> None:
    """With the links to the hosts that see it. Out of service first: others must not see it."""
    hosts = tree.names(f"{path}/allowed_hosts")
    if hosts:
        tree.write(f"{path}/enable", "0")
    for host in hosts:
        tree.unlink(allowed_path(path, host))
    tree.rmdir(path)


class HostNode(Node):
    """hosts/<nqn>"""

    def summary(self) -> tuple[str, bool | None]:
        return self.context.with_sessions("", "hostnqn", str(self.name)), None


class HostsNode(Container):
    """hosts"""

    KIND = HostNode


class LinkNode(Node):
    """A link: its name is all there is."""

    def attributes(self) -> list[str]:
        return []


class Links(Container):
    """Links to objects elsewhere in the tree, shown by the name of those."""

    KIND = LinkNode

    def wanted(self) -> dict[str, Callable[[], Node]]:
        names = [self.guard(self.tree.target, f"{self.where}/{name}")
                 for name in self.guard(self.tree.names, self.where)]

        def maker(name: str) -> Callable[[], Node]:
            return lambda: LinkNode(name, self.child_path(name), self, self.context)
        return {name: maker(name) for name in names}

    def unmake(self, name: str) -> None:
        for link in self.tree.names(self.where):
            if self.tree.target(f"{self.where}/{link}") == name:
                self.tree.unlink(f"{self.where}/{link}")

    def candidates(self) -> list[str]:
        """What could be linked."""
        return []

    def ui_complete_create(self, _parameters: dict[str, str], text: str,
                           _current: str) -> list[str]:
        """Names of what could be linked."""
        return complete(text, set(self.candidates()) - {child.name for child in self._children})


class AllowedHostsNode(Links):
    """allowed_hosts of a subsystem or a namespace; a host that is not there yet is made."""

    def make(self, name: str) -> None:
        if name not in self.tree.names("hosts"):
            self.tree.mkdir(host_path(name))
        self.tree.link(host_path(name), self.child_path(name))

    def candidates(self) -> list[str]:
        return self.tree.names("hosts")


class NamespaceNode(Enabled):
    """subsystems/<nqn>/namespaces/<nsid>"""

    def wanted(self) -> dict[str, Callable[[], Node]]:
        path = f"{self.where}/allowed_hosts"
        return {"allowed_hosts": lambda: AllowedHostsNode("allowed_hosts", path, self,
                                                          self.context)
                } if self.tree.exists(path) else {}

    def ui_command_grpid(self, grpid: str | None = None) -> None:
        """
        Sets the ANA group, or shows it.
        """
        if grpid is None:
            self.shell.con.display(self.guard(self.tree.read, f"{self.where}/ana_grpid"))
        else:
            self.guard(self.tree.write, f"{self.where}/ana_grpid", grpid)

    def ui_command_resize(self) -> None:
        """
        Takes over the size that the device has now and tells the hosts.
        """
        self.guard(self.tree.write, f"{self.where}/revalidate_size", "1")

    def summary(self) -> tuple[str, bool | None]:
        device = self.guard(self.tree.read, f"{self.where}/device_path")
        enabled, hosts = self.enabled(), self.tree.names(f"{self.where}/allowed_hosts")
        return (f"{device}, {'enabled' if enabled else 'disabled'}"
                + (f", for {len(hosts)} hosts" if hosts else ""), enabled)


class NamespacesNode(Container):
    """subsystems/<nqn>/namespaces"""

    KIND = NamespaceNode

    def default_name(self) -> str:
        return self.lowest(1, NSID_MAX)

    def unmake(self, name: str) -> None:
        remove_namespace(self.tree, self.child_path(name))


class SubsystemNode(Node):
    """subsystems/<nqn>"""

    def wanted(self) -> dict[str, Callable[[], Node]]:
        return {"namespaces": lambda: NamespacesNode("namespaces", f"{self.where}/namespaces",
                                                     self, self.context),
                "allowed_hosts": lambda: AllowedHostsNode("allowed_hosts",
                                                          f"{self.where}/allowed_hosts", self,
                                                          self.context)}

    def summary(self) -> tuple[str, bool | None]:
        nqn = str(self.name)
        hosts = self.tree.names(f"{self.where}/allowed_hosts")
        anyone = self.guard(self.tree.read, f"{self.where}/attr_allow_any_host") == "1"
        ports = [number for number in self.tree.names("ports")
                 if nqn in (self.tree.target(f"ports/{number}/subsystems/{link}")
                            for link in self.tree.names(f"ports/{number}/subsystems"))]
        who = "any host" if anyone else f"{len(hosts)} hosts"
        where = f"port {', '.join(ports)}" if ports else "on no port"
        return (self.context.with_sessions(f"{who}, {where}", "subsys", nqn),
                bool(ports) and bool(anyone or hosts))


class SubsystemsNode(Container):
    """subsystems"""

    KIND = SubsystemNode

    def default_name(self) -> str:
        return f"nqn.2014-08.org.nvmexpress:uuid:{uuid.uuid4()}"

    def unmake(self, name: str) -> None:
        for number, port in read_config(self.tree).ports.items():
            if name in port.subsystems:
                self.tree.unlink(export_path(number, name))
        for host in self.tree.names(f"{subsys_path(name)}/allowed_hosts"):
            self.tree.unlink(allowed_path(subsys_path(name), host))
        for nsid in self.tree.names(f"{subsys_path(name)}/namespaces"):
            remove_namespace(self.tree, ns_path(name, int(nsid)))
        self.tree.rmdir(subsys_path(name))


class ExportsNode(Links):
    """ports/<id>/subsystems"""

    def make(self, name: str) -> None:
        self.tree.link(subsys_path(name), export_path(int(self.parent.name), name))

    def candidates(self) -> list[str]:
        return self.tree.names("subsystems")


class ReferralNode(Enabled):
    """ports/<id>/referrals/<name>"""

    def summary(self) -> tuple[str, bool | None]:
        address = self.guard(self.tree.read, f"{self.where}/addr_traddr")
        return f"{address}, {'enabled' if self.enabled() else 'disabled'}", self.enabled()


class ReferralsNode(Container):
    """ports/<id>/referrals"""

    KIND = ReferralNode


class GroupNode(Node):
    """ports/<id>/ana_groups/<grpid>"""

    def summary(self) -> tuple[str, bool | None]:
        state = self.guard(self.tree.read, f"{self.where}/ana_state")
        return str(state), state == "optimized" or None


class GroupsNode(Container):
    """ports/<id>/ana_groups"""

    KIND = GroupNode

    def default_name(self) -> str:
        return self.lowest(1, GROUP_MAX)


class PortNode(Node):
    """ports/<id>"""

    def wanted(self) -> dict[str, Callable[[], Node]]:
        kinds: dict[str, type[Container]] = {"subsystems": ExportsNode, "referrals": ReferralsNode,
                                             "ana_groups": GroupsNode}

        def maker(name: str) -> Callable[[], Node]:
            return lambda: kinds[name](name, f"{self.where}/{name}", self, self.context)
        return {name: maker(name) for name in kinds}

    def summary(self) -> tuple[str, bool | None]:
        kind, family, address, service = (
            self.guard(self.tree.read, f"{self.where}/addr_{name}")
            for name in ("trtype", "adrfam", "traddr", "trsvcid"))
        if not kind or not address:
            return "no address", False
        listens = self.context.probe.listening(family, address, service)
        exports = self.tree.names(f"{self.where}/subsystems")
        where = f"{kind} {f'[{address}]' if ':' in address else address}:{service}"
        state = f"{where}, {'listening' if listens else 'not listening'}"
        return (self.context.with_sessions(state, "port", int(self.name)),
                listens if exports else None)


class PortsNode(Container):
    """ports"""

    KIND = PortNode

    def default_name(self) -> str:
        return self.lowest(1, PORT_MAX)

    def unmake(self, name: str) -> None:
        number, path = int(name), port_path(int(name))
        for link in self.tree.names(f"{path}/subsystems"):
            self.tree.unlink(f"{path}/subsystems/{link}")
        for referral in self.tree.names(f"{path}/referrals"):
            self.tree.rmdir(referral_path(number, referral))
        for group in self.tree.names(f"{path}/ana_groups"):
            if group != "1":
                self.tree.rmdir(group_path(number, int(group)))
        self.tree.rmdir(path)
