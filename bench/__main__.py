"""Runs every measurement in this folder, one after the other, each in a process of its own. See
docs/speed.md.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
# What another Python runs is no measurement of its own.
NOT_RUN = {"__init__", "__main__", "agreement_references"}
PARTS = sorted(path for path in FOLDER.glob("*.py") if path.stem not in NOT_RUN)


def main():
    failed = []
    for part in PARTS:
        print(f"\n== {part.stem}", flush=True)
        if subprocess.run([sys.executable, str(part)], cwd=FOLDER.parent, check=False).returncode:
            failed.append(part.stem)
    if failed:
        sys.exit(f"Over the bar, or not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
