# SPDX-License-Identifier: GPL-2.0
"""What scripts/vm boots: a kernel of the cache, its initrd and its modules."""

import glob
import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

DISK_FORMAT = 1         # counts up when Kernel.prepare() changes what it makes


class Unusable(Exception):
    """Wrong use, or something needed is not there."""


def say(text):
    print(f"vm: {text}", file=sys.stderr, flush=True)


def cache_dir():
    home = os.environ.get("HOME", "/root")
    base = os.environ.get("XDG_CACHE_HOME", os.path.join(home, ".cache"))
    return os.environ.get("NVMFT_CACHE", os.path.join(base, "nvmft"))


def time_factor():
    """How many times longer everything may take, because this machine is slow or busy."""
    word = os.environ.get("NVMFT_TIME_FACTOR") or "1"
    if not re.fullmatch("[1-9][0-9]?", word):
        raise Unusable(f"NVMFT_TIME_FACTOR={word}: not a number from 1 to 99")
    return int(word)


def cpio_entry(ino, name, mode, data):
    fields = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)


def cpio(path, entries):
    """Appends a newc archive; entries are (name, mode, bytes), parents first."""
    with open(path, "ab") as out:
        for ino, (name, mode, data) in enumerate(entries, 1):
            out.write(cpio_entry(ino, name, mode, data))
        out.write(cpio_entry(0, "TRAILER!!!", 0, b""))
        out.write(b"\0" * (-out.tell() % 512))


def directory(name):
    return (name, stat.S_IFDIR | 0o755, b"")


def parents(name):
    parts = name.split("/")[:-1]
    return [directory("/".join(parts[:n])) for n in range(1, len(parts) + 1)]


def tree(source, target):
    """cpio entries of a file or folder of this machine, as TARGET in the guest."""
    if os.path.islink(source):
        yield (target, stat.S_IFLNK | 0o777, os.readlink(source).encode())
    elif os.path.isdir(source):
        yield directory(target)
        for name in sorted(os.listdir(source)):
            if name not in (".git", "__pycache__"):
                yield from tree(os.path.join(source, name), f"{target}/{name}")
    elif os.path.isfile(source):
        with open(source, "rb") as file:
            mode = stat.S_IMODE(os.stat(source).st_mode)
            yield (target, stat.S_IFREG | mode, file.read())
    elif not os.path.exists(source):
        raise Unusable(f"no such file: {source}")


def kernel_names():
    """Those in drivers/nvmft/compat/RANGE, oldest first."""
    top = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    with open(os.path.join(top, "drivers/nvmft/compat/RANGE")) as file:
        return [line.split()[0] for line in file if line[0] not in "#\n"]


def kernel_folder(name, cache):
    return name if "/" in name else os.path.join(cache, "kernels", name)


def kernel_options(name, cache):
    """What scripts/vm's command line begins with for this kernel."""
    try:
        with open(os.path.join(kernel_folder(name, cache), "vm-options")) as file:
            return file.read().split()
    except OSError:
        return []


class Kernel:
    """An unpacked linux-image package: boot/vmlinuz-R and lib/modules/R."""

    def __init__(self, name, cache):
        root = kernel_folder(name, cache)
        self.root = os.path.realpath(root)
        images = glob.glob(os.path.join(self.root, "boot", "vmlinuz-*"))
        if len(images) != 1:
            raise Unusable(f"no kernel in {root} (boot/vmlinuz-*); run scripts/kernel get NAME")
        self.image = images[0]
        self.release = os.path.basename(self.image)[len("vmlinuz-"):]
        self.modules = os.path.join(self.root, "lib/modules", self.release)
        if not os.path.exists(os.path.join(self.modules, "modules.dep")):
            raise Unusable(f"{self.modules}/modules.dep is missing; run depmod -b {self.root} {self.release}")
        made = [os.stat(f).st_mtime_ns for f in (self.image, self.modules + "/modules.dep")]
        key = hashlib.sha256(f"{DISK_FORMAT} {self.image} {made}".encode()).hexdigest()
        self.cache = os.path.join(cache, "vm", f"{self.release}-{key[:12]}")

    def boot_modules(self):
        """Paths below self.modules of what the initrd loads, in loading order."""
        deps = {}
        with open(os.path.join(self.modules, "modules.dep")) as file:
            for line in file:
                path, _, needs = line.partition(":")
                deps[path.strip()] = needs.split()
        by_name = {os.path.basename(p).split(".ko")[0]: p for p in deps}
        order = []
        for name in ("virtio_pci", "virtio_blk", "overlay", "ext4"):
            path = by_name.get(name)     # built in otherwise
            for item in (list(reversed(deps[path])) + [path]) if path else ():
                if item not in order:
                    order.append(item)
        return order

    def prepare(self):
        """The first part of the initrd and the module disk, made once."""
        if os.path.isdir(self.cache):
            return
        busybox = shutil.which("busybox")
        if not busybox:
            raise Unusable("busybox is missing; run scripts/deps")
        say(f"preparing to boot {self.release}")
        os.makedirs(os.path.dirname(self.cache), exist_ok=True)
        tmp = tempfile.mkdtemp(dir=os.path.dirname(self.cache))
        entries = [directory(d) for d in
                   ("bin", "dev", "proc", "base", "mods", "rw", "root", "boot-modules")]
        entries += tree(busybox, "bin/busybox")
        names = []
        for path in self.boot_modules():
            with open(os.path.join(self.modules, path), "rb") as file:
                data = file.read()
            if path.endswith(".xz"):
                data = lzma.decompress(data)
            names.append(os.path.basename(path).removesuffix(".xz"))
            entries.append((f"boot-modules/{names[-1]}", stat.S_IFREG | 0o644, data))
        order = "".join(n + "\n" for n in names).encode()
        entries.append(("boot-modules/order", stat.S_IFREG | 0o644, order))
        cpio(os.path.join(tmp, "initrd"), entries)
        stage = os.path.join(tmp, "stage", "usr/lib/modules")
        os.makedirs(stage)
        subprocess.run(["cp", "-a", self.modules, stage], check=True)
        size = int(subprocess.check_output(["du", "-sm", stage]).split()[0])
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0",
                        "-d", os.path.join(tmp, "stage"), os.path.join(tmp, "modules.img"),
                        f"{size + size // 4 + 16}M"], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(os.path.join(tmp, "stage"))
        try:
            os.rename(tmp, self.cache)
        except OSError:         # someone else was as quick
            shutil.rmtree(tmp)

    def extra_modules(self, folder, scratch):
        """cpio entries that add FOLDER's modules, known to modprobe, to the guest."""
        files = glob.glob(os.path.join(folder, "**/*.ko"), recursive=True)
        if not files:
            raise Unusable(f"--modules {folder}: no .ko there")
        base = os.path.join(scratch, "lib/modules")
        os.makedirs(base)
        subprocess.run(["cp", "-as", self.modules, base], check=True)
        target = os.path.join(base, self.release)
        for old in glob.glob(os.path.join(target, "modules.*")):
            if not re.search(r"modules\.(order|builtin)", old):
                os.remove(old)
        os.mkdir(os.path.join(target, "extra"))
        for file in files:
            shutil.copy(file, os.path.join(target, "extra"))
        subprocess.run(["depmod", "-b", scratch, self.release], check=True)
        inside = f"overlay/usr/lib/modules/{self.release}"
        yield from parents(inside + "/x")
        yield from tree(os.path.join(target, "extra"), inside + "/extra")
        for index in sorted(glob.glob(os.path.join(target, "modules.*"))):
            if not os.path.islink(index):
                yield from tree(index, f"{inside}/{os.path.basename(index)}")
