# SPDX-License-Identifier: GPL-2.0
"""What VMware ESXi does to a shared disk: small compare-and-writes on the same blocks from several
hosts at once, beside large writes. Each compare-and-write is an increment: at the end the count on
the disk is the number of successes that were reported, or a lock did not hold."""

import random
import struct
import time

from nvmetcp import nvme
from nvmetcp.batch import caw
from nvmetcp.conn import PACE, check, check_status
from nvmetcp.host import HOSTID, Host
from nvmetcp.ktap import case
from nvmetcp.loop import Loop, Lost, caw_commands
from nvmetcp.steps import pattern, read_disk, retry_connect_io

OK, FAILED, DIFFERS = nvme.OK, nvme.FUSED_FAILED, nvme.COMPARE_FAILURE
NSID, COUNTER = 4, 8
CONTROLLERS, QUEUES, PER_QUEUE = 4, 2, 5
CONTENDERS = CONTROLLERS * QUEUES * PER_QUEUE
COLLISIONS = 2000
LARGE = 1 << 17
# The counter's block: the count, how often each contender won, and the count again.
BLOCK = struct.Struct(f"<Q{CONTENDERS}I{496 - 4 * CONTENDERS}xQ")
assert BLOCK.size == 512


def content(wins):
    """The counter's block."""
    return BLOCK.pack(sum(wins), *wins, sum(wins))


def wins_of(block):
    """How often each contender has won, from a block that must be whole."""
    count, *wins, again = BLOCK.unpack(block)
    check(count == again == sum(wins), f"a block that no one wrote: count {count} and {again}, "
          f"the contenders' {sum(wins)}")
    return wins


