# SPDX-License-Identifier: GPL-2.0
"""Everything that takes something away, each against each, while hosts do I/O: links of ports,
namespaces, subsystems, attributes, the transport's module, resets, lost connections, hosts that fall
silent. Any of them may be refused or lose its connection; none may hang, and in the end the target
is whole.

NVMFT_RACE_SECONDS says how long each pair runs (0.5)."""

import itertools
import multiprocessing
import os
import random
import time

from nvmetcp import nvme
from nvmetcp.conn import Closed, Conn, Fail, Quiet, check
from nvmetcp.host import HOSTID, Host
from nvmetcp.ktap import rows
from nvmetcp.steps import SCRATCH
from nvmetcp.target import ROOT, put, run

SECONDS = float(os.environ.get("NVMFT_RACE_SECONDS", "0.5"))
# A step that was refused each time goes on for so long
LONGER = 20 * SECONDS * int(os.environ.get("NVMFT_TIME_FACTOR", "1"))
# How long after its time a step may still take: a write to enable waits for commands
PATIENCE = 60 + LONGER
NSID, COMES_AND_GOES = 4, 5
SUBSYS = "nqn.2014-08.org.nvmexpress:wire:races"
LOADS = 2
REFUSED = (OSError, Fail, Closed, Quiet)

_fork = multiprocessing.get_context("fork")


class Race:
    """The target of a race, and its steps: each method is taken again and again by a process."""

    def __init__(self, target, seed=0):
        self.target = target
        self.rng = random.Random(seed)

    def _host(self, **kw):
        hostid = HOSTID[:-2] + self.rng.randbytes(2)
        return Host(self.target.addr, self.target.subnqn, hostid=hostid).up(2, **kw)

    # -- configuration ---------------------------------------------------------------------

    def link(self):
        """The subsystem leaves the port, and with it all sessions; then it is back."""
        try:
            self.target.unlink(1, self.target.subnqn)
        finally:
            self.target.link(1, self.target.subnqn)

    def toggle(self):
        """A namespace is disabled and enabled."""
        self.target.toggle(NSID)

    def namespace(self):
        """A namespace is removed and made."""
        if os.path.isdir(self.target.ns(COMES_AND_GOES)):
            os.rmdir(self.target.ns(COMES_AND_GOES))
        self.target.add_ns(COMES_AND_GOES, self.target.disks[NSID].path)

    def subsystem(self):
        """A subsystem with a namespace is made, linked, and removed."""
        path = self.target.subsys(SUBSYS)
        try:
            os.mkdir(path)
            put(f"{path}/attr_allow_any_host", 1)
            self.target.add_ns(1, self.target.disks[NSID].path, nqn=SUBSYS)
            self.target.link(1, SUBSYS)
            Host(self.target.addr, SUBSYS).up(1).io[1].read(1, 0, 8)
        finally:
            self.subsystem_clear()

    def subsystem_clear(self):
        """Whatever of it is there."""
        path = self.target.subsys(SUBSYS)
        if os.path.lexists(self.target.port(1, "subsystems", SUBSYS)):
            self.target.unlink(1, SUBSYS)
        if os.path.isdir(f"{path}/namespaces/1"):
            os.rmdir(f"{path}/namespaces/1")
        if os.path.isdir(path):
            os.rmdir(path)

    def queues(self):
        """Hosts are to have another number of queues: their controllers end."""
        put(self.target.subsys(self.target.subnqn, "attr_qid_max"), self.rng.randint(2, 128))

    def state(self):
        """The group's state takes access away, and gives it back."""
        path = self.target.port(1, "ana_groups", "1", "ana_state")
        put(path, self.rng.choice(("inaccessible", "change", "non-optimized")))
        put(path, "optimized")

    def group(self):
        """The namespace goes to another group, and back."""
        put(self.target.ns(NSID, "ana_grpid"), self.rng.randint(1, 2))

    def protect(self):
        """A host protects the namespace, or no longer."""
        host = self._host()
        for value in (1, 0):
            host.set_feature(nvme.FEAT_WRITE_PROTECT, value, nsid=NSID)
        host.close()

    def size(self):
        """The disk is looked at again."""
        put(self.target.ns(NSID, "revalidate_size"), 1)

    def module(self):
        """Nothing is exported any more: as soon as the last connection has gone, the transport's
        module can be unloaded. The next link loads it again."""
        try:
            self.target.unlink(1, self.target.subnqn)
            end = time.monotonic() + 2
            while True:
                try:
                    run("rmmod", "nvmft_tcp")
                    break
                except Fail:
                    if time.monotonic() > end:
                        raise
        finally:
            self.target.link(1, self.target.subnqn)

    # -- hosts -----------------------------------------------------------------------------

    def burst(self, host):
        """Reads and writes of all namespaces on all queues; nothing is waited for."""
        sent = []
        for queue in host.io.values():
            for nsid in (1, NSID, COMES_AND_GOES):
                sent.append((queue, queue.submit(nvme.rw(nvme.READ, nsid, SCRATCH, 64, 32768),
                                                 expect=32768)))
                sent.append((queue, queue.submit(nvme.rw(nvme.WRITE, nsid, SCRATCH + 256, 8, 4096,
                                                         icd=True), bytes(4096))))
        return sent

    def load(self):
        """A host does I/O until its connection ends."""
        host = self._host()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for queue, cid in self.burst(host):
                queue.wait(cid)

    def reset(self):
        """A controller is reset with I/O in flight, and enabled."""
        host = self._host()
        self.burst(host)
        host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
        host.wait_csts(nvme.CSTS_RDY, 0)
        for queue in host.io.values():
            queue.close()
        host.enable()
        host.close()

    def cut(self):
        """Connections are cut with I/O in flight, the admin queue's first or last."""
        host = self._host()
        self.burst(host)
        queues = [host.admin, *host.io.values()]
        self.rng.shuffle(queues)
        for queue in queues:
            queue.reset() if self.rng.random() < 0.5 else queue.close()

    def silence(self):
        """A host falls silent until its keep-alive timer ends the controller."""
        host = self._host(kato=100)
        self.burst(host)
        time.sleep(0.3)
        host.close()

    def write_open(self):
        """A write whose data never comes."""
        host = self._host()
        queue = host.io[1]
        queue.wait_r2t(queue.submit(nvme.rw(nvme.WRITE, NSID, SCRATCH, 128, 65536)))
        queue.close()
        host.close()


