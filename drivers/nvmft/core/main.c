// SPDX-License-Identifier: GPL-2.0
/* nvmft.ko: init and exit. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include "core/backend.h"
#include "core/configfs.h"
#include "core/ctrl.h"
#include "core/debugfs.h"
#include "core/ns.h"
#include "core/proc.h"

static int __init nvmft_init(void)
{
	int err;

	err = nvmft_backend_init();
	if (err)
		return err;
	err = nvmft_debugfs_init();
	if (err)
		goto out_backend;
	err = nvmft_ctrl_init();
	if (err)
		goto out_debugfs;
	err = nvmft_discovery_init();
	if (err)
		goto out_ctrl;
	err = nvmft_proc_init();
	if (err)
		goto out_discovery;
	err = nvmft_configfs_init();
	if (err)
		goto out_proc;
	return 0;

out_proc:
	nvmft_proc_exit();
out_discovery:
	nvmft_discovery_exit();
out_ctrl:
	nvmft_ctrl_exit();
out_debugfs:
	nvmft_debugfs_exit();
out_backend:
	nvmft_backend_exit();
	return err;
}

/* No transport is loaded any more, so there is no queue and no controller. */
static void __exit nvmft_exit(void)
{
	nvmft_configfs_exit();
	nvmft_proc_exit();
	/* Namespaces are freed after a grace period. */
	rcu_barrier();
	nvmft_ns_watch_exit();
	nvmft_discovery_exit();
	nvmft_ctrl_exit();
	nvmft_debugfs_exit();
	nvmft_backend_exit();
	nvmft_stat_exit();
}

module_init(nvmft_init);
module_exit(nvmft_exit);

MODULE_DESCRIPTION("NVMe over Fabrics target");
MODULE_LICENSE("GPL");