class Storm:
    """Contenders on four controllers of two ports, and what became of their increments."""

    def __init__(self, env, latency):
        self.env = env
        env.target.attach(NSID, 16, 512, irqmode=2, completion_nsec=int(latency * 1e9))
        env.defer(lambda: env.target.detach(NSID))
        self.path = env.target.disks[NSID].path
        self.loop = Loop(seed=1)
        self.hosts = [None] * CONTROLLERS
        for index in range(CONTROLLERS):
            self.connect(index)
        self.hosts[0].io[1].write(NSID, COUNTER, content([0] * CONTENDERS))
        self.won = [0] * CONTENDERS     # reported successes
        self.unknown = [0] * CONTENDERS     # connection lost before the answer
        self.lost = self.flying = self.most = self.together = self.large = self.kills = 0
        self.stopped = False

    def connect(self, index):
        """The controller of one host: as ESXi connects."""
        addr = (self.env.target.addr, self.env.target.addr2)[index % 2]
        host = Host(addr, self.env.target.subnqn, hostnqn=f"nqn.2014-08.com.vmware:esx-{index}",
                    hostid=HOSTID[:-1] + bytes([index + 1]))
        host.connect_admin(15, kato=60000, cattr=nvme.CATTR_NO_SQ_FLOW)
        host.enable()
        host.set_queues(QUEUES)
        for qid in range(1, QUEUES + 1):
            host.connect_io(qid, 63, cattr=nvme.CATTR_NO_SQ_FLOW)
            check(not host.io[qid].flow_control, "SQ flow control is on")
        self.hosts[index] = host

    def contender(self, me):
        """Tries to add to what the counter was when it last looked, and looks again, for ever."""
        index, qid = me % CONTROLLERS, me // CONTROLLERS % QUEUES + 1
        icd = ((True, True), (False, False), (True, False), (False, True))[me // 8 % 4]
        look = (nvme.rw(nvme.READ, NSID, COUNTER, 1, 512), b"", 512)
        old = None
        while not self.stopped:
            queue = self.hosts[index].io.get(qid)
            if queue is None:
                old = yield Loop.sleep(0.05)
                continue
            commands = [look]
            if old:
                wins = wins_of(old)
                wins[me] += 1
                commands = caw_commands(NSID, COUNTER, old, content(wins), icd=icd) + commands
                self.flying += 1
                self.most = max(self.most, self.flying)
                self.together += self.flying > 1
            try:
                *ends, got = yield self.loop.send(queue, [(bytearray(c[0]), *c[1:])
                                                          for c in commands])
            except Lost:
                self.flying -= bool(old)
                self.unknown[me] += bool(old)
                old = None
            else:
                self.flying -= bool(old)
                self.account(me, tuple(c.status for c in ends), got)
                old = got.data

    def account(self, me, ends, got):
        """A compare-and-write, if there was one, and the look behind it have been answered."""
        before = self.won[me]
        check(ends in ((), (OK, OK), (DIFFERS, FAILED)), f"statuses {ends}")
        self.won[me] += ends == (OK, OK)
        self.lost += ends == (DIFFERS, FAILED)
        check_status(got, OK, "read")
        # The look may have come first where the pair's data was asked for.
        wins = wins_of(got.data)[me]
        check(before <= wins <= self.won[me] + self.unknown[me],
              f"contender {me} won {self.won[me]} times and perhaps {self.unknown[me]} more, the "
              f"disk says {wins}")

    def writer(self, index):
        """Large writes by R2T to blocks of its own, one of which is read back now and then."""
        slba = 4096 + index * 2 * LARGE // 512
        turn = 0
        while not self.stopped:
            queue = self.hosts[index].io.get(1)
            if queue is None:
                yield Loop.sleep(0.05)
                continue
            turn += 1
            data = pattern(512, 1000 * index + turn) * (LARGE // 512)
            try:
                (got,) = yield self.loop.send(queue, [
                    (nvme.rw(nvme.WRITE, NSID, slba, LARGE // 512, LARGE), data)])
                check_status(got, OK, "large write")
                (got,) = yield self.loop.send(queue, [
                    (nvme.rw(nvme.READ, NSID, slba + turn % 200, 8, 4096), b"", 4096)])
                check_status(got, OK, "read")
            except Lost:
                continue
            check(got.data == data[:4096], "a large write holds other data")
            self.large += 1
            yield Loop.sleep(0.05)

    def stop_when(self, done, limit):
        """Lets the storm end."""
        deadline = time.monotonic() + limit * PACE.factor
        while not done() and time.monotonic() < deadline:
            yield Loop.sleep(0.1)
        self.stopped = True

    def killer(self, seed):
        """Takes connections away, one kind after the other, at moments of chance."""
        rng = random.Random(seed)
        while not self.stopped:
            yield Loop.sleep(rng.uniform(0.02, 0.3))
            index = rng.randrange(CONTROLLERS)
            host, how = self.hosts[index], self.kills % 4
            self.kills += 1
            gone = [host.io.pop(qid) for qid in list(host.io)
                    if how != 0 or qid == 1 + self.kills // 4 % QUEUES]
            if how == 1:
                host.admin.reset()
            elif how == 2:
                host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
            for queue in gone:
                if how == 3:
                    queue.close()
                else:
                    queue.reset()
                self.loop.forget(queue)
            yield Loop.sleep(rng.uniform(0, 0.05))
            if how == 0:
                # ready when what was begun on the old one has ended
                retry_connect_io(host, 1 + self.kills // 4 % QUEUES)
            else:
                host.close()
                self.connect(index)

    def run(self, *extra, limit):
        """All of it until enough has happened."""
        for me in range(CONTENDERS):
            self.loop.spawn(self.contender(me))
        for index in range(CONTROLLERS):
            self.loop.spawn(self.writer(index))
        for task in extra:
            self.loop.spawn(task)
        self.loop.run(limit)

    def verdict(self):
        """The words of the test, and what the disk says; no lock may be left."""
        attempts = sum(self.won) + self.lost + sum(self.unknown)
        print(f"# {attempts} compare-and-writes from {CONTROLLERS} controllers on two ports: "
              f"{sum(self.won)} won, {self.lost} lost, {sum(self.unknown)} without an answer; up "
              f"to {self.most} in flight together, {self.together} began beside another; "
              f"{self.large} large writes, {self.kills} connections killed", flush=True)
        host = self.env.up(1)
        block = host.io[1].read(NSID, COUNTER, 1)
        wins = wins_of(block)
        check(read_disk(self.path, COUNTER * 512, 512) == block, "the disk holds another block")
        for me, (least, more) in enumerate(zip(self.won, self.unknown)):
            check(least <= wins[me] <= least + more, f"contender {me}: {least} successes reported "
                  f"and {more} unknown, the disk says {wins[me]}")
        caw(host.io[1], NSID, COUNTER, block, bytes(512))
        return sum(wins)


@case(timeout=120)
def storm(env):
    """Compare-and-writes of one block from four controllers on two ports, with large writes in
    flight, on a disk with latency so that they overlap: not an increment is lost."""
    it = Storm(env, 0.0005)
    it.run(it.stop_when(lambda: it.lost >= 1.1 * COLLISIONS, 90), limit=110)
    count = it.verdict()
    check(count == sum(it.won), f"{sum(it.won)} successes were reported, the disk counts {count}")
    check(it.lost >= COLLISIONS, f"only {it.lost} collisions, the floor is {COLLISIONS}")
    check(min(it.won) + it.lost // CONTENDERS > 0, "a contender never had a turn")
    check(it.large >= 8, f"only {it.large} large writes")


@case(timeout=120)
def storm_with_connections_killed(env):
    """The same while queues and controllers are reset and lost at random: what was reported is
    on the disk, at most what has had no answer more, and no lock is left."""
    it = Storm(env, 0.002)
    it.run(it.stop_when(lambda: it.kills >= 40 and it.lost >= COLLISIONS // 4, 60),
           it.killer(7), limit=110)
    it.verdict()
    check(it.kills >= 12, f"only {it.kills} connections were killed")
    check(sum(it.unknown), "no compare-and-write was under way when a connection was lost")
    check(it.lost >= COLLISIONS // 10, f"only {it.lost} collisions")
