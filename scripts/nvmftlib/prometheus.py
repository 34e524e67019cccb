# SPDX-License-Identifier: GPL-2.0
"""Statistics in the text form of Prometheus, for node_exporter's textfile collector."""

from typing import Any, Mapping

from . import VERSION
from .procfs import Row
from .traffic import BUCKETS, upper

Rows = Mapping[str, list[Row]]


def quoted(value: Any) -> str:
    """A label's value. Bytes that are no UTF-8 stay apart from each other: hosts choose
    their names, and two series of the same labels would spoil the whole file."""
    text = str(value)
    raw = text.encode("utf-8", "surrogateescape")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")
    return '"' + text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") + '"'


def number(value: float) -> str:
    """Whole ones whole."""
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)


class Metrics:
    """Families of samples; each comes out as one block."""

    def __init__(self) -> None:
        self.families: dict[str, list[str]] = {}

    def family(self, name: str, kind: str, text: str) -> None:
        """Those that follow under this name, or name_bucket and name_count."""
        self.families.setdefault(name, [f"# HELP {name} {text}", f"# TYPE {name} {kind}"])

    def add(self, family: str, labels: Mapping[str, Any], value: float, suffix: str = "") -> None:
        """One sample."""
        inside = ",".join(f"{key}={quoted(each)}" for key, each in labels.items())
        self.families[family].append(
            f"{family}{suffix}{{{inside}}} {number(value)}" if inside
            else f"{family}{suffix} {number(value)}")

    def gauge(self, name: str, text: str, labels: Mapping[str, Any], value: float) -> None:
        """What goes up and down."""
        self.family(name, "gauge", text)
        self.add(name, labels, value)

    def counter(self, name: str, text: str, labels: Mapping[str, Any], value: float) -> None:
        """What only goes up."""
        self.family(name, "counter", text)
        self.add(name, labels, value)

    def histogram(self, name: str, text: str, labels: Mapping[str, Any], counts: list[int]) -> None:
        """Latencies. The module keeps no sum of them, so there is none here."""
        self.family(name, "histogram", text)
        seen = 0
        for bucket, count in enumerate(counts[:BUCKETS]):
            seen += count
            self.add(name, {**labels, "le": number(upper(bucket))}, seen, "_bucket")
        self.add(name, labels, seen, "_count")

    def text(self) -> str:
        """All of it."""
        return "".join("\n".join(lines) + "\n" for lines in self.families.values()
                       if len(lines) > 2)


def by_prefix(row: Row, prefix: str) -> dict[str, int]:
    """Keys that begin so, without it; the module may have more of them later."""
    return {key.removeprefix(prefix): value for key, value in row.items()
            if key.startswith(prefix) and isinstance(value, int)}


def traffic(metrics: Metrics, what: str, labels: Mapping[str, Any], row: Row) -> None:
    """The keys that namespaces and hosts share."""
    for kind in ("read", "write", "other"):
        metrics.counter(f"nvmft_{what}_commands_total", "Commands that were answered.",
                        {**labels, "operation": kind}, row.get(f"{kind}s", 0))
    for kind in ("read", "write"):
        metrics.counter(f"nvmft_{what}_bytes_total", "Data of commands that succeeded.",
                        {**labels, "operation": kind}, row.get(f"{kind}_bytes", 0))
    metrics.counter(f"nvmft_{what}_failed_commands_total",
                    "Commands that were answered with another status than success.", labels,
                    row.get("errors", 0))
    if "qos_waits" in row:
        metrics.counter(f"nvmft_{what}_limited_commands_total", "Commands that had to wait for "
                        "a limit.", labels, row["qos_waits"])
        metrics.counter(f"nvmft_{what}_limited_seconds_total", "How long they have waited, all "
                        "together.", labels, row["qos_wait_ns"] / 1e9)


def namespaces(metrics: Metrics, rows: list[Row]) -> None:
    """The file of that name."""
    for row in rows:
        labels = {"subsystem": row.get("subsys"), "nsid": row.get("nsid")}
        metrics.gauge("nvmft_namespace_info", "A namespace and its device, always 1.",
                      {**labels, "device": row.get("device")}, 1)
        metrics.gauge("nvmft_namespace_enabled", "1 where the namespace is enabled.", labels,
                      row.get("enabled", 0))
        traffic(metrics, "namespace", labels, row)
        for kind, count in by_prefix(row, "errors_").items():
            metrics.counter("nvmft_namespace_errors_total", "Failed commands by the type of their "
                            "status code.", {**labels, "type": kind}, count)
        for kind in ("read", "write"):
            if f"{kind}_lat" in row:
                metrics.histogram("nvmft_namespace_latency_seconds", "Time from a command's "
                                  "arrival to its answer.", {**labels, "operation": kind},
                                  row[f"{kind}_lat"])


