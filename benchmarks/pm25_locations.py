"""Location features for PM2.5 on airpred, by place and on 8-degree checkerboards; resumes where it stopped.

python -m nocturne.benchmarks.pm25_locations RESULTS.jsonl [--report REPORT.html]
The configuration is the default of comparegeolocation, and all 512 features of GeoCLIP beside 16 principal components.
"""
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from nocturne.algorithms.air_quality.comparison import (
    NO_LOCATION,
    Comparison,
    Job,
    Judged,
    Plan,
    judge,
    make_plan,
    search_artefacts,
)
from nocturne.algorithms.air_quality.comparison_report import write_report
from nocturne.algorithms.air_quality.comparison_summary import Summary, conclusions, summarise
from nocturne.algorithms.air_quality.settings import ComparisonSettings
from nocturne.algorithms.progress import Progress
from nocturne.algorithms.settings import Resources
from nocturne.benchmarks.airpred import read_airpred

SETTINGS = ComparisonSettings(
    geolocations="none, degrees, cyclic, harmonics_siren, geoclip, geoclip_full", window=10, min_days=1)
LARGEST_LOSS = 0.02  # of a location that is offered


def judge_all(plan: Plan, jobs: Iterable[Job], results: Path, device: torch.device) -> list[Judged]:
    """Jobs that stand in the file aren't computed again. Each line of the file is one model."""
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {tuple(line["job"]): line for line in lines}
    judged = []
    for job in jobs:
        key = (job.seed, job.fold.name, job.variant.label)
        if key not in done:
            started = time.process_time()
            found = list(judge(plan, job, device, Progress()))
            done[key] = {"job": key, "cpu_seconds": time.process_time() - started,
                         "distance_km": found[0].distance_km.tolist(),
                         "estimates": {each.residuals: each.estimate.tolist() for each in found}}
            with results.open("a") as file:
                file.write(json.dumps(done[key]) + "\n")
        judged.extend(Judged(job.layout, job.fold.name, job.seed, job.variant, residuals, job.test,
                             np.array(estimate), np.array(done[key]["distance_km"]))
                      for residuals, estimate in done[key]["estimates"].items())
    return judged


def table(found: Comparison, summary: Summary) -> str:
    """R2 and what each location gains over none and over the same network without it, in Markdown."""
    lines = ["| location | protocol | residuals of | R2 | seeds | over no location | over its control | seeds |",
             "|" + "---|" * 8]
    for (protocol, variant, residuals), each in summary.overall.items():
        none, control = (summary.overall[protocol, other, residuals] for other in (NO_LOCATION, variant.control))
        gains = [one - other for one, other in zip(each.seeds, control.seeds)]
        gain = each.r2.value - none.r2.value
        lines.append(f"| {variant.label} | {protocol} | {residuals} | {each.r2.value:.3f} | {min(each.seeds):.3f} to "
                     f"{max(each.seeds):.3f} | {gain:+.3f}{' (loses)' if gain < -LARGEST_LOSS else ''} | "
                     f"{each.r2.value - control.r2.value:+.3f} | {min(gains):+.3f} to {max(gains):+.3f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--seeds", type=int, default=SETTINGS.seeds)
    parser.add_argument("--geolocations", default=SETTINGS.geolocations)
    parser.add_argument("--fusions", default=SETTINGS.fusions)
    parser.add_argument("--no-residuals", action="store_true", help="networks alone, in a third of the time")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = replace(SETTINGS, seeds=options.seeds, residuals=not options.no_residuals,
                       geolocations=options.geolocations, fusions=options.fusions)
    plan = make_plan(read_airpred(), settings, "", None, Resources(threads=1), Progress())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    judged = judge_all(plan, plan.jobs(), options.results, device)
    found = plan.compared(judged, search_artefacts(plan, device, Progress()) if options.report else {})
    summary = summarise(found, Progress())
    print(table(found, summary))
    print(*conclusions(found, summary), sep="\n")
    seconds = [json.loads(line)["cpu_seconds"] for line in options.results.read_text().splitlines()]
    print(f"{len(seconds)} models, {sum(seconds) / 60:.0f} minutes of one core")
    if options.report:
        write_report(str(options.report), found, summary)


if __name__ == "__main__":
    main()
