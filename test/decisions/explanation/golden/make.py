"""Small models of XGBoost with what the library answers and how it explains it. Run with xgboost 3.2.0:
python test/services/explanation/golden/make.py"""

import json
import pathlib

import numpy as np
import xgboost as xgb

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(5)
names = ["late", "limit", "income", "SEX"]
n = 400
rows = np.column_stack([
    rng.integers(0, 6, n),
    rng.integers(10, 150, n) * 1000,
    rng.integers(15, 75, n) * 1000,
    rng.integers(0, 2, n),
]).astype(float)
risk = 0.9 * rows[:, 0] - rows[:, 1] / 6e4 - rows[:, 2] / 4e4 + 0.8 * rows[:, 3] + rng.normal(size=n)
default = (risk > 0.6).astype(int)
grade = np.digitize(risk, [-0.5, 1.5])


def make(name, params, target, rounds):
    data = xgb.DMatrix(rows, target, feature_names=names)
    booster = xgb.train({"max_depth": 3, "eta": 0.3, "nthread": 1, "seed": 1, **params}, data, rounds)
    booster.save_model(here / f"{name}.json")
    return booster.predict(data), booster.predict(data, pred_contribs=True)


binary, binary_contribs = make("binary", {"objective": "binary:logistic"}, default, 12)
grades, grade_contribs = make("grades", {"objective": "multi:softprob", "num_class": 3}, grade, 6)
value, value_contribs = make("value", {"objective": "reg:squarederror"}, risk, 8)
keep = 120
golden = {
    "xgboost": xgb.__version__,
    "names": names,
    "rows": rows[:keep].tolist(),
    "binary": {"scores": binary[:keep].astype(float).tolist(), "contributions": binary_contribs[:5].astype(float).tolist()},
    "grades": {"scores": grades[:keep].astype(float).tolist(), "contributions": grade_contribs[:5].astype(float).tolist()},
    "value": {"scores": value[:keep].astype(float).tolist(), "contributions": value_contribs[:5].astype(float).tolist()},
}
(here / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
