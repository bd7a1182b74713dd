"""Writes golden.json: what fairlearn, SciPy and statsmodels answer, for test/stats/fairness/golden.test.ts.

From the root of the repository, with Python 3.11 and the credit data in ../shared/data:

    python3 -m venv .venv && .venv/bin/pip install fairlearn==0.15.0 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1 \
        scipy==1.17.1 statsmodels==0.15.0
    .venv/bin/python test/stats/fairness/golden/make.py > test/stats/fairness/golden/golden.json
    npx biome format --write test/stats/fairness/golden/golden.json

The same versions print the same bytes. Nothing here follows src/stats/fairness.
"""

import json
from functools import partial
from importlib.metadata import version

import numpy as np
import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    count,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from scipy import stats
from sklearn.metrics import precision_score
from statsmodels.stats.proportion import confint_proportions_2indep

random = np.random.default_rng(20260915)

METRICS = {
    "n": count,
    "selectionRate": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "fnr": false_negative_rate,
    "precision": partial(precision_score, zero_division=np.nan),
}


def fairlearn_answers(actual, decision, groups):
    frame = MetricFrame(metrics=METRICS, y_true=actual, y_pred=decision, sensitive_features=groups)
    apart = frame.difference(method="between_groups")
    by = dict(sensitive_features=groups)
    return {
        "groups": [
            {"group": str(group), **{name: clean(frame.by_group.loc[group, name]) for name in METRICS}}
            for group in frame.by_group.index
        ],
        "over": {
            "demographicParityDifference": demographic_parity_difference(actual, decision, **by),
            "demographicParityRatio": demographic_parity_ratio(actual, decision, **by),
            "equalOpportunityDifference": equal_opportunity_difference(actual, decision, **by),
            "equalizedOddsDifference": equalized_odds_difference(actual, decision, **by),
            "predictiveParityDifference": apart["precision"],
            "fprDifference": apart["fpr"],
            "fnrDifference": apart["fnr"],
        },
    }


def clean(value):
    return None if np.isnan(value) else float(value)


def generated():
    made = []
    for k, rows, base, lift in [(2, 400, 0.5, 0.0), (2, 90, 0.2, 0.4), (3, 1000, 0.1, 0.3), (5, 600, 0.3, 1.0), (8, 2500, 0.25, 0.6)]:
        group = np.concatenate([np.arange(k).repeat(20), random.choice(k, rows, p=random.dirichlet(np.full(k, 4.0)))])
        shift = random.normal(0, lift, k)[group]
        score = 1 / (1 + np.exp(-(np.log(base / (1 - base)) + shift + random.normal(0, 1.2, len(group)))))
        actual = (random.random(len(group)) < score).astype(int)
        decision = (score + random.normal(0, 0.1, len(group)) > base).astype(int)
        table = pd.crosstab(group, [actual, decision]).reindex(
            columns=pd.MultiIndex.from_product([[0, 1], [0, 1]]), fill_value=0
        )
        counts = [
            {"group": str(g), "tn": int(row[0, 0]), "fp": int(row[0, 1]), "fn": int(row[1, 0]), "tp": int(row[1, 1])}
            for g, row in table.iterrows()
        ]
        made.append({"counts": counts, **fairlearn_answers(actual, decision, group.astype(str))})
    return made


