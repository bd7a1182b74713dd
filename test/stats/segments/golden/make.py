"""Writes tests.json: what SciPy and statsmodels answer, for test/stats/segments/golden.test.ts.

From the root of the repository, with Python 3.11, numpy 2.4.6, scipy 1.17.1 and statsmodels 0.15.0:

    python3 -m venv .venv && .venv/bin/pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
    .venv/bin/python test/stats/segments/golden/make.py > test/stats/segments/golden/tests.json
    npx biome format --write test/stats/segments/golden/tests.json
"""

import json

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

random = np.random.default_rng(20260501)


def sums(x):
    return {"n": len(x), "sum": float(x.sum()), "squares": float((x * x).sum())}


welch = []
for n, m, shift, scale in [(5, 9, 0, 1), (30, 400, 0.5, 2), (2000, 100, -0.2, 1), (60, 60, 1.5, 0.3), (500, 9000, 0.4, 1)]:
    a, b = random.normal(shift, scale, n), random.normal(0, 1, m)
    p = float(stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue)
    welch.append({"a": sums(a), "b": sums(b), "p": p})

quantiles = [
    {"p": p, "df": df, "t": float(stats.t.isf(p, df)), "tail": float(stats.t.sf(p * 10, df))}
    for p in (0.4, 0.025, 0.001)
    for df in (1, 2.5, 10, 80.3, 5000)
]

holm = [
    {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}
    for p in ([0.01, 0.04, 0.03, 0.005], [0.5], [0.9, 0.8, 0.001, 0.02, 0.02], random.random(12).tolist())
]

print(json.dumps({"welch": welch, "quantiles": quantiles, "holm": holm}))
