// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin that counts the guest's instructions by where they are and by
 * whose they are.
 *
 * QEMU executes blocks; a block's count goes up by its number of instructions
 * whenever it is entered. (In instruction time a string instruction with a repeat
 * prefix is a block entered anew for each repetition, so it needs no counter of
 * its own.) Whose a block is follows from the calls that led to it: every task
 * has a stack of the roots that it is in. A root is a function that the guest has
 * named, with a class: of the target, of the host, a softirq, an interrupt.
 * Entering one pushes it. It is popped when the task has returned more often than
 * it has called since, which tail calls do not disturb. So a callee counts for its
 * caller, whichever task runs it: both targets' work items and the host's share
 * kernel threads.
 *
 * Tasks are told apart by the address from which __switch_to_asm() loads the
 * next one's stack pointer; the plugin interface shows no register.
 *
 * The guest steers by executing a no-op with a number in it, see mark.h. "Setup"
 * reads the roots from the file that backs one of the guest's disks.
 *
 * Needs a single-threaded TCG (-icount): there is no lock.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mark.h"
#include "qemu_plugin.h"

#define EXPORT		__attribute__((visibility("default")))
#define MAX_VCPUS	16
#define MAX_DEPTH	16
#define MAX_ROOTS	8192
#define TASK_BUCKETS	4096
#define INSN_BYTES	16

/* In the order of counts.py's SIDES */
enum side { OTHER, HOST, TARGET, SIDES };
/* Own code; a kernel thread between two work items; softirq; interrupt: its KINDS */
enum kind { OWN, LOOP, SOFTIRQ, IRQ, KINDS };

struct root {
	uint64_t addr;
	/*
	 * T, H, S, I; N where a new task begins, Y where a system call does; and, which
	 * are no roots, R and r at the begin and the end of the target's code, X for
	 * what only leads elsewhere
	 */
	char class;
	char name[64];
	uint64_t calls;
	uint64_t insns;		/* spent with this one on top of the stack */
};

struct block {
	struct block *next;
	uint64_t addr;
	uint32_t insns;
	bool inside;		/* the target's own code */
	bool through;		/* an indirect call's thunk */
	struct root *root;
	uint64_t calls;		/* that the target made to it */
	uint64_t called;	/* instructions of these, callees included */
	uint64_t count[SIDES * KINDS];
};

struct frame {
	char class;		/* of the root; C for what the target's code has called */
	struct root *root;	/* C: of the frame below */
	struct block *callee;	/* C */
	int calls;		/* of the task, when it was entered */
};

struct task {
	struct task *next;
	uint64_t id;
	unsigned int depth;
	int calls;		/* in the kernel, that have not returned */
	enum side side;		/* without a frame */
	enum kind kind;
	bool fixed;
	unsigned int owner;	/* index of block.count */
	struct frame frames[MAX_DEPTH];
};

EXPORT int qemu_plugin_version = QEMU_PLUGIN_API;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

static struct task *running[MAX_VCPUS];
static struct task *tasks[TASK_BUCKETS];
static struct block *blocks;
static struct root roots[MAX_ROOTS];
static size_t nr_roots;
static unsigned int dumps;
static uint64_t lost, switches;
static const char *setup_file, *dump_prefix;

static struct task *find_task(uint64_t id)
{
	struct task **bucket = &tasks[(id >> 6) % TASK_BUCKETS];
	struct task *task;

	for (task = *bucket; task; task = task->next)
		if (task->id == id)
			return task;
	task = calloc(1, sizeof(*task));
	if (!task)
		abort();
	task->id = id;
	task->next = *bucket;
	*bucket = task;
	return task;
}

static void set_owner(struct task *task)
{
	enum side side = task->side;
	enum kind kind = task->kind;
	unsigned int i;

	for (i = 0; i < task->depth; i++) {
		switch (task->frames[i].class) {
		case 'T':
			side = TARGET;
			kind = OWN;
			break;
		case 'H':
			side = HOST;
			kind = OWN;
			break;
		case 'S':
			kind = SOFTIRQ;
			break;
		case 'I':
			kind = IRQ;
			break;
		}
	}
	task->owner = side * KINDS + kind;
}

static void pop_to(struct task *task, unsigned int depth)
{
	/* What a worker thread does between work items goes with the last one. */
	if (!depth && !task->fixed) {
		char class = task->frames[0].class;

		if (class == 'T' || class == 'H') {
			task->side = class == 'T' ? TARGET : HOST;
			task->kind = LOOP;
		}
	}
	task->depth = depth;
	set_owner(task);
}

static struct frame *top(struct task *task)
{
	return task->depth ? &task->frames[task->depth - 1] : NULL;
}

static void push(struct task *task, char class, struct root *root, struct block *callee)
{
	if (task->depth == MAX_DEPTH) {
		lost++;
		return;
	}
	task->frames[task->depth++] = (struct frame){
		.class = class, .root = root, .callee = callee,
		.calls = task->calls,
	};
	set_owner(task);
}