def hosts(metrics: Metrics, rows: list[Row]) -> None:
    """The file of that name."""
    for row in rows:
        labels = {"host": row.get("hostnqn")}
        metrics.gauge("nvmft_host_sessions", "Sessions that the host has.", labels,
                      row.get("sessions", 0))
        metrics.counter("nvmft_host_connects_total", "Sessions that the host has begun.", labels,
                        row.get("connects", 0))
        for reason, count in by_prefix(row, "ended_").items():
            metrics.counter("nvmft_host_sessions_ended_total", "Sessions that have ended, by "
                            "reason.", {**labels, "reason": reason}, count)
        traffic(metrics, "host", labels, row)


PORT_COUNTERS = (
    ("accepts", "nvmft_port_accepts_total", "Connections that were let in."),
    ("connects", "nvmft_port_connects_total", "Sessions that were begun."),
    ("overruns", "nvmft_port_overruns_total",
     "Connections ended for more commands than their queue takes."),
)
PORT_GROUPS = (
    ("refused_", "nvmft_port_refused_total", "reason", "Connections and Connects refused."),
    ("pdu_", "nvmft_port_pdu_errors_total", "fes", "PDUs answered by C2HTermReq, by the field "
     "FES."),
    ("ended_", "nvmft_port_connections_ended_total", "reason", "Connections that have ended, by "
     "reason."),
)


def ports(metrics: Metrics, rows: list[Row]) -> None:
    """The file of that name."""
    for row in rows:
        labels = {"port": row.get("port")}
        metrics.gauge("nvmft_port_info", "A port and its address, always 1.",
                      {**labels, **{key: row.get(key, "") for key in ("trtype", "traddr",
                                                                      "trsvcid")}}, 1)
        metrics.gauge("nvmft_port_enabled", "1 where the port listens.", labels,
                      row.get("enabled", 0))
        metrics.gauge("nvmft_port_connections", "Connections that there are.", labels,
                      row.get("connections", 0))
        for key, name, text in PORT_COUNTERS:
            metrics.counter(name, text, labels, row.get(key, 0))
        for prefix, name, label, text in PORT_GROUPS:
            for kind, count in by_prefix(row, prefix).items():
                metrics.counter(name, text, {**labels, label: kind}, count)
        for key, kind in (("hdgst_errors", "header"), ("ddgst_errors", "data")):
            metrics.counter("nvmft_port_digest_errors_total", "Digests that were wrong.",
                            {**labels, "digest": kind}, row.get(key, 0))


def sessions(metrics: Metrics, rows: list[Row]) -> None:
    """The file of that name."""
    for row in rows:
        labels = {"subsystem": row.get("subsys"), "cntlid": row.get("cntlid"),
                  "host": row.get("hostnqn")}
        metrics.gauge("nvmft_session_info", "A session, always 1.",
                      {**labels, **{key: row.get(key, "") for key in (
                          "hostid", "type", "addr", "port", "state")}}, 1)
        metrics.gauge("nvmft_session_queues", "Queue pairs, with the admin queue.", labels,
                      row.get("queues", 0))
        metrics.gauge("nvmft_session_inflight_commands", "Commands that are not answered yet.",
                      labels, row.get("inflight", 0))
        metrics.gauge("nvmft_session_age_seconds", "Since the session was begun.", labels,
                      row.get("age_ms", 0) / 1000)
        metrics.gauge("nvmft_session_keep_alive_seconds", "Keep alive timeout; 0 is none.", labels,
                      row.get("kato_ms", 0) / 1000)


def errors(metrics: Metrics, rows: list[Row]) -> None:
    """The file of that name, but for controllers: their sums are in those of their host."""
    for row in rows:
        status = {"sct": row.get("sct"), "sc": row.get("sc")}
        if row.get("object") == "namespace":
            metrics.counter("nvmft_namespace_status_total", "Failed commands by their status.",
                            {"subsystem": row.get("subsys"), "nsid": row.get("nsid"), **status},
                            row.get("count", 0))
        elif row.get("object") == "host":
            metrics.counter("nvmft_host_status_total", "Failed commands by their status.",
                            {"host": row.get("hostnqn"), **status}, row.get("count", 0))


def to_text(rows: Rows) -> str:
    """Of all files. Queues are too many and too short-lived to be series."""
    metrics = Metrics()
    metrics.gauge("nvmft_exporter_info", "The version of nvmftcli, always 1.",
                  {"version": VERSION}, 1)
    metrics.gauge("nvmft_sessions", "Sessions that there are.", {}, len(rows["sessions"]))
    for part in (namespaces, hosts, ports, sessions, errors):
        part(metrics, rows[part.__name__])
    return metrics.text()
