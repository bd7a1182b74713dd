"""Writes golden.json: what SciPy and statsmodels answer, for test/stats/golden.test.ts.

From the root of the repository, with Python 3.11, numpy 2.4.6, scipy 1.17.1 and statsmodels 0.15.0:

    python3 -m venv .venv && .venv/bin/pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
    .venv/bin/python test/stats/golden/make.py > test/stats/golden/golden.json
    npx biome format --write test/stats/golden/golden.json

The same versions print the same bytes. Nothing here follows src/stats: where SciPy has no function (PSI, Hellinger,
the distance of cells, Bergsma's correction) it is another form of the same definition.
"""

import json

import numpy as np
import scipy
import statsmodels
from scipy import special, stats
from scipy.spatial.distance import jensenshannon
from scipy.stats.contingency import association
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

random = np.random.default_rng(20260301)


def counts(cells, rows, concentration=1.0):
    return random.multinomial(rows, random.dirichlet(np.full(cells, concentration))).tolist()


def pairs():
    made = [
        # Known from others' tests: Evidently, popmon, frouros.
        [[16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]],
        [[1, 2, 0, 5], [3, 4, 0, 2]],
        [[4, 2, 0], [1, 1, 4]],
        # Nothing shared, one cell, one used cell, cells that neither side uses, one row each.
        [[6, 0], [0, 6]],
        [[5], [9]],
        [[0, 5, 0], [0, 9, 0]],
        [[10, 0, 30, 0], [20, 0, 10, 0]],
        [[1, 0], [0, 1]],
        [[1, 0, 0], [0, 0, 400]],
        # The same, the same in seven times the rows, and hardly different.
        [[50, 50], [50, 50]],
        [[3, 1, 4, 1, 5], [21, 7, 28, 7, 35]],
        [[123_456_789, 987_654_321, 5], [370_370_367, 2_962_962_963, 15]],
        [[10**9, 2 * 10**9, 3 * 10**9], [10**9 + 10**4, 2 * 10**9 - 10**4, 3 * 10**9]],
        # p of 1e-53, 1e-194, 1e-294, and below the smallest double.
        [[170, 20], [20, 170]],
        [[500, 20], [20, 500]],
        [[725, 19, 1], [20, 740, 4]],
        [[3000, 0], [0, 3000]],
    ]
    sizes = [(2, 50, 80), (5, 100, 1000), (10, 5000, 200), (20, 10_000, 10_000), (50, 3000, 1000), (130, 100_000, 900)]
    for cells, n, m in sizes:
        for concentration in (0.5, 5.0):
            made.append([counts(cells, n, concentration), counts(cells, m, concentration)])
    for cells, n, m in [(12, 4000, 700), (60, 20_000, 3000)]:
        same = random.dirichlet(np.full(cells, 3.0))
        made.append([random.multinomial(n, same).tolist(), random.multinomial(m, same).tolist()])
    return made


def used_columns(a, b):
    table = np.array([a, b])
    return table[:, table.sum(axis=0) > 0]


def homogeneity(a, b, kind):
    table = used_columns(a, b)
    if table.shape[1] < 2:
        return {"statistic": 0.0, "df": 0, "p": 1.0}
    statistic, p, df, _ = stats.chi2_contingency(table, correction=False, lambda_=kind)
    return {"statistic": statistic, "df": int(df), "p": p}


def bergsma(a, b):
    """Cramer's V of a table of any size, corrected as in Bergsma 2013, section 3."""
    table = used_columns(a, b)
    r, c = table.shape
    n = int(table.sum())
    if c < 2:
        return 0.0
    phi2 = association(table, method="cramer") ** 2 * min(r - 1, c - 1)
    corrected = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(corrected / least)) if least > 0 else 0.0


def quantile_line(borders, p, u0, u1):
    """The values at both ends of each step from u0 to u1, in which the quantile function is straight."""
    used = np.flatnonzero(p)
    ends = np.cumsum(p[used])
    at = np.minimum(np.searchsorted(ends, (u0 + u1) / 2), len(used) - 1)
    left, width, start = borders[used][at], np.diff(borders)[used][at], (ends - p[used])[at]
    return [left + width * (u - start) / p[used][at] for u in (u0, u1)]


