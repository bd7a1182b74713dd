"""Writes golden.json: what SciPy and statsmodels say, for the tests of src/stats.

pip install numpy scipy statsmodels && python test/stats/golden/make.py > test/stats/golden/golden.json
"""

import json

import numpy as np
import scipy
import statsmodels
from scipy import special, stats
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

random = np.random.default_rng(20260301)


def counts(cells, rows, concentration=1.0):
    return random.multinomial(rows, random.dirichlet(np.full(cells, concentration))).tolist()


def pairs():
    made = [
        [[16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]],
        [[6, 0], [0, 6]],
        [[5], [9]],
        [[10, 0, 30, 0], [20, 0, 10, 0]],
        [[50, 50], [50, 50]],
    ]
    for cells, n, m in [(2, 50, 80), (5, 100, 1000), (10, 5000, 200), (20, 10_000, 10_000), (50, 3000, 1000), (130, 100_000, 900)]:
        for concentration in (0.5, 5.0):
            made.append([counts(cells, n, concentration), counts(cells, m, concentration)])
    same = random.dirichlet(np.full(12, 3.0))
    made.append([random.multinomial(4000, same).tolist(), random.multinomial(700, same).tolist()])
    return made


def homogeneity(a, b, kind):
    table = np.array([a, b])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return {"statistic": 0.0, "df": 0, "p": 1.0}
    statistic, p, df, _ = stats.chi2_contingency(table, correction=False, lambda_=kind)
    return {"statistic": statistic, "df": int(df), "p": p}


def of_pair(a, b):
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    points = np.cumsum(random.uniform(0.1, 3, len(a))) if len(a) > 1 else np.array([1.0])
    used = (np.array(a) + np.array(b)) > 0
    ps = (np.array(a)[used] + 0.5) / (sum(a) + 0.5 * used.sum())
    qs = (np.array(b)[used] + 0.5) / (sum(b) + 0.5 * used.sum())
    return {
        "reference": a,
        "current": b,
        "points": points.tolist(),
        "chiSquare": homogeneity(a, b, "pearson"),
        "g": homogeneity(a, b, "log-likelihood"),
        "jensenShannon": float(np.nan_to_num(jensenshannon(p, q, 2))),
        "hellinger": float(np.sqrt(1 - min(1.0, np.sum(np.sqrt(p * q))))),
        "totalVariation": float(np.abs(p - q).sum() / 2),
        "largestDifference": float(np.abs(p - q).max()),
        "psi": float(stats.entropy(qs, ps) + stats.entropy(ps, qs)),
        "ks": float(np.abs(np.cumsum(p) - np.cumsum(q)).max()),
        "wasserstein": float(stats.wasserstein_distance(points, points, a, b)),
    }


def of_samples(n, m, shift):
    x = np.round(random.normal(size=n), 2)
    y = np.round(random.normal(shift, size=m), 2)
    values = np.unique(np.concatenate([x, y]))
    result = stats.ks_2samp(x, y, method="asymp")
    return {
        "values": values.tolist(),
        "reference": [int((x == v).sum()) for v in values],
        "current": [int((y == v).sum()) for v in values],
        "statistic": float(result.statistic),
        "wasserstein": float(stats.wasserstein_distance(x, y)),
    }


def kolmogorov():
    return [{"x": float(x), "p": float(special.kolmogorov(x))} for x in [0.05, 0.2, 0.4, 0.7, 0.99, 1.0, 1.01, 1.5, 2, 3, 5, 10, 18]]


def p_values():
    return [
        random.uniform(size=30).tolist(),
        (random.uniform(size=40) ** 6).tolist(),
        [0.0, 0.0, 0.01, 0.01, 0.04, 0.05, 1.0, 1.0],
        [0.5],
        [1e-300, 0.2, 1e-12, 0.9, 1e-12],
    ]


chi_square_tail = [
    {"x": x, "df": df, "p": float(stats.chi2.sf(x, df))}
    for df in [1, 2, 3, 9, 19, 100, 499, 5000]
    for x in [1e-8, 0.1, 1, df / 2, df - 0.5, df, df + 1, 2 * df, df + 40, 5 * df + 300, 1300]
]

print(
    json.dumps(
        {
            "made": "test/stats/golden/make.py",
            "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
            "pairs": [of_pair(a, b) for a, b in pairs()],
            "samples": [of_samples(n, m, s) for n, m, s in [(60, 80, 0.0), (200, 50, 0.5), (400, 300, 0.1)]],
            "kolmogorov": kolmogorov(),
            "chiSquareTail": chi_square_tail,
            "logGamma": [{"a": a, "value": float(special.gammaln(a))} for a in [0.1, 0.5, 1.5, 2.5, 7, 14.9, 15, 99.5, 2500]],
            "benjaminiHochberg": [{"p": p, "q": multipletests(p, method="fdr_bh")[1].tolist()} for p in p_values()],
            "wilson": [
                {"successes": k, "n": n, "interval": [float(v) for v in proportion_confint(k, n, method="wilson")]}
                for k, n in [(0, 1), (1, 1), (0, 50), (3, 7), (50, 100), (999, 1000), (123_456, 1_000_000)]
            ],
        },
        indent=None,
        separators=(",", ":"),
    )
)
