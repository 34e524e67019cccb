# SPDX-License-Identifier: GPL-2.0
"""From what guests have reported to rows, and from rows to text. Pure."""
import statistics

METRICS = {
    "own": "target's side", "unclear": "cannot be told apart", "whole": "whole guest",
    "iops": "I/Os per second", "p50": "median latency", "p99": "99th percentile of latency"}
BOTH = ("nvmft", "nvmet")
LARGEST = 4         # functions called by the target's code that are named


def figures(run):
    """What is compared of a run."""
    counts = run["counts"]
    found = {"own": counts.target(), "unclear": counts.unclear(), "whole": counts.total(),
             "iops": run["ios"] * 1e9 / run["ns"]}
    return {**found, **{k: run[k] for k in ("p50", "p99") if k in run}}


def remaining(counts):
    """Where nvmft's side goes: its own code, and the largest of what that calls in the kernel."""
    modules = counts.by((1,), "target", "own")
    own = sum(n for (module,), n in modules.items() if module.startswith("nvmft"))
    return {"own code": own, **dict(counts.called.most_common(LARGEST))}


def limits(runs):
    """Cost by raw to both targets and to the bare echo, reads and writes in their shares."""
    found = {}
    for name in BOTH + ("echo",):
        parts = [(r["share"], figures(r)) for r in runs if r["target"] == name]
        found[name] = {m: sum(share * f[m] for share, f in parts) for m in ("own", "whole")}
    return found


def summary(name, runs):
    """A row: medians of both targets, their ratios by rounds, and A/A.

    The spread of a ratio is that of the pairs of runs that a round consists of.
    A/A is the second run of a target in a round to its first, the median of the
    rounds; of the target where it is further from 1."""
    row = {"workload": name, "nvmft": {}, "nvmet": {}, "ratio": {}, "low": {}, "high": {}, "aa": {}}
    row["local"] = next((figures(r) for r in runs if r["target"] == "local"), None)
    by_raw = [r for r in runs if "share" in r]
    row["limit"] = limits(by_raw) if by_raw else None
    row["remaining"] = remaining(next(r["counts"] for r in runs[::-1] if "round" in r
                                      and r["target"] == "nvmft"))
    row["runs"] = [{"target": r["target"], "round": r.get("round"), **figures(r)} for r in runs]
    row["lost"] = sum(r["counts"].lost for r in runs)
    blocks = [{t: [figures(r) for r in runs if r["target"] == t and r.get("round") == n]
               for t in BOTH} for n in sorted({r["round"] for r in runs if "round" in r})]
    for metric in blocks[0]["nvmft"][0]:
        for target in BOTH:
            row[target][metric] = statistics.median(f[metric] for b in blocks for f in b[target])
        ratios = [sum(f[metric] for f in b["nvmft"]) / max(sum(f[metric] for f in b["nvmet"]), 1)
                  for b in blocks]
        row["ratio"][metric] = statistics.median(ratios)
        pairs = [a[metric] / max(b[metric], 1)
                 for block in blocks for a, b in zip(*(block[t] for t in BOTH))]
        row["low"][metric], row["high"][metric] = min(pairs), max(pairs)
        row["aa"][metric] = max(
            (statistics.median(b[t][-1][metric] / max(b[t][0][metric], 1) for b in blocks)
             for t in BOTH), key=lambda r: abs(r - 1))
    return row


def growth(runs):
    """By table and number: what both targets cost; and of memory, what both take."""
    rows = {}
    for run in runs:
        if run["table"] == "memory":
            rows.setdefault("memory", {})[run["target"]] = {
                k: run[k] for k in ("pair", "controller") if k in run}
        else:
            rows.setdefault(run["table"], {}).setdefault(str(run["n"]), {})[run["target"]] = {
                "own": run["counts"].target(), "whole": run["counts"].total()}
    if "memory" in rows:
        sockets = rows["memory"].pop("sockets")["pair"]
        rows["memory"] = {kind: dict({t: rows["memory"][t][kind] - sockets for t in BOTH},
                                     sockets=sockets) for kind in ("pair", "controller")}
    return rows


def ratio(a, b, width=6):
    return f"{a / b:{width}.3f}" if b else f"{'-':>{width}}"


def cost_lines(rows):
    yield f"{'':28} {'target side':^41}  {'whole guest':^37}"
    yield (f"{'workload':28} {'nvmft':>8} {'nvmet':>8} {'ratio':>6} {'A/A':>5} {'open':>5} {'/echo':>5} "
           f" {'nvmft':>8} {'nvmet':>8} {'ratio':>6} {'A/A':>5} {'/local':>6}")
    for row in rows:
        a, b, r, aa = row["nvmft"], row["nvmet"], row["ratio"], row["aa"]
        limit, local = row["limit"], row["local"]
        echo = ratio(limit["nvmft"]["own"], limit["echo"]["own"], 5) if limit else f"{'-':>5}"
        disk = ratio(a["whole"], local["whole"]) if local else f"{'-':>6}"
        yield (f"{row['workload']:28} {a['own']:8.0f} {b['own']:8.0f} {r['own']:6.3f} {aa['own']:5.3f}"
               f" {r['unclear']:5.2f} {echo}  {a['whole']:8.0f} {b['whole']:8.0f} {r['whole']:6.3f}"
               f" {aa['whole']:5.3f} {disk}")


