# SPDX-License-Identifier: GPL-2.0
"""The target under test, set up through configfs in this machine.

NVMFT_ROOT is the configfs directory of the target and NVMFT_MODULES the modules that make it, so
that the same cases can be pointed at another target that has nvmet's tree.
"""

import contextlib
import glob
import os
import subprocess
import time

from .conn import Fail, Skip, check

ROOT = os.environ.get("NVMFT_ROOT", "/sys/kernel/config/nvmft")
MODULES = os.environ.get("NVMFT_MODULES", "nvmft nvmft-tcp").split()
PARAMS = os.environ.get("NVMFT_PARAMS", "/sys/module/nvmft_tcp/parameters")
FIRST_PORT = int(os.environ.get("NVMFT_WIRE_PORT", "4420"))

PREFIX = "nqn.2014-08.org.nvmexpress:wire"
MAIN, CLOSED, HIDDEN = f"{PREFIX}:main", f"{PREFIX}:closed", f"{PREFIX}:hidden"
ALLOWED_HOST = f"{PREFIX}:host-allowed"

SERIAL, MODEL = "WIRE0000000000000001", "nvmft wire test"
UUIDS = {1: "6e766d66-7400-4000-8000-0000000000a1", 2: "6e766d66-7400-4000-8000-0000000000a2",
         3: "6e766d66-7400-4000-8000-0000000000a3"}
MIB = 1 << 20
STORE = "/tmp/nvmft-wire-store"


class Disk:
    """A memory-backed null_blk device."""

    top = "/sys/kernel/config/nullb"

    def __init__(self, name, mib, block, cache=False, **more):
        self.name = name
        self.size, self.block = mib * MIB, block
        self.dir = f"{self.top}/{name}"
        os.mkdir(self.dir)
        settings = {"size": mib, "blocksize": block, "memory_backed": 1, "submit_queues": 1}
        if cache:
            settings["cache_size"] = 1
        settings.update(more)
        for attr, value in settings.items():
            put(f"{self.dir}/{attr}", value)
        put(f"{self.dir}/power", 1)
        paths = [f"/dev/{name}", "/dev/nullb" + get(f"{self.dir}/index")]
        deadline = time.monotonic() + 5
        while True:
            found = [p for p in paths if os.path.exists(p)]
            if found:
                self.path = found[0]
                return
            check(time.monotonic() < deadline, f"null_blk device {name} did not appear")
            time.sleep(0.02)

    def remove(self):
        """Power the device off and forget it."""
        put(f"{self.dir}/power", 0)
        os.rmdir(self.dir)


def put(path, value):
    """Write an attribute; a refusal says which attribute and why."""
    try:
        with open(path, "w", encoding="ascii") as attr:
            attr.write(f"{value}\n")
    except OSError as err:
        raise Fail(f"write of {value!r} to {path}: {err.strerror}") from err


def get(path):
    """Read an attribute."""
    with open(path, encoding="ascii", errors="replace") as attr:
        return attr.read().strip()


