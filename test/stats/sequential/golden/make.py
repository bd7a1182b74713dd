"""Writes confseq.json: what confseq's mixtures answer, for test/stats/sequential/golden.test.ts.

From the root of the repository, with Python 3.11, numpy 2.4.6, scipy 1.17.1 and confseq 0.0.11, which has to be built
(Boost's headers, a C++ compiler) with a pybind11 that knows this Python:

    python3 -m venv .venv && .venv/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-build cmake ninja pybind11
    CMAKE_POLICY_VERSION_MINIMUM=3.5 .venv/bin/pip install --no-build-isolation --no-deps confseq==0.0.11
    .venv/bin/python test/stats/sequential/golden/make.py > test/stats/sequential/golden/confseq.json
    npx biome format --write test/stats/sequential/golden/confseq.json

Nothing here follows src/stats: the bounds for rows within bounds come by Brent's root of confseq's mixture.
"""

import json
import math

import numpy as np
from confseq.boundaries import (
    beta_binomial_log_mixture,
    gamma_exponential_log_mixture,
)
from scipy import optimize

random = np.random.default_rng(20260401)


def rho(v, alpha):
    return v / (2 * math.log(1 / alpha) + math.log(1 + 2 * math.log(1 / alpha)))


mixtures = []
for v_opt in (2.0, 25.0, 400.0):
    for v in (0.5, 10.0, 300.0, 8000.0):
        for z in (0.0, 1.0, 3.0, 6.0):
            s = z * math.sqrt(v)
            log = float(gamma_exponential_log_mixture(s, v, v_opt, 1.0, 0.025))
            mixtures.append({"s": s, "v": v, "rho": rho(v_opt, 0.05), "log": log})


def lower(x, low, high, alpha, tune_at):
    n, total = len(x), float(np.sum(x))
    v_opt = tune_at * ((high - low) / 2) ** 2 * 0.1

    def excess(mean):
        c = max(mean - low, 0.05 * (high - low))
        v = float(np.sum((x - mean) ** 2))
        return float(gamma_exponential_log_mixture(total - n * mean, v, v_opt, c, alpha / 2)) - math.log(2 / alpha)

    at_end = excess(low + 1e-12)
    return low if at_end < 0 else float(optimize.brentq(excess, low + 1e-12, total / n, xtol=1e-15, rtol=1e-14))


bounded = []
for n, pr, low, high in [
    (40, [0.3, 0.4, 0.3], -1, 1),
    (500, [0.02, 0.9, 0.08], -1, 1),
    (3000, [0.05, 0.9, 0.05], -1, 1),
    (20000, [0.001, 0.997, 0.002], -1, 1),
    (800, None, 0, 1),
    (5000, None, 0, 3),
]:
    x = random.choice([-1.0, 0.0, 1.0], n, p=pr) if pr else high * random.beta(2, 5, n)
    for alpha, tune_at in ((0.05, 1000), (0.01, 5000)):
        bounded.append(
            {
                "sums": {"n": n, "sum": float(np.sum(x)), "squares": float(np.sum(x * x))},
                "bounds": {"low": low, "high": high},
                "options": {"alpha": alpha, "tuneAt": tune_at},
                "low": lower(x, low, high, alpha, tune_at),
                "high": -lower(-x, -high, -low, alpha, tune_at),
            }
        )


discordant = [
    {
        "championOnly": c,
        "challengerOnly": b,
        "tuneAt": tune_at,
        "logE": float(beta_binomial_log_mixture(b - (b + c) / 2, (b + c) / 4, tune_at / 4, 0.5, 0.5, 0.05, False)),
    }
    for b, c in ((0, 0), (1, 0), (0, 12), (30, 11), (55, 60), (420, 300), (10000, 10300))
    for tune_at in (200, 2000)
]

print(json.dumps({"mixtures": mixtures, "bounded": bounded, "discordant": discordant}))
