# SPDX-License-Identifier: GPL-2.0
"""Results of the tree's checks as KTAP: what was found comes before the verdict."""

MAX_SHOWN = 40


class Ktap:
    """Collects test points; the plan is known only when all are there."""

    def __init__(self):
        self.lines = []
        self.points = 0
        self.failed = 0

    def point(self, name, findings=(), notes=(), skip=None):
        """One test point: fails if there is a finding. Notes are only told."""
        findings = list(findings)
        self.points += 1
        for text in notes:
            self.lines.append(f"# {text}")
        for text in findings[:MAX_SHOWN]:
            self.lines.append(f"# {text}")
        if len(findings) > MAX_SHOWN:
            self.lines.append(f"# and {len(findings) - MAX_SHOWN} more")
        if findings:
            self.failed += 1
        verdict = "not ok" if findings else "ok"
        reason = f" # SKIP {skip}" if skip and not findings else ""
        self.lines.append(f"{verdict} {self.points} {name}{reason}")

    def finish(self):
        """Print everything. Return: the exit status."""
        print("KTAP version 1")
        print(f"1..{self.points}")
        print("\n".join(self.lines), flush=True)
        return 1 if self.failed else 0
