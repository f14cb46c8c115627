"""Prints how long QGIS waits for the plugin: import, provider and all algorithms, in fresh processes.

Run on QGIS's own Python: /usr/bin/python3 benchmarks/load_time.py
"""
from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPEATS = 9
PROBE = """
import os, sys, time
from qgis.core import QgsApplication
application = QgsApplication([], False)
application.initQgis()
import qgis.utils
start = time.perf_counter()
import nocturne
plugin = nocturne.classFactory(None)
plugin.initProcessing()
sys.stdout.write(str(time.perf_counter() - start))
sys.stdout.flush()
os._exit(0)
"""


def main() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT / ".dev")}
    seconds = [float(subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True,
                                    check=True).stdout) for _ in range(REPEATS)]
    print(f"loading the plugin: median {statistics.median(seconds):.3f} s, "
          f"{min(seconds):.3f} to {max(seconds):.3f} s in {REPEATS} processes")


if __name__ == "__main__":
    main()