def wasserstein_cells(borders, a, b):
    """The area between the quantile functions (src/stats takes that between the distribution functions)."""
    borders = np.array(borders)
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    u = np.unique(np.concatenate([[0.0], np.cumsum(p), np.cumsum(q)]))
    first, second = (quantile_line(borders, side, u[:-1], u[1:]) for side in (p, q))
    d0, d1 = first[0] - second[0], first[1] - second[1]
    with np.errstate(invalid="ignore"):
        crossing = (d0**2 + d1**2) / (2 * (np.abs(d0) + np.abs(d1)))
    area = float(np.sum(np.diff(u) * np.where(d0 * d1 < 0, crossing, (np.abs(d0) + np.abs(d1)) / 2)))
    # SciPy on many points to the cell, which it can only come near to.
    fine = (np.arange(500) + 0.5) / 500
    points = (borders[:-1, None] + np.diff(borders)[:, None] * fine).ravel()
    near = stats.wasserstein_distance(points, points, np.repeat(a, 500), np.repeat(b, 500))
    assert abs(area - near) <= 1e-4 * near + 1e-5 * np.ptp(borders), (area, near)
    return area


def of_pair(a, b):
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    points = np.round(np.cumsum(random.uniform(0.1, 3, len(a))), 3)
    steps = np.where(random.uniform(size=len(a)) < 0.2, 0, random.uniform(0.1, 3, len(a)))
    borders = np.round(np.concatenate([[-4.0], -4 + np.cumsum(steps)]), 3)
    used = (np.array(a) + np.array(b)) > 0
    ps = (np.array(a)[used] + 0.5) / (sum(a) + 0.5 * used.sum())
    qs = (np.array(b)[used] + 0.5) / (sum(b) + 0.5 * used.sum())
    psi = float(stats.entropy(qs, ps) + stats.entropy(ps, qs))
    return {
        "reference": a,
        "current": b,
        "points": points.tolist(),
        "borders": borders.tolist(),
        "rows": [sum(a), sum(b)],
        "usedCells": int(used.sum()),
        "chiSquare": homogeneity(a, b, "pearson"),
        "g": homogeneity(a, b, "log-likelihood"),
        "cramersV": bergsma(a, b),
        "jensenShannon": float(np.nan_to_num(jensenshannon(p, q, 2))),
        "hellinger": float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)),
        "totalVariation": float(np.linalg.norm(p - q, 1) / 2),
        "largestDifference": float(np.linalg.norm(p - q, np.inf)),
        "psi": psi,
        "biasCorrectedPsi": max(0.0, psi - (int(used.sum()) - 1) * (1 / sum(a) + 1 / sum(b))),
        "ks": float(np.abs(np.cumsum(p) - np.cumsum(q)).max()),
        "wasserstein": float(stats.wasserstein_distance(points, points, a, b)),
        "wassersteinCells": wasserstein_cells(borders, a, b),
    }


def of_samples(n, m, shift, digits, cells):
    x = np.round(random.normal(size=n), digits)
    y = np.round(random.normal(shift, size=m), digits)
    values = np.unique(np.concatenate([x, y]))
    edges = np.round(np.quantile(x, np.arange(1, cells) / cells), 2)
    # A value becomes the number of its cell: SciPy's distance of these is the one at the borders of the cells.
    in_cells = [np.searchsorted(edges, side) for side in (x, y)]
    return {
        "values": values.tolist(),
        "reference": [int((x == v).sum()) for v in values],
        "current": [int((y == v).sum()) for v in values],
        "statistic": float(stats.ks_2samp(x, y, method="asymp").statistic),
        "wasserstein": float(stats.wasserstein_distance(x, y)),
        "cells": [np.bincount(side, minlength=cells).tolist() for side in in_cells],
        "ofCells": float(stats.ks_2samp(*in_cells, method="asymp").statistic),
    }