static void enter(struct task *task, struct root *root)
{
	struct frame *frame = top(task);

	if (root->class == 'Y') {
		if (frame) {
			lost++;
			pop_to(task, 0);
		}
		task->calls = 0;
	} else if (root->class == 'N') {
		task->depth = 0;
		task->calls = 0;
		task->side = OTHER;
		task->kind = OWN;
		task->fixed = false;
		set_owner(task);
	} else if (!frame || frame->class != root->class || root->class == 'I') {
		root->calls++;
		push(task, root->class, root, NULL);
	}
}

/* Whatever the target's own code calls is accounted to the function called too. */
static void track_callee(struct task *task, struct block *block)
{
	struct frame *frame = top(task);

	if (!frame)
		return;
	if (frame->class == 'C' && block->inside) {
		pop_to(task, task->depth - 1);
	} else if (frame->class == 'T' && !block->inside && !block->through) {
		block->calls++;
		push(task, 'C', frame->root, block);
	}
}

static void on_call(unsigned int vcpu, void *data)
{
	running[vcpu]->calls++;
}

static void on_ret(unsigned int vcpu, void *data)
{
	struct task *task = running[vcpu];
	unsigned int depth = task->depth;

	task->calls--;
	while (depth && task->frames[depth - 1].class != 'I' &&
	       task->calls < task->frames[depth - 1].calls)
		depth--;
	if (depth != task->depth)
		pop_to(task, depth);
}

static void on_iret(unsigned int vcpu, void *data)
{
	struct task *task = running[vcpu];
	unsigned int i = task->depth;

	while (i-- > 0) {
		if (task->frames[i].class != 'I')
			continue;
		task->calls = task->frames[i].calls;
		pop_to(task, i);
		return;
	}
}

static void on_block(unsigned int vcpu, void *data)
{
	struct block *block = data;
	struct task *task = running[vcpu];
	struct frame *frame;

	if (block->root)
		enter(task, block->root);
	track_callee(task, block);
	block->count[task->owner] += block->insns;
	frame = top(task);
	if (frame) {
		frame->root->insns += block->insns;
		if (frame->callee)
			frame->callee->called += block->insns;
	}
}

static void on_switch(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *data)
{
	struct task *task = running[vcpu];
	unsigned int i;

	/* No softirq sleeps: one that seems to has lost its return. */
	for (i = 0; i < task->depth; i++) {
		if (task->frames[i].class == 'S') {
			pop_to(task, i);
			lost++;
			break;
		}
	}
	switches++;
	running[vcpu] = find_task(vaddr);
}

static int by_addr(const void *a, const void *b)
{
	uint64_t x = ((const struct root *)a)->addr, y = ((const struct root *)b)->addr;

	return x < y ? -1 : x > y;
}

/* What the guest has told of the place where a block is */
static void locate(struct block *block)
{
	size_t low = 0, high = nr_roots, i;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (roots[mid].addr < block->addr)
			low = mid + 1;
		else
			high = mid;
	}
	block->root = NULL;
	block->inside = block->through = false;
	for (i = low; i < nr_roots && roots[i].addr == block->addr; i++) {
		if (roots[i].class == 'X')
			block->through = true;
		else if (roots[i].class != 'R' && roots[i].class != 'r')
			block->root = &roots[i];
	}
	for (i = 0; i < nr_roots && roots[i].addr <= block->addr; i++) {
		if (roots[i].class == 'R')
			block->inside = true;
		else if (roots[i].class == 'r')
			block->inside = false;
	}
}

static void setup(void)
{
	FILE *file = fopen(setup_file, "r");
	struct root *root = NULL;
	struct block *block;

	if (!file) {
		perror(setup_file);
		abort();
	}
	for (nr_roots = 0; nr_roots < MAX_ROOTS; nr_roots++) {
		root = &roots[nr_roots];
		memset(root, 0, sizeof(*root));
		if (fscanf(file, "%c %" SCNx64 " %63s\n", &root->class, &root->addr,
			   root->name) != 3 || root->class == '.')
			break;
	}
	if (nr_roots == MAX_ROOTS || root->class != '.') {
		fprintf(stderr, "count: %s: no end after %zu roots\n", setup_file, nr_roots);
		abort();
	}
	fclose(file);
	qsort(roots, nr_roots, sizeof(*roots), by_addr);
	for (block = blocks; block; block = block->next)
		locate(block);
}

static void start(void)
{
	struct block *block;
	size_t i;

	for (block = blocks; block; block = block->next) {
		memset(block->count, 0, sizeof(block->count));
		block->calls = block->called = 0;
	}
	for (i = 0; i < nr_roots; i++)
		roots[i].calls = roots[i].insns = 0;
	lost = 0;
	switches = 0;
}

static void take_for_host(struct task *task)
{
	task->side = HOST;
	task->kind = OWN;
	task->fixed = true;
	set_owner(task);
}