STEPS = ("link toggle namespace subsystem queues state group protect size module"
         " reset cut silence write_open").split()


def repeat(target, name, seed, until, taken):
    """The process of a step: again and again, and whatever is refused is refused. It has longer
    where it was refused each time."""
    race = Race(target, seed)
    while time.monotonic() < until + (0 if taken.value else LONGER):
        try:
            getattr(race, name)()
            taken.value += 1
        except REFUSED:
            pass
        Conn.close_all()


def stack_of(process):
    """Where in the kernel a process is."""
    try:
        with open(f"/proc/{process.pid}/stack", encoding="ascii") as stack:
            return " <- ".join(line.split()[-1] for line in stack)
    except OSError:
        return "unknown"


def restore(target):
    """The configuration as it was."""
    race = Race(target)
    race.subsystem_clear()
    if not os.path.lexists(target.port(1, "subsystems", target.subnqn)):
        target.link(1, target.subnqn)
    put(target.port(1, "ana_groups", "1", "ana_state"), "optimized")
    put(target.subsys(target.subnqn, "attr_qid_max"), 128)
    put(target.ns(NSID, "enable"), 1)
    put(target.ns(NSID, "ana_grpid"), 1)


def other_links(target):
    """What else keeps the transport's module: (port, subsystem)."""
    for port in os.listdir(os.path.join(ROOT, "ports")):
        for nqn in os.listdir(target.port(port, "subsystems")):
            if (port, nqn) != ("1", target.subnqn):
                yield port, nqn


def set_up(env):
    """A namespace to race about, and one port that everything depends on."""
    target = env.target
    os.mkdir(target.port(1, "ana_groups", "2"))
    env.defer(lambda: os.rmdir(target.port(1, "ana_groups", "2")))
    put(target.port(1, "ana_groups", "2", "ana_state"), "optimized")
    for port, nqn in list(other_links(target)):
        target.unlink(port, nqn)
        env.defer(lambda port=port, nqn=nqn: target.link(port, nqn))
    target.attach(NSID, 2, 512, irqmode=2, completion_nsec=200000)
    env.defer(lambda: tear_down(target))


def tear_down(target):
    """What races have made."""
    restore(target)
    if os.path.isdir(target.ns(COMES_AND_GOES)):
        os.rmdir(target.ns(COMES_AND_GOES))
    target.detach(NSID)


def works(target):
    """A host reads and writes the namespace that everything was about."""
    host = Host(target.addr, target.subnqn).up(1)
    host.set_feature(nvme.FEAT_WRITE_PROTECT, 0, nsid=NSID)
    data = os.urandom(4096)
    host.io[1].write(NSID, SCRATCH, data)
    check(host.io[1].read(NSID, SCRATCH, 8) == data, "the namespace has other data")
    host.close()


def race(target, names):
    """All of these steps at once, each in a process; how often each was taken."""
    until = time.monotonic() + SECONDS
    processes = []
    for seed, name in enumerate(names):
        taken = _fork.Value("i", 0)
        process = _fork.Process(target=repeat, args=(target, name, seed, until, taken))
        process.start()
        processes.append((name, process, taken))
    for name, process, _ in processes:
        process.join(max(until + PATIENCE - time.monotonic(), 1))
        if process.is_alive():
            where = stack_of(process)
            process.kill()
            raise Fail(f"{name} hangs: {where}")
        check(process.exitcode == 0, f"{name} ended with {process.exitcode}")
    return [(name, taken.value) for name, _, taken in processes]


@rows([(f"{a}-{b}", a, b) for a, b in itertools.combinations_with_replacement(STEPS, 2)],
      timeout=PATIENCE + 60)
def pair(env, first, second):
    """Two steps at once, under load."""
    set_up(env)
    taken = race(env.target, [first, second] + ["load"] * LOADS)
    print("# " + ", ".join(f"{count} x {name}" for name, count in taken), flush=True)
    restore(env.target)
    works(env.target)
    refused = [name for name, count in taken[:2] if not count]
    # where the module comes and goes all the time, it may let nobody in
    check(not refused or "module" in (first, second) and len(set(refused)) < 2,
          f"{' and '.join(refused)} was refused each time")
