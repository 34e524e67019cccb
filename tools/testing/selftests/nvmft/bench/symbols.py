# SPDX-License-Identifier: GPL-2.0
"""Where the guest's functions are, for count.c and for who reads its dumps.

The guest writes them to a disk that the host's programs read as a file: what
count.c has to know first, and all of /proc/kallsyms behind SYMBOLS_AT.
"""
import bisect
import os

DISK = "/dev/vdc"
DISK_MIB = 16
SYMBOLS_AT = 1 << 20

TARGET = ("nvmft", "nvmft_tcp", "nvmet", "nvmet_tcp", "nvmft_echo")
HOST = ("nvme", "nvme_core", "nvme_fabrics", "nvme_tcp")
IRQ = ("asm_sysvec_", "asm_exc_", "asm_common_interrupt")
# Class of a root, and its function: the first that the kernel has
SINGLE = (("S", ("handle_softirqs", "__do_softirq")),
          ("N", ("ret_from_fork_asm", "ret_from_fork")),
          ("Y", ("entry_SYSCALL_64",)))


def read():
    """(address, name, module or None) of the guest's code."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        for line in file:
            addr, kind, name, *module = line.split()
            if kind in "tTwW" and not name.startswith("__pfx_"):
                yield int(addr, 16), name, module[0].strip("[]") if module else None


def roots(table):
    """What count.c reads: class, address, name."""
    inside = {}
    kernel = {name: addr for addr, name, module in table if not module}
    for addr, name, module in table:
        if module in TARGET:
            inside.setdefault(module, []).append(addr)
            yield "T", addr, name
        elif module in HOST:
            yield "H", addr, name
        elif name.startswith(IRQ):
            yield "I", addr, name
        elif name.startswith("__x86_indirect_thunk"):
            yield "X", addr, name
    for module, addrs in inside.items():
        yield "R", min(addrs), module
        yield "r", (max(addrs) | 4095) + 1, module
    for kind, names in SINGLE:
        name = next(n for n in names if n in kernel)
        yield kind, kernel[name], name
    yield ".", 0, "end"


def put(offset, lines):
    fd = os.open(DISK, os.O_WRONLY)
    os.lseek(fd, offset, os.SEEK_SET)
    data = "".join(line + "\n" for line in lines).encode()
    while data:
        data = data[os.write(fd, data):]
    os.fsync(fd)
    os.close(fd)


def send():
    """In the guest, with all modules loaded."""
    table = list(read())
    put(0, (f"{kind} {addr:x} {name[:63]}" for kind, addr, name in roots(table)))
    put(SYMBOLS_AT, (f"{addr:x} {name} {module or 'kernel'}" for addr, name, module in table))


class Symbols:
    """On the host: functions by address."""

    def __init__(self, path):
        with open(path, "rb") as file:
            file.seek(SYMBOLS_AT)
            text = file.read().split(b"\0", 1)[0].decode()
        table = {}
        for line in text.splitlines():
            addr, name, module = line.split()
            table.setdefault(int(addr, 16), (name, module))
        self.addrs = sorted(table)
        self.names = [table[a] for a in self.addrs]
        self.known = {}

    def find(self, addr):
        """(function, module) of a place in the code."""
        if addr < 1 << 47:
            return "(load generator and libraries)", "user"
        if addr not in self.known:
            self.known[addr] = self.names[bisect.bisect_right(self.addrs, addr) - 1]
        return self.known[addr]
