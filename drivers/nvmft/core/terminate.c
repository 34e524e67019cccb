// SPDX-License-Identifier: GPL-2.0
/* An administrator ends sessions. */
#include <linux/string_helpers.h>
#include "core/ctrl.h"
#include "core/proc.h"

/* Which sessions; NULL and -1: any */
struct selection {
	const char	*subsys;
	const char	*host;
	int		cntlid;
};

/* The value of "key=value", unescaped, or NULL: it is not this key or has no value. */
static char *value_of(char *field, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(field, key, len) || field[len] != '=' || !field[len + 1])
		return NULL;
	field += len + 1;
	string_unescape_inplace(field, UNESCAPE_OCTAL);
	return field;
}

static int parse_field(char *field, struct selection *sel)
{
	char *value;
	u16 cntlid;

	value = value_of(field, "subsys");
	if (value && !sel->subsys) {
		sel->subsys = value;
		return 0;
	}
	value = value_of(field, "host");
	if (value && !sel->host) {
		sel->host = value;
		return 0;
	}
	value = value_of(field, "cntlid");
	if (value && sel->cntlid < 0 && !kstrtou16(value, 10, &cntlid)) {
		sel->cntlid = cntlid;
		return 0;
	}
	return -EINVAL;
}

static int parse(char *line, struct selection *sel)
{
	char *field;

	line = strim(line);
	if (!strcmp(line, "all"))
		return 0;
	while ((field = strsep(&line, " \t\n"))) {
		if (*field && parse_field(field, sel))
			return -EINVAL;
	}
	/* One name: a controller id means nothing without its subsystem. */
	if (!sel->subsys == !sel->host || (sel->cntlid >= 0 && !sel->subsys))
		return -EINVAL;
	return 0;
}

static bool selected(const struct nvmft_ctrl *ctrl, const struct selection *sel)
{
	return (!sel->subsys || !strcmp(ctrl->subsys->nqn, sel->subsys)) &&
	       (!sel->host || !strcmp(ctrl->hostnqn, sel->host)) &&
	       (sel->cntlid < 0 || ctrl->cntlid == sel->cntlid);
}

int nvmft_terminate(char *line)
{
	struct selection sel = { .cntlid = -1 };
	const char *name;
	struct nvmft_ctrl *ctrl;
	unsigned int nr = 0;

	if (parse(line, &sel))
		return -EINVAL;
	/* The discovery NQN may be changing. */
	down_read(&nvmft_config_sem);
	mutex_lock(&nvmft_stat_lock);
	list_for_each_entry(ctrl, &nvmft_sessions, session)
		if (selected(ctrl, &sel))
			nr += nvmft_ctrl_end(ctrl, NVMFT_END_TERMINATED,
					     "terminated by an administrator");
	mutex_unlock(&nvmft_stat_lock);
	up_read(&nvmft_config_sem);
	if (!nr)
		return -ENOENT;
	name = sel.subsys ?: sel.host ?: "all";
	pr_info("nvmft: terminate: %*pE: %u sessions\n", (int)strlen(name), name, nr);
	return 0;
}
