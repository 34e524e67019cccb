# SPDX-License-Identifier: GPL-2.0
"""What is remembered of hosts that have gone (/proc/fs/nvmft/hosts)."""

from nvmetcp import nvme
from nvmetcp.conn import Skip, check
from nvmetcp.host import settle
from nvmetcp.ktap import case

MOST = 1024
MORE = 40
NAMED = "nqn.2026-01.test.wire:remembered-"


def _hosts():
    """How many there are, and by hostnqn what is known of those of this file."""
    with open("/proc/fs/nvmft/hosts", encoding="ascii") as hosts:
        lines = [line for line in hosts if line.startswith("hostnqn=")]
    rows = [dict(field.split("=", 1) for field in line.split()) for line in lines
            if line.startswith(f"hostnqn={NAMED}")]
    return len(lines), {row["hostnqn"]: row for row in rows}


def _name(number):
    return f"{NAMED}{number}"


@case(timeout=180)
def not_lost_by_discovery(env):
    """A host that has had I/O is remembered after the discovery service was asked by more invented
    names than there is room for; of these the oldest are forgotten."""
    if not env.target.local:
        raise Skip("the target is elsewhere")
    for serving in ("first", "second"):
        host = env.up(1, hostnqn=f"{NAMED}{serving}")
        host.io[1].read(1, 0, 1)
        host.close()
    count = MOST + MORE
    for number in range(count):
        host = env.host(subnqn=nvme.DISCOVERY_NQN, hostnqn=_name(number))
        host.connect_admin()
        host.close()
    settle(0.5)
    total, hosts = _hosts()
    check(total <= MOST, f"{total} hosts are remembered")
    check(_name(count - 1) in hosts, "the latest host is not remembered")
    check(not any(_name(number) in hosts for number in range(MORE)),
          "the oldest host of the discovery service is remembered")
    for serving in ("first", "second"):
        row = hosts.get(f"{NAMED}{serving}")
        check(row, f"the {serving} host is forgotten")
        check(row["connects"] == "1" and int(row["reads"]) == 1, f"its counters: {row}")
