"""Runs the steps of the demonstration through the real qgis_process."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent


class Steps:
    """Runs steps and remembers how long each took."""

    def __init__(self) -> None:
        self.seconds: list[tuple[str, float]] = []

    def algorithm(self, title: str, name: str, **parameters: str) -> dict[str, Any]:
        arguments = [f"{key}={value}" for key, value in parameters.items()]
        output = self.run(title, [str(SCRIPTS / "qgis_process"), "--json", "run", f"nocturne:{name}", "--", *arguments])
        return dict(json.loads(output)["results"])

    def run(self, title: str, command: list[str], **environment: str) -> str:
        print(f"  {title} ...", end="", flush=True)
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
        self.seconds.append((title, time.perf_counter() - start))
        if done.returncode:
            print(f"\n{done.stdout}\n{done.stderr}", file=sys.stderr)
            sys.exit(f"The step '{title}' failed.")
        print(f" {self.seconds[-1][1]:.1f} s")
        return done.stdout
