# SPDX-License-Identifier: GPL-2.0
#
# nvmft: an NVMe over TCP target for Linux.
#
#   make            build nvmft.ko and nvmft-tcp.ko
#   make install    put them where modprobe finds them
#   make demo       show the whole thing in a virtual machine (as root)
#   make check      run every test (as root)
#   make check-mutants  plant faults in a copy of the source; tests have to find them
#
# KDIR names the kernel build folder.  W=1, C=1, CF=, LLVM=1 and V=1 mean what
# they mean to kbuild.

SRC := $(CURDIR)/drivers/nvmft

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
ifeq ($(KDIR),)
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
	$(MAKE) -C $(KDIR) M=$(SRC) modules

# Without a System.map in KDIR (Debian's headers have none) modules_install
# skips depmod, and then modprobe would not find the modules. Nor have they the
# key of Debian's own modules: README.md says how to sign with yours.
install: modules
	$(MAKE) -C $(KDIR) M=$(SRC) CONFIG_MODULE_SIG_ALL= modules_install
	depmod -b "$(or $(INSTALL_MOD_PATH),/)" \
		"$$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)"

clean: kdir
	$(MAKE) -C $(KDIR) M=$(SRC) clean
	$(MAKE) -C tools/testing/selftests/nvmft clean

# The packages, the guest's kernel and the guest's disk image.
deps:
	scripts/deps
	scripts/guest-image

demo: deps
	scripts/demo

check: deps
	scripts/check $(SUITES)

# MUTANTS="WORD...": those whose names contain one.
check-mutants: deps
	scripts/check-mutants $(MUTANTS)

help:
	@sed -n 's/^#   //p' Makefile

.PHONY: all kdir modules install clean deps demo check check-mutants help
