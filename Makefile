# SPDX-License-Identifier: GPL-2.0
#
# nvmft: an NVMe over TCP target for Linux.
#
#   make            build nvmft.ko and nvmft-tcp.ko
#   make install    put them where modprobe finds them
#   make demo       show the whole thing in a virtual machine (as root)
#   make check      run the tests: all on Linux 6.1, some on the others and on a
#                   kernel that looks for bugs (as root; most of an hour)
#   make check-all  run every test on every kernel (as root; hours)
#   make check-mixed    each kernel's host against the target on each kernel
#   make check-detectors    plant faults on the debug kernels; they have to see them
#   make fuzz-kernel    a hostile host in a guest: SEED=1 COUNT=1000000 (changed PDUs), KERNEL=debug;
#                   CASE=7 is one script of it again (as root)
#   make bench      compare with the kernel's own target: WORKLOAD="main", or see
#                   tools/testing/selftests/nvmft/bench/bench.py --help (as root);
#                   ARGS=--check: fail if a goal is not met
#   make bench-docs    for the figures in Documentation/nvmft, on every kernel
#   make profile    instructions per I/O by function: WORKLOAD=4k-randread-qd1
#   make fuzz       fuzz the protocol code: TIME=600 seconds, TARGETS="pdu rx"
#   make soak       the long forms of the tests, mixed: HOURS=8 (as root)
#   make check-mutants  plant faults in a copy of the source; tests have to find them
#   make deb        Debian packages nvmft-dkms and nvmftcli, into dist/
#   make dkms       build and install the modules by DKMS (as root); RELEASE= for another kernel
#   make htmldocs   the manual as HTML, into dist/html (HTML= for another folder)
#   make install-tool   nvmftcli with its manuals and units (DESTDIR=)
#
# KDIR names the kernel build folder.  W=1, C=1, CF=, LLVM=1 and V=1 mean what
# they mean to kbuild.  KERNEL=6.1, 6.12 or 7.3 is one of Debian's kernels that
# scripts/kernel fetches: "make modules KERNEL=7.3", "make check KERNEL=6.12".
# KERNEL=debug and KERNEL=kcsan are those that scripts/debug-kernel builds.
# SUITES="build func" are single suites of "make check"; scripts/check --help.

SRC := $(CURDIR)/drivers/nvmft

ifdef KERNEL
KDIR = $(error KERNEL=$(KERNEL) has its own)
KBUILD = scripts/kernel make $(KERNEL)
else
KBUILD = $(MAKE) -C $(KDIR)
endif

# The running kernel's build folder; a container or a build host has none, so
# then the newest installed headers package.
ifndef KDIR
running := $(shell uname -r)
KDIR := $(firstword $(patsubst %/Makefile,%, \
	$(wildcard /lib/modules/$(running)/build/Makefile)))
ifeq ($(KDIR),)
KDIR := $(patsubst %/.config,%,$(shell ls -d /usr/src/linux-headers-*/.config \
	2>/dev/null | sort -V | tail -n 1))
KDIR_GUESSED := y
endif
endif

all: modules

# Says which headers were taken, or which package to install.
kdir:
ifdef KERNEL
	scripts/kernel get $(KERNEL)
else ifeq ($(KDIR),)
	@echo >&2 "nvmft: no kernel headers for the running kernel ($(running)) and none in /usr/src."
	@echo >&2 "nvmft: install them with: apt install linux-headers-amd64"
	@echo >&2 "nvmft: (on a cloud image: apt install linux-headers-cloud-amd64), or give KDIR=<kernel build folder>"
	@false
else
ifdef KDIR_GUESSED
	@echo "nvmft: no headers for the running kernel ($(running)); building against $(KDIR)"
endif
	@test -e "$(KDIR)/Makefile" || { \
		echo >&2 "nvmft: KDIR=$(KDIR) is not a kernel build folder"; false; }
endif

modules: kdir
	+$(KBUILD) M=$(SRC) $(BTF) modules

# Type information of modules is made by pahole. Newer headers from Debian ask for it
# and do not bring it; without, the modules are built without.
ifeq ($(shell command -v pahole),)
BTF := CONFIG_DEBUG_INFO_BTF_MODULES=
endif

# Without a System.map in KDIR (Debian's headers have none) modules_install
# skips depmod, and then modprobe would not find the modules. Nor have they the
# key of Debian's own modules: README.md says how to sign with yours.
install: modules
	$(if $(KERNEL),$(error install is for the kernel of KDIR; KERNEL=$(KERNEL) is only built and tested))
	$(MAKE) -C $(KDIR) M=$(SRC) CONFIG_MODULE_SIG_ALL= modules_install
	depmod -b "$(or $(INSTALL_MOD_PATH),/)" \
		"$$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)"

clean: kdir
	+$(KBUILD) M=$(SRC) clean
	$(MAKE) -C tools/testing/selftests/nvmft clean

VERSION := $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' scripts/nvmftlib/__init__.py)
SHARE := $(DESTDIR)/usr/share
UNITS := $(DESTDIR)/lib/systemd/system
OCF := $(DESTDIR)/usr/lib/ocf/resource.d/nvmft

