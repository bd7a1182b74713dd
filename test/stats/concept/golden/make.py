"""Writes river.json: what river's detectors raise, for test/stats/concept/golden.test.ts.

From the root of the repository, with Python 3.11, river 0.26.1 and numpy 2.4.6:

    python3 -m venv .venv && .venv/bin/pip install river==0.26.1 numpy==2.4.6
    .venv/bin/python test/stats/concept/golden/make.py > test/stats/concept/golden/river.json
    npx biome format --write test/stats/concept/golden/river.json

The streams are not stored: both sides draw them with the same generator (mulberry32), from the segments of each case.
"""

import json

import river
from river import drift

MASK = 0xFFFFFFFF


class Mulberry:
    def __init__(self, seed):
        self.state = seed & MASK

    def uniform(self):
        self.state = (self.state + 0x6D2B79F5) & MASK
        t = self.state
        t = ((t ^ (t >> 15)) * (t | 1)) & MASK
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & MASK)) & MASK
        return ((t ^ (t >> 14)) & MASK) / 2**32


def stream(kind, seed, segments):
    """Segments are [length, level]: 'error' is 1 with chance level; 'absolute' is level times a product of uniforms."""
    random = Mulberry(seed)
    values = []
    for length, level in segments:
        for _ in range(length):
            u = random.uniform()
            values.append(int(u < level) if kind == "error" else level * (u + random.uniform() * random.uniform()))
    return values


STREAMS = [
    ("error", 1, [[2000, 0.1], [2000, 0.3]]),
    ("error", 2, [[3000, 0.1], [1000, 0.15], [1500, 0.5], [1500, 0.05]]),
    ("error", 3, [[8000, 0.2]]),
    ("error", 4, [[500, 0.02]] + [[40, 0.02 + 0.01 * i] for i in range(40)]),
    ("error", 5, [[1000, 0], [1000, 1], [1000, 0]]),
    ("error", 6, [[300, 0.4], [300, 0.1]] * 8),
    ("absolute", 7, [[2000, 1], [2000, 1.6]]),
    ("absolute", 8, [[2500, 0.5], [1500, 5], [2500, 0.5]]),
    ("absolute", 9, [[6000, 10]]),
    ("absolute", 10, [[700, 0.2], [700, 0.35]] * 4),
]

DETECTORS = [
    ("adwin", {}, lambda: drift.ADWIN()),
    (
        "adwin",
        {"delta": 0.05, "clock": 1, "maxBuckets": 3, "minWindowLength": 10, "gracePeriod": 50},
        lambda: drift.ADWIN(delta=0.05, clock=1, max_buckets=3, min_window_length=10, grace_period=50),
    ),
    ("pageHinkley", {}, lambda: drift.PageHinkley()),
    (
        "pageHinkley",
        {"minInstances": 100, "delta": 0.02, "threshold": 12, "alpha": 0.999, "mode": "up"},
        lambda: drift.PageHinkley(min_instances=100, delta=0.02, threshold=12, alpha=0.999, mode="up"),
    ),
    ("pageHinkley", {"threshold": 20, "mode": "down"}, lambda: drift.PageHinkley(threshold=20, mode="down")),
    ("ddm", {}, lambda: drift.binary.DDM()),
    (
        "ddm",
        {"warmStart": 100, "warning": 2.5, "drift": 4},
        lambda: drift.binary.DDM(warm_start=100, warning_threshold=2.5, drift_threshold=4),
    ),
]


def raised(detector, values):
    """Indexes of drifts, and of the first value of each run of warnings."""
    drifts, warnings, before = [], [], False
    for i, x in enumerate(values):
        detector.update(x)
        if detector.drift_detected:
            drifts.append(i)
        now = bool(getattr(detector, "warning_detected", False))
        if now and not before:
            warnings.append(i)
        before = now
    return drifts, warnings


cases = []
for kind, seed, segments in STREAMS:
    values = stream(kind, seed, segments)
    results = []
    for name, options, make in DETECTORS:
        if name == "ddm" and kind != "error":
            continue
        detector = make()
        drifts, warnings = raised(detector, values)
        results.append({"detector": name, "options": options, "drifts": drifts, "warnings": warnings})
    adwin = drift.ADWIN()
    for x in values[:300]:
        adwin.update(x)
    window = {"width": int(adwin.width), "total": adwin.total, "spread": adwin.variance}
    cases.append(
        {"kind": kind, "seed": seed, "segments": segments, "sum": sum(values), "window": window, "results": results}
    )

print(json.dumps({"river": river.__version__, "cases": cases}))