def credit():
    data = pd.read_csv("../shared/data/credit-default/UCI_Credit_Card.csv")
    attributes = {
        "SEX": data.SEX.astype(str),
        "EDUCATION": data.EDUCATION.astype(str),
        "MARRIAGE": data.MARRIAGE.astype(str),
        "AGE": (data.AGE // 10 * 10).astype(str),
        "SEX x MARRIAGE": data.SEX.astype(str) + "/" + data.MARRIAGE.astype(str),
    }
    actual, decision = data["default.payment.next.month"], (data.PAY_0 >= 2).astype(int)
    made = []
    for name, group in attributes.items():
        # In all groups, and in those with 30 rows of every kind that a rate is a share of.
        cells = pd.crosstab(group, [actual, decision]).reindex(
            columns=pd.MultiIndex.from_product([[0, 1], [0, 1]]), fill_value=0
        )
        enough = [
            g
            for g, row in cells.iterrows()
            if min(row[0, 0] + row[0, 1], row[1, 0] + row[1, 1], row[0, 1] + row[1, 1]) >= 30
        ]
        kept = group.isin(enough)
        samples = [data.LIMIT_BAL[group == g].to_numpy(float) for g in enough]
        made.append(
            {
                "attribute": name,
                "all": fairlearn_answers(actual, decision, group),
                "enough": enough,
                "overEnough": fairlearn_answers(actual[kept], decision[kept], group[kept])["over"],
                "smd": max(smd(a, b) for a in samples for b in samples if a is not b),
                "selectionP": equal_shares(pd.crosstab(group[kept], decision[kept]).to_numpy()),
                "limitP": max(
                    stats.f_oneway(*samples, equal_var=True).pvalue, stats.f_oneway(*samples, equal_var=False).pvalue
                ),
            }
        )
    return made


def equal_shares(table):
    return float(stats.fisher_exact(table).pvalue if len(table) == 2 else stats.chi2_contingency(table, correction=False).pvalue)


def smd(a, b):
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
    return (a.mean() - b.mean()) / np.sqrt(pooled)


def two_shares():
    made = []
    for a, n, b, m in [
        (7, 30, 12, 45), (1, 1000, 9, 900), (500, 10_000, 650, 9000), (3, 40, 30, 400), (99, 100, 95, 100), (250, 500, 249, 500),
    ]:  # fmt: skip
        of = partial(confint_proportions_2indep, a, n, b, m)
        made.append(
            {
                "shares": [[a, n], [b, m]],
                "newcombe": [float(x) for x in of(compare="diff", method="newcomb")],
                "koopman": [float(x) for x in of(compare="ratio", method="score", correction=False)],
                "fisher": float(stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue),
            }
        )
    for a, n, b, m in [(0, 40, 3, 50), (0, 40, 9, 50), (10, 10, 10, 10), (5, 5, 0, 400), (900, 1000, 500, 1000)]:
        made.append({"shares": [[a, n], [b, m]], "fisher": float(stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue)})
    return made


def means():
    made = []
    for sizes, spread in [((8, 9), (1, 1)), ((12, 30, 7), (1, 3, 0.5)), ((6, 6, 6, 20), (1, 1, 1, 1))]:
        samples = [(random.normal(0.3 * i, s, n)).round(3) for i, (n, s) in enumerate(zip(sizes, spread))]
        made.append(
            {
                "samples": [s.tolist() for s in samples],
                "anova": float(stats.f_oneway(*samples).pvalue),
                "welch": float(stats.f_oneway(*samples, equal_var=False).pvalue),
                "smd": max(smd(a, b) for a in samples for b in samples if a is not b),
            }
        )
    return made


print(
    json.dumps(
        {
            "versions": {name: version(name) for name in ["fairlearn", "numpy", "pandas", "scikit-learn", "scipy", "statsmodels"]},
            "generated": generated(),
            "credit": credit(),
            "twoShares": two_shares(),
            "means": means(),
            "normal": [{"z": z, "tail": float(stats.norm.sf(z)), "p": p, "quantile": float(stats.norm.isf(p))}
                       for z, p in [(-3.0, 0.975), (0.0, 0.5), (0.7, 0.3), (1.96, 0.025), (5.0, 1e-4), (12.0, 1e-9), (30.0, 1e-15)]],
            "f": [{"f": f, "df": [a, b], "tail": float(stats.f.sf(f, a, b))}
                  for f, a, b in [(0.5, 1, 10), (1.0, 3, 7.5), (3.9, 2, 400.3), (30.0, 5, 60), (1.002, 40, 1e5), (200.0, 1, 3)]],
        },
        indent=1,
    )
)