# The tool's modules lie beside it; /usr/sbin has a link.
install-tool:
	install -d $(DESTDIR)/usr/sbin $(SHARE)/nvmftcli/nvmftlib $(UNITS) $(OCF) \
		$(SHARE)/bash-completion/completions
	install -m 755 scripts/nvmftcli $(SHARE)/nvmftcli/nvmftcli
	install -m 644 scripts/nvmftlib/*.py $(SHARE)/nvmftcli/nvmftlib
	ln -sf ../share/nvmftcli/nvmftcli $(DESTDIR)/usr/sbin/nvmftcli
	install -m 644 packaging/nvmft.service packaging/nvmft-restore.service $(UNITS)
	install -m 644 packaging/completion.bash $(SHARE)/bash-completion/completions/nvmftcli
	install -m 755 $(addprefix packaging/ocf/nvmft-,subsystem namespace port) $(OCF)
	install -m 644 packaging/ocf/nvmft-lib.sh $(OCF)
	for page in Documentation/man/*.[58]; do \
		install -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/}; done

# What DKMS builds from; a tree that has been built in is no source.
DKMS_SOURCE := $(DESTDIR)/usr/src/nvmft-$(VERSION)
install-dkms-source:
	install -d $(DKMS_SOURCE) $(DESTDIR)/usr/lib/modules-load.d
	tar -C $(SRC) --exclude='*.o' --exclude='.*.cmd' --exclude='*.ko' --exclude='*.mod' \
		--exclude='*.mod.c' --exclude='*.o.d' --exclude=modules.order \
		--exclude=Module.symvers --exclude=generated -cf - . | \
		tar -C $(DKMS_SOURCE) --no-same-owner -xf -
	install -m 644 packaging/modules-load.conf $(DESTDIR)/usr/lib/modules-load.d/nvmft.conf
	for page in Documentation/man/*.4; do \
		install -D -m 644 $$page $(SHARE)/man/man4/$${page##*/}; done

dkms: install-dkms-source
	sed 's/#MODULE_VERSION#/$(VERSION)/' packaging/dkms.conf >$(DKMS_SOURCE)/dkms.conf
	dkms install --force nvmft/$(VERSION) -k $(or $(RELEASE),$(shell uname -r))

# From a copy: dpkg-buildpackage puts its results beside its source.
deb:
	scripts/make-deb dist

# The packages, kernels, and the guest's disk image.
deps:
	scripts/deps $(KERNEL)
	scripts/guest-image

demo: deps
	scripts/demo

# Without a kernel or suites named, the other kernels are fetched or built by suites.
check: deps
	scripts/check $(addprefix --kernel=,$(KERNEL)) $(SUITES)

check-all: deps
	scripts/check --all $(SUITES)

# Each kernel's host against the target on each kernel.
check-mixed: deps
	scripts/check mixed

# Faults of each kind that the debug kernels are there to see.
check-detectors: deps
	scripts/check-detectors

# MUTANTS="WORD...": those whose names contain one.
check-mutants: deps
	scripts/check-mutants $(MUTANTS)

# Each target in turn; what breaks one is kept, and named in the end. Not in the tree,
# which is copied into guests.
FUZZ_ARGS = $(shell bash -c '. scripts/cache.sh; echo O=$$CACHE/fuzz HEADERS=$$(echo \
	$$CACHE/kernels/$$(kernel_names | head -n 1)/usr/src/linux-headers-*-common/include)')
fuzz: deps
	$(MAKE) -C tools/testing/selftests/nvmft/fuzz run $(FUZZ_ARGS)

# The kernels by ARGS="--kernel NAME..."; scripts/soak --help.
soak: deps
	scripts/soak --hours $(or $(HOURS),1) $(ARGS)

# As long as it takes, at most twelve hours.
fuzz-kernel: deps modules
	$(addprefix NVMFT_FUZZ_SEED=,$(SEED)) $(addprefix NVMFT_FUZZ_CASE=,$(CASE)) \
		NVMFT_FUZZ_COUNT=$(or $(COUNT),1000000) NVMFT_FUZZ_SECONDS=43200 \
		scripts/check-hostile $(addprefix --kernel ,$(KERNEL)) --modules $(SRC) --timeout 43500 \
		$(if $(CASE),replay,fuzz)

BENCH := tools/testing/selftests/nvmft/bench
BENCH_ARGS = $(addprefix --kernel=,$(KERNEL)) $(ARGS)

bench: deps
	$(BENCH)/bench.py $(BENCH_ARGS) $(WORKLOAD)

bench-docs: deps
	$(BENCH)/docs.sh $(KERNEL)

profile: deps
	$(BENCH)/profile.py $(BENCH_ARGS) $(WORKLOAD)

# The kernel's sources are for its Sphinx directives.
htmldocs: deps
	scripts/htmldocs $(HTML)

help:
	@sed -n 's/^#   //p' Makefile

.PHONY: all kdir modules install clean deps demo check check-all check-mixed check-detectors \
	check-mutants fuzz fuzz-kernel soak bench bench-docs profile htmldocs help install-tool install-dkms-source dkms deb
