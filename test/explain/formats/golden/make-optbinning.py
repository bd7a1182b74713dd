"""Scorecards of a real peer, optbinning, in our format, with the points it gives to rows.

pip install optbinning==1.0.0 scikit-learn==1.9.1 pandas==3.1.1; python make-optbinning.py > optbinning.json.gz
Generated data: a numeric feature with a special code and missing values, one of counts, a categorical one with rare values.
"""

import gzip
import json
import math
import sys

import numpy as np
import pandas as pd
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(20261125)
n = 4000
income = rng.lognormal(10, 0.6, n).round(2)
income[rng.random(n) < 0.06] = np.nan
income[rng.random(n) < 0.05] = -9999
late = rng.poisson(0.7, n).astype(float)
home = rng.choice(["own", "rent", "parents", "tent", "boat"], n, p=[0.5, 0.3, 0.17, 0.02, 0.01])
z = -2 - 0.4 * np.log(np.where(np.nan_to_num(income, nan=2e4) > 0, np.nan_to_num(income, nan=2e4), 5e3) / 2e4)
z += 0.6 * late + np.select([home == "own", home == "rent"], [-0.5, 0.4], 0.2)
y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
X = pd.DataFrame({"income": income, "late": late, "home": home.astype(object)})

scalings = {
    "unrounded": ("pdo_odds", {"pdo": 20, "odds": 50, "scorecard_points": 600}, {}),
    "rounded": ("pdo_odds", {"pdo": 20, "odds": 50, "scorecard_points": 600}, {"rounding": True}),
    "based": ("pdo_odds", {"pdo": 40, "odds": 1, "scorecard_points": 500}, {"intercept_based": True}),
    "ranged": ("min_max", {"min": 300, "max": 850}, {"rounding": True}),
}


def worth(row, with_woe):
    w = {"points": float(row["Points"]), "share": float(row["Count (%)"])}
    if with_woe and not pd.isna(row["WoE"]):
        w["woe"] = float(row["WoE"])
    return w


def card_of(sc, method, params):
    table = sc.table(style="detailed")
    with_woe = method == "pdo_odds"
    card = {"format": "scorecard", "features": {}}
    if with_woe:
        card["scaling"] = {"pdo": params["pdo"], "score0": params["scorecard_points"], "odds0": params["odds"]}
        card["intercept"] = float(np.ravel(sc.estimator_.intercept_)[0])
    if sc.intercept_based:
        card["basePoints"] = float(sc.intercept_)
    for name in X.columns:
        rows = table[table["Variable"] == name]
        feature = {"coefficient": float(rows["Coefficient"].iloc[0]), "bins": []}
        optb = sc.binning_process_.get_binned_variable(name)
        regular = [r for _, r in rows.iterrows() if str(r["Bin"]) not in ("Special", "Missing")]
        if name == "home":
            for r in regular:
                feature["bins"].append({"values": [str(v) for v in r["Bin"]], **worth(r, with_woe)})
        else:
            edges = [None, *map(float, optb.splits), None]
            for i, r in enumerate(regular):
                bounds = {k: v for k, v in (("from", edges[i]), ("to", edges[i + 1])) if v is not None}
                feature["bins"].append({**bounds, **worth(r, with_woe)})
        for _, r in rows.iterrows():
            if isinstance(r["Bin"], str) and r["Bin"] == "Special" and name == "income":
                feature["special"] = [{"values": [-9999], **worth(r, with_woe)}]
            if isinstance(r["Bin"], str) and r["Bin"] == "Missing":
                feature["missing"] = worth(r, with_woe)
        card["features"][name] = feature
    return card


out = {"made": {"optbinning": __import__("optbinning").__version__, "rows": 400}, "cards": {}}
test = X.iloc[:400]
out["rows"] = [{k: (None if isinstance(v, float) and math.isnan(v) else v) for k, v in r.items()} for r in test.to_dict("records")]
for label, (method, params, more) in scalings.items():
    process = BinningProcess(
        list(X.columns), categorical_variables=["home"], special_codes=[-9999],
        binning_fit_params={"home": {"cat_cutoff": 0.05}},
    )
    sc = Scorecard(process, LogisticRegression(), scaling_method=method, scaling_method_params=params, **more)
    sc.fit(X, y, metric_missing="empirical", metric_special="empirical")
    scores = sc.score(test)
    out["cards"][label] = {"card": card_of(sc, method, params), "scores": [float(s) for s in scores]}
text = json.dumps(out, separators=(",", ":")) + "\n"
# mtime=0: the same versions write the same bytes.
sys.stdout.buffer.write(gzip.compress(text.encode(), mtime=0))
