# SPDX-License-Identifier: GPL-2.0
"""Folders of controllers in debugfs, and those who look at them for a long time."""

import contextlib
import os
import subprocess
import time

from nvmetcp import nvme, stuck
from nvmetcp.conn import PACE, Skip, check
from nvmetcp.ktap import case
from nvmetcp.steps import alive
from nvmetcp.target import get

DEBUGFS = "/sys/kernel/debug"
OTHER_NQN = "nqn.2026-01.test.wire:debugfs"


def _top(env):
    """The folder of the subsystem."""
    if not env.target.local:
        raise Skip("the target is elsewhere")
    if not os.path.isdir(f"{DEBUGFS}/nvmft"):
        subprocess.run(["mount", "-t", "debugfs", "debugfs", DEBUGFS], check=False)
    if not os.path.isdir(f"{DEBUGFS}/nvmft"):
        raise Skip("the target shows nothing in debugfs")
    return f"{DEBUGFS}/nvmft/{env.target.subnqn}"


def _soon(what, condition):
    """They come and go a moment after their controllers."""
    deadline = time.monotonic() + 5 * PACE.factor
    while not condition():
        check(time.monotonic() < deadline, what)
        time.sleep(0.02)


def _folder(env, host):
    path = f"{_top(env)}/ctrl{host.cntlid}"
    _soon(f"no {path}", lambda: os.path.exists(f"{path}/state"))
    return path


@case()
def states(env):
    """Every state that CSTS can say is shown by its word, several by several (C15)."""
    host = env.host()
    host.connect_admin()
    path = f"{_folder(env, host)}/state"
    check(get(path) == "", f"before it is enabled: {get(path)}")
    host.enable()
    check(get(path) == "ready", f"enabled: {get(path)}")
    cc = host.admin.prop_get(nvme.CC)
    host.admin.prop_set(nvme.CC, cc | 1 << 14)
    check(get(path) in ("ready|completed", "completed", "shutdown"), f"shut down: {get(path)}")
    host.close()
    _soon(f"{path} is still there", lambda: not os.path.exists(path))


def _come_and_go(env):
    """Nobody of these waits for anybody."""
    start = time.monotonic()
    for _ in range(6):
        host = env.up(1)
        alive(host.io[1])
        host.close()
    took = time.monotonic() - start
    check(took < 10 * PACE.factor, f"six hosts took {took:.1f} s")


def _sessions(env):
    with open("/proc/fs/nvmft/sessions", encoding="ascii") as sessions:
        return sum(f"subsys={env.target.subnqn} " in line for line in sessions)


@contextlib.contextmanager
def _only_id(env, cntlid):
    """The next controller gets this id."""
    subsys = env.target.subsys
    with env.target.attribute(subsys(env.target.subnqn, "attr_cntlid_min"), cntlid), \
            env.target.attribute(subsys(env.target.subnqn, "attr_cntlid_max"), cntlid):
        yield


@case(timeout=60)
def reader_that_does_not_end(env):
    """Somebody reads a file of a controller and does not come to an end. The controller goes all
    the same, and others of the subsystem come, are shown, and go. One with the same id is shown
    when the reader is done."""
    host = env.up(0)
    cntlid, folder = host.cntlid, _folder(env, host)
    with stuck.reader(f"{folder}/hostnqn"):
        before = _sessions(env)
        host.close()
        _soon("its session is still there", lambda: _sessions(env) < before)
        _come_and_go(env)
        _folder(env, env.up(0))
        with _only_id(env, cntlid):
            other = env.up(1, hostnqn=OTHER_NQN)
        check(other.cntlid == cntlid, f"controller {other.cntlid}, and not {cntlid}")
        alive(other.io[1])
    _soon("the folder is not that of the new controller",
          lambda: os.path.exists(f"{folder}/hostnqn") and get(f"{folder}/hostnqn") == OTHER_NQN)
    alive(other.io[1])
    other.close()
    _soon(f"{folder} is still there", lambda: not os.path.exists(folder))


@case(timeout=60)
def lister_that_does_not_end(env):
    """Somebody lists the folder of the subsystem and does not come to an end: controllers come and
    go, and those that are there then are shown when the lister is done."""
    first = env.up(0)
    _folder(env, first)
    with stuck.lister(_top(env)):
        _come_and_go(env)
        host = env.up(1)
        alive(host.io[1])
    _folder(env, host)
    _soon("folders of controllers that have gone",
          lambda: set(os.listdir(_top(env))) == {f"ctrl{h.cntlid}" for h in (first, host)})
