# SPDX-License-Identifier: GPL-2.0
#
# linux/nvme.h and linux/nvme-tcp.h for the protocol code in user space: copied from a
# kernel into $(B)/include, which the includer has set. Everything else that they and
# the code need is in shim/.

# In a kernel tree its own headers, else the newest installed package
HEADERS ?= $(patsubst %/linux/nvme-tcp.h,%,$(or \
	$(wildcard $(top)/include/linux/nvme-tcp.h),$(shell \
	ls -d /usr/src/linux-headers-*-common/include/linux/nvme-tcp.h \
	2>/dev/null | sort -V | tail -n 1)))
ifeq ($(HEADERS),)
$(error no linux/nvme-tcp.h: install linux-headers-amd64 or give HEADERS=<kernel>/include)
endif

real := $(B)/include/linux/nvme.h $(B)/include/linux/nvme-tcp.h

$(real): $(B)/include/linux/%: $(HEADERS)/linux/%
	@mkdir -p $(@D)
	@cp $< $@