def speed_lines(rows):
    yield f"{'':28} " + "  ".join(f"{title:^26}" for title in ("I/Os per second", "p50", "p99"))
    yield f"{'workload':28} " + "  ".join(f"{'ratio':>6} {'spread':>13} {'A/A':>5}" for _ in range(3))
    for row in rows:
        cells = []
        for m in ("iops", "p50", "p99"):
            spread = f"{row['low'][m]:.3f}-{row['high'][m]:.3f}" if m in row["ratio"] else ""
            cells.append(f"{row['ratio'][m]:6.3f} {spread:>13} {row['aa'][m]:5.3f}" if spread else
                         f"{'-':>6} {'-':>13} {'-':>5}")
        yield f"{row['workload']:28} " + "  ".join(cells)


def remaining_lines(rows):
    for row in rows:
        yield f"{row['workload']:28} " + "  ".join(
            f"{name} {insns:.0f}" for name, insns in row["remaining"].items())


def limit_lines(rows):
    yield f"{'':28} {'target side':^37}  {'whole guest':^37}  {'the disk alone':^22}"
    yield (f"{'workload':28} " + "  ".join(
        f"{'echo':>7} {'nvmft':>7} {'/echo':>6} {'nvmet':>7} {'/echo':>6}" for _ in range(2))
           + f"  {'local':>8} {'nvmft':>6} {'nvmet':>6}")
    for row in rows:
        if not row["limit"]:
            continue
        cells = []
        for metric in ("own", "whole"):
            echo, a, b = (row["limit"][t][metric] for t in ("echo",) + BOTH)
            cells.append(f"{echo:7.0f} {a:7.0f} {ratio(a, echo)} {b:7.0f} {ratio(b, echo)}")
        local = row["local"]["whole"]
        yield (f"{row['workload']:28} " + "  ".join(cells) + f"  {local:8.0f}"
               f" {ratio(row['nvmft']['whole'], local)} {ratio(row['nvmet']['whole'], local)}")


def growth_lines(title, rows):
    yield f"{title:24} {'target side':^25} {'whole guest':^27}"
    yield f"{'':24} {'nvmft':>8} {'nvmet':>8} {'ratio':>6}  {'nvmft':>9} {'nvmet':>9} {'ratio':>6}"
    for number, both in rows.items():
        a, b = both["nvmft"], both["nvmet"]
        yield (f"{number:>24} {a['own']:8.0f} {b['own']:8.0f} {ratio(a['own'], b['own'])}"
               f"  {a['whole']:9.0f} {b['whole']:9.0f} {ratio(a['whole'], b['whole'])}")


def memory_lines(rows):
    yield ("memory in bytes, without that of the two sockets of a connection "
           f"({rows['pair']['sockets']:.0f} for a pair)")
    yield f"{'':40} {'nvmft':>9} {'nvmet':>9} {'ratio':>6}"
    for label, kind in (("idle I/O queue pair of depth 128", "pair"),
                        ("idle controller, its admin queue", "controller")):
        a, b = (rows[kind][t] for t in BOTH)
        yield f"{label:40} {a:9.0f} {b:9.0f} {ratio(a, b)}"


def text(about):
    """All tables of a report."""
    rows = about["rows"]
    yield (f"# kernel {about['kernel']}, {about['cpus']} CPU(s) and I/O queue(s), {about['rounds']} "
           f"round(s) of A B B A, {about['date']}, nvmft at {about['commit']}, {about['seconds']} s")
    if rows:
        yield from ("", "guest instructions per I/O, or per connect and disconnect", *cost_lines(rows))
        clock = "instruction time" if about["cpus"] == 1 else "the time of this machine, which is noisy"
        yield from ("", f"nvmft / nvmet in {clock}", *speed_lines(rows))
    if any(row["limit"] for row in rows):
        yield from ("", "the limits: instructions per I/O, a program as host, with the bare TCP echo;"
                    " and the share of the disk driven locally", *limit_lines(rows))
    if rows:
        yield from ("", "where nvmft's side goes: its own code, and what that calls, callees included",
                    *remaining_lines(rows))
    for name, table in about["growth"].items():
        yield ""
        yield from memory_lines(table) if name == "memory" else growth_lines(name, table)
    if about["failed"]:
        yield from ("", "# FAILED, see above: " + " ".join(about["failed"]))
    lost = sum(row["lost"] for row in rows)
    if lost:
        yield from ("", f"# {lost} times the caller of some code was not known")
