"""`make seeded`: plant each hole, run the jobs that have to notice it, print who did. Exit code 1 when one stays unseen.

python -m tests.seeded                 all holes, scanners and tests
python -m tests.seeded idor-in-a-view  some of them
python -m tests.seeded --scanners      those that scanners find, without the tests
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.seeded import ROOT, DoesNotFit, all_tests, found_by_scanners, holes, run_tests


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--scanners", action="store_true")
    chosen = parser.parse_args()
    begin = time.monotonic()
    dug = holes(chosen.names)
    if chosen.scanners:
        dug = [hole for hole in dug if hole.scanners()]
    with tempfile.TemporaryDirectory(prefix="seeded-") as name:
        folder = Path(name)
        try:
            scanned, seconds = found_by_scanners(dug, folder / "all")
            tested = {} if chosen.scanners else all_tests(dug, folder)
        except DoesNotFit as fault:
            sys.stderr.write(f"{fault}\n")
            return 1
        # A test that fails without a hole would seem to find every one.
        nodes = sorted({node for hole in dug for node in hole.nodes()})
        sound = chosen.scanners or not nodes or run_tests(ROOT, nodes) == 0
    unseen = []
    print(f"{'hole':34} {'s':>5}  found by")
    for hole in dug:
        tests, took = tested.get(hole.name, (set(), 0.0))
        found = scanned.get(hole.name, set()) | tests
        missed = set(hole.found_by) - found if not chosen.scanners else {f"{a} {b}" for a, b in hole.scanners()} - found
        unseen += [hole.name] if missed else []
        print(
            f"{hole.name:34} {took or max((seconds.get(a, 0) for a, _ in hole.scanners()), default=0):5.1f}  ", end=""
        )
        print("; ".join(sorted(found)) or "NOBODY", f"   MISSED BY {'; '.join(sorted(missed))}" if missed else "")
    kinds = len({hole.kind for hole in dug})
    print(f"{len(dug)} holes of {kinds} kinds, {len(unseen)} unseen or missed by a job that has to see them.", end=" ")
    print(f"{time.monotonic() - begin:.0f} s.")
    if not sound:
        print("The tests that find holes do not all pass without one; nothing above counts.")
    return 1 if unseen or not sound else 0


if __name__ == "__main__":
    sys.exit(main())