def run(*argv):
    """Run a program that must succeed."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{' '.join(argv)}: {done.stderr.strip()}")


class Target:
    """Subsystems, namespaces and ports of the test, and what cases may change in them.

    main:   any host; nsid 1 has 512-byte blocks, nsid 2 has 4096, nsid 3 exists but is disabled.
    closed: one allowed host; nsid 1.
    hidden: on no port.
    Port 1 exports main and closed, port 2 (small capsules) and port 3 (IPv6) export main.
    """

    local = True

    def __init__(self):
        self.subnqn, self.closed_nqn, self.hidden_nqn = MAIN, CLOSED, HIDDEN
        self.allowed_host = ALLOWED_HOST
        self.disks = {}
        self.addr = ("127.0.0.1", FIRST_PORT)
        self.addr2 = ("127.0.0.1", FIRST_PORT + 1)
        self.addr6 = ("::1", FIRST_PORT + 2) if os.path.exists("/proc/net/if_inet6") else None

    # -- paths -----------------------------------------------------------------------------

    def subsys(self, nqn, *rest):
        """A path below a subsystem."""
        return os.path.join(ROOT, "subsystems", nqn, *rest)

    def ns(self, nsid, *rest, nqn=MAIN):
        """A path below a namespace."""
        return self.subsys(nqn, "namespaces", str(nsid), *rest)

    def port(self, portid, *rest):
        """A path below a port."""
        return os.path.join(ROOT, "ports", str(portid), *rest)

    # -- set-up ----------------------------------------------------------------------------

    def setup(self):
        """Load what is needed and build the configuration."""
        for module in ("configfs", "null_blk", *MODULES):
            args = ["nr_devices=0"] if module == "null_blk" else []
            run("modprobe", module, *args)
        if not os.path.isdir("/sys/kernel/config/nullb"):
            run("mount", "-t", "configfs", "none", "/sys/kernel/config")
        check(os.path.isdir(f"{ROOT}/subsystems"), f"{ROOT} is not the target's configfs tree")
        self.teardown()
        self.disks = {1: Disk("wire0", 16, 512, cache=True), 2: Disk("wire1", 16, 4096),
                      3: Disk("wire2", 8, 512), "closed": Disk("wire3", 4, 512)}
        for nqn in (MAIN, CLOSED, HIDDEN):
            os.mkdir(self.subsys(nqn))
        put(self.subsys(MAIN, "attr_allow_any_host"), 1)
        put(self.subsys(MAIN, "attr_serial"), SERIAL)
        put(self.subsys(MAIN, "attr_model"), MODEL)
        for nsid in (1, 2, 3):
            self.add_ns(nsid, self.disks[nsid].path, enable=nsid != 3)
        self.add_ns(1, self.disks["closed"].path, nqn=CLOSED)
        os.mkdir(os.path.join(ROOT, "hosts", ALLOWED_HOST))
        os.symlink(os.path.join(ROOT, "hosts", ALLOWED_HOST),
                   self.subsys(CLOSED, "allowed_hosts", ALLOWED_HOST))
        self.add_port(1, self.addr, MAIN, CLOSED)
        self.add_port(2, self.addr2, MAIN, icd=4096)
        if self.addr6:
            self.add_port(3, self.addr6, MAIN)

    def add_ns(self, nsid, path, *, nqn=MAIN, enable=True, attrs=None):
        """A namespace."""
        os.mkdir(self.ns(nsid, nqn=nqn))
        put(self.ns(nsid, "device_path", nqn=nqn), path)
        if nqn == MAIN and nsid in UUIDS:
            put(self.ns(nsid, "device_uuid", nqn=nqn), UUIDS[nsid])
        for attr, value in (attrs or {}).items():
            put(self.ns(nsid, attr, nqn=nqn), value)
        if enable:
            put(self.ns(nsid, "enable", nqn=nqn), 1)

    def attach(self, nsid, mib, block=512, *, attrs=None, **settings):
        """A further disk with null_blk settings of its own, as namespace nsid of main."""
        self.disks[nsid] = Disk(f"wire{nsid + 10}", mib, block, **settings)
        self.add_ns(nsid, self.disks[nsid].path, attrs=attrs)

    def detach(self, nsid):
        """Remove what attach made."""
        put(self.ns(nsid, "enable"), 0)
        os.rmdir(self.ns(nsid))
        self.disks.pop(nsid).remove()

    def attach_file(self, nsid, mib, attrs=None):
        """A file in a file system of its own as namespace nsid of main; returns its path."""
        store = self.disks[nsid] = Disk(f"wire{nsid + 10}", mib + 24, 4096)
        run("mkfs.ext4", "-q", "-F", "-b", "4096", store.path)
        os.makedirs(STORE, exist_ok=True)
        run("mount", store.path, STORE)
        with open(f"{STORE}/disk", "wb") as disk:
            disk.truncate(mib * MIB)
        self.add_ns(nsid, f"{STORE}/disk", attrs=attrs)
        return f"{STORE}/disk"

    def detach_file(self, nsid):
        """Remove what attach_file made."""
        put(self.ns(nsid, "enable"), 0)
        os.rmdir(self.ns(nsid))
        run("umount", STORE)
        self.disks.pop(nsid).remove()

    def add_port(self, portid, addr, *nqns, icd=None):
        """A port that exports subsystems."""
        os.mkdir(self.port(portid))
        put(self.port(portid, "addr_trtype"), "tcp")
        put(self.port(portid, "addr_adrfam"), "ipv6" if ":" in addr[0] else "ipv4")
        put(self.port(portid, "addr_traddr"), addr[0])
        put(self.port(portid, "addr_trsvcid"), addr[1])
        if icd is not None:
            put(self.port(portid, "param_inline_data_size"), icd)
        for nqn in nqns:
            self.link(portid, nqn)

    def remove_port(self, portid):
        """A port with all that is in it."""
        for link in os.listdir(self.port(portid, "subsystems")):
            self.unlink(portid, link)
        for name in os.listdir(self.port(portid, "referrals")):
            os.rmdir(self.port(portid, "referrals", name))
        for grpid in os.listdir(self.port(portid, "ana_groups")):
            if grpid != "1":
                os.rmdir(self.port(portid, "ana_groups", grpid))
        os.rmdir(self.port(portid))

    def link(self, portid, nqn):
        """Export a subsystem on a port."""
        os.symlink(self.subsys(nqn), self.port(portid, "subsystems", nqn))

    def unlink(self, portid, nqn):
        """Stop exporting a subsystem on a port."""
        os.unlink(self.port(portid, "subsystems", nqn))

    def teardown(self):
        """Remove everything that setup made, and what an interrupted run left."""
        for portid in ("1", "2", "3", "4"):
            if os.path.isdir(self.port(portid)):
                self.remove_port(portid)
        for nqn in (MAIN, CLOSED, HIDDEN):
            if os.path.isdir(self.subsys(nqn)):
                for name in os.listdir(self.subsys(nqn, "allowed_hosts")):
                    os.unlink(self.subsys(nqn, "allowed_hosts", name))
                for nsid in os.listdir(self.subsys(nqn, "namespaces")):
                    put(self.ns(nsid, "enable", nqn=nqn), 0)
                    for link in glob.glob(self.ns(nsid, "allowed_hosts/*", nqn=nqn)):
                        os.unlink(link)
                    os.rmdir(self.ns(nsid, nqn=nqn))
                os.rmdir(self.subsys(nqn))
        host = os.path.join(ROOT, "hosts", ALLOWED_HOST)
        if os.path.isdir(host):
            os.rmdir(host)
        if os.path.ismount(STORE):
            run("umount", STORE)
        for name in os.listdir(Disk.top):
            if name.startswith("wire"):
                put(f"{Disk.top}/{name}/power", 0)
                os.rmdir(f"{Disk.top}/{name}")

    def reload(self):
        """Take everything down, unload the modules, and set up again."""
        self.teardown()
        for module in reversed(MODULES):
            run("rmmod", module.replace("-", "_"))
        self.setup()

    # -- changes a case may make; each is undone at the end of its with block ---------------

    @contextlib.contextmanager
    def enabled(self, nsid, state=True):
        """A namespace switched on (or off) for a while."""
        put(self.ns(nsid, "enable"), int(state))
        try:
            yield
        finally:
            put(self.ns(nsid, "enable"), int(not state))

    def toggle(self, nsid):
        """Disable and enable a namespace that is enabled."""
        put(self.ns(nsid, "enable"), 0)
        put(self.ns(nsid, "enable"), 1)

    @contextlib.contextmanager
    def attribute(self, path, value):
        """An attribute with another value for a while."""
        if not os.path.exists(path):
            raise Skip(f"the target has no {path}")
        old = get(path)
        put(path, value)
        try:
            yield
        finally:
            put(path, old)

    @staticmethod
    def param(name):
        """A module parameter or counter, as text."""
        return get(f"{PARAMS}/{name}")

    @contextlib.contextmanager
    def params(self, **values):
        """Module parameters with other values for a while."""
        with contextlib.ExitStack() as stack:
            for name, value in values.items():
                stack.enter_context(self.attribute(f"{PARAMS}/{name}", value))
            yield

    @contextlib.contextmanager
    def referral(self, port, name, **addr):
        """A referral on a port for a while."""
        path = self.port(port, "referrals", name)
        os.mkdir(path)
        try:
            for attr, value in addr.items():
                put(os.path.join(path, f"addr_{attr}"), value)
            put(os.path.join(path, "enable"), 1)
            yield
        finally:
            put(os.path.join(path, "enable"), 0)
            os.rmdir(path)


class Remote:
    """A target elsewhere: cases that look at it from outside run, the others say why not."""

    local = False

    def __init__(self, host, port, nqn):
        self.addr = (host, port)
        self.subnqn = nqn

    def setup(self):
        """Nothing is ours to set up."""

    def teardown(self):
        """Nothing is ours to remove."""

    def __getattr__(self, name):
        raise Skip("needs the target's configfs in this machine")