def kolmogorov_smirnov_p():
    """
    The limit distribution, and the exact one. Not ks_2samp(method="asymp"): since SciPy 1.5 that takes the one-sample
    distribution of round(nm / (n + m)) rows, which is smaller in the tail.
    """
    made = []
    for n, m, far in [(8, 8, 5), (30, 50, 70), (97, 89, 2500), (100, 200, 30), (500, 500, 60), (500, 500, 200), (1000, 3000, 250)]:
        distance = far / np.lcm(n, m)
        low, high = np.arange(n) / n, np.arange(m) / m + distance
        exact = stats.ks_2samp(low, high, method="exact")
        statistic = float(exact.statistic)
        limit = float(stats.kstwobign.sf(statistic * np.sqrt(n * m / (n + m))))
        made.append({"distance": statistic, "n": n, "m": m, "p": limit, "exact": float(exact.pvalue)})
    return made


def chi_square_tails():
    made = []
    for df in [1, 2, 3, 9, 19, 100, 499, 5000, 100_000]:
        middle = [df / 2, df - 0.5, df, df + 1, df + 2, df + 3, 1.2 * df]
        tail = [float(stats.chi2.isf(p, df)) for p in (1e-3, 1e-8, 1e-16, 1e-50, 1e-100, 1e-200, 1e-300)]
        for x in [1e-8, 0.1, 1, *middle, *tail]:
            made.append({"x": float(x), "df": df, "p": float(stats.chi2.sf(x, df))})
    return made


def upper_gammas():
    made = []
    for a in [0.01, 0.3, 0.7, 1.0, 1.3, 3.3, 14.99, 15.01, 33.7, 250.1]:
        for x in [a * share for share in (0, 1e-6, 0.3, 0.95, 1, 1.05, 2)] + [a + 0.999, a + 1.001]:
            made.append({"a": a, "x": x, "q": float(special.gammaincc(a, x))})
    return made


def p_values():
    return [
        random.uniform(size=30).tolist(),
        (random.uniform(size=60) ** 6).tolist(),
        np.round(random.uniform(size=50), 1).tolist(),
        [0.0, 0.0, 0.01, 0.01, 0.04, 0.05, 1.0, 1.0],
        [1.0, 1.0, 1.0],
        [0.0],
        [0.5],
        [1e-300, 0.2, 1e-12, 0.9, 1e-12],
    ]


def wilsons():
    made = []
    of = [(0, 1), (1, 1), (0, 50), (3, 7), (7, 7), (50, 100), (999, 1000), (1, 10**6), (123_456, 10**6), (10**9 - 3, 10**9)]
    for alpha in (0.05, 0.2, 0.001):
        z = float(stats.norm.isf(alpha / 2))
        for k, n in of:
            interval = [float(v) for v in proportion_confint(k, n, alpha=alpha, method="wilson")]
            made.append({"successes": k, "n": n, "z": z, "interval": interval})
    return made


x_of_kolmogorov = [0.02, 0.2, 0.4, 0.7, 0.8, 0.99, 0.999999, 1.0, 1.000001, 1.2, 1.5, 2, 3, 5, 10, 18, 18.5]
a_of_log_gamma = [0.01, 0.1, 0.5, 1, 1.5, 1.9, 2, 2.5, 7, 14.9, 15, 28.5, 99.5, 2500, 50_000, 1e6]

print(
    json.dumps(
        {
            "made": "test/stats/golden/make.py",
            "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
            "pairs": [of_pair(a, b) for a, b in pairs()],
            "samples": [
                of_samples(*how)
                for how in [(60, 80, 0.0, 2, 8), (200, 50, 0.5, 2, 20), (150, 130, 0.1, 1, 10), (40, 25, 0.3, 9, 5), (9, 1, 0, 9, 2)]
            ],
            "kolmogorov": [{"x": x, "p": float(special.kolmogorov(x))} for x in x_of_kolmogorov],
            "kolmogorovSmirnovP": kolmogorov_smirnov_p(),
            "chiSquareTail": chi_square_tails(),
            "upperGamma": upper_gammas(),
            "logGamma": [{"a": a, "value": float(special.gammaln(a))} for a in a_of_log_gamma],
            "benjaminiHochberg": [{"p": p, "q": multipletests(p, method="fdr_bh")[1].tolist()} for p in p_values()],
            "wilson": wilsons(),
        },
        separators=(",", ":"),
        allow_nan=False,
    )
)