static void stop(void)
{
	struct block *block;
	char name[4096];
	FILE *file;
	size_t i;

	snprintf(name, sizeof(name), "%s.%u", dump_prefix, dumps++);
	file = fopen(name, "w");
	if (!file) {
		perror(name);
		abort();
	}
	fprintf(file, "total switches %" PRIu64 " lost %" PRIu64 "\n", switches, lost);
	for (i = 0; i < nr_roots; i++)
		if (roots[i].insns)
			fprintf(file, "root %c %s %" PRIu64 " %" PRIu64 "\n", roots[i].class,
				roots[i].name, roots[i].calls, roots[i].insns);
	for (block = blocks; block; block = block->next) {
		if (block->called)
			fprintf(file, "call %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", block->addr,
				block->calls, block->called);
		for (i = 0; i < SIDES * KINDS; i++)
			if (block->count[i])
				fprintf(file, "%" PRIx64 " %zu %" PRIu64 "\n", block->addr, i,
					block->count[i]);
	}
	fclose(file);
}

static void on_mark(unsigned int vcpu, void *data)
{
	switch ((uintptr_t)data) {
	case MARK_SETUP:
		setup();
		break;
	case MARK_START:
		start();
		break;
	case MARK_STOP:
		stop();
		break;
	case MARK_HOST:
		take_for_host(running[vcpu]);
		break;
	}
}

/* The first bytes of an instruction, the rest zero */
static size_t get_insn(const struct qemu_plugin_insn *insn, uint8_t *bytes)
{
	size_t size = qemu_plugin_insn_size(insn);

	memset(bytes, 0, INSN_BYTES);
	if (size > INSN_BYTES)
		size = INSN_BYTES;
#if QEMU_PLUGIN_API < 3
	memcpy(bytes, qemu_plugin_insn_data(insn), size);
#else
	qemu_plugin_insn_data(insn, bytes, size);
#endif
	return size;
}

static bool is_call(const uint8_t *bytes)
{
	while ((*bytes & 0xf0) == 0x40 || *bytes == 0x65 || *bytes == 0x2e || *bytes == 0x66 ||
	       *bytes == 0x67)
		bytes++;
	return *bytes == 0xe8 || (*bytes == 0xff && (bytes[1] >> 3 & 7) == 2);
}

/* Of the kernel; programs call and return as they like. */
static void watch_calls(struct qemu_plugin_insn *insn, const uint8_t *bytes, size_t size)
{
	qemu_plugin_exec_fn fn = NULL;

	if (!(qemu_plugin_insn_vaddr(insn) >> 63))
		return;
	if (is_call(bytes))
		fn = on_call;
	else if (bytes[0] == 0xc3 || bytes[0] == 0xc2 || (bytes[0] == 0xf3 && bytes[1] == 0xc3))
		fn = on_ret;
	else if (size == 2 && bytes[0] == 0x48 && bytes[1] == 0xcf)
		fn = on_iret;
	if (fn)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, fn, QEMU_PLUGIN_NO_REGS, NULL);
}

/* mov %rsp,N(%rdi) and then mov N(%rsi),%rsp */
static bool is_switch(const uint8_t *last, const uint8_t *bytes)
{
	return last[0] == 0x48 && last[1] == 0x89 && last[2] == 0xa7 &&
	       bytes[0] == 0x48 && bytes[1] == 0x8b && bytes[2] == 0xa6 &&
	       !memcmp(last + 3, bytes + 3, 4);
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, size, n = qemu_plugin_tb_n_insns(tb);
	struct block *block = calloc(1, sizeof(*block));
	uint8_t bytes[INSN_BYTES] = { 0 }, last[INSN_BYTES] = { 0 };
	struct qemu_plugin_insn *insn;
	uint32_t mark;

	if (!block)
		abort();
	block->addr = qemu_plugin_tb_vaddr(tb);
	block->insns = n;
	locate(block);
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_NO_REGS, block);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		memcpy(last, bytes, sizeof(last));
		size = get_insn(insn, bytes);
		memcpy(&mark, bytes + 3, sizeof(mark));
		watch_calls(insn, bytes, size);
		if (is_switch(last, bytes))
			qemu_plugin_register_vcpu_mem_cb(insn, on_switch, QEMU_PLUGIN_NO_REGS,
							 QEMU_PLUGIN_MEM_ANY, NULL);
		if (size == 7 && bytes[0] == 0x0f && bytes[1] == 0x1f && bytes[2] == 0x80 &&
		    mark >> 8 == MARK_MAGIC)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_NO_REGS,
							       (void *)(uintptr_t)(mark & 0xff));
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "setup=", 6))
			setup_file = strdup(argv[i] + 6);
		else if (!strncmp(argv[i], "dump=", 5))
			dump_prefix = strdup(argv[i] + 5);
	}
	if (!setup_file || !dump_prefix) {
		fprintf(stderr, "count: needs setup=FILE,dump=PREFIX\n");
		return 1;
	}
	/* Until the first switch a CPU's task has no address that is known. */
	for (i = 0; i < MAX_VCPUS; i++)
		running[i] = find_task(i);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
