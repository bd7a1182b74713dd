"""The counterpart of explanations of many rows: shap's own C on one core, on the same model and rows.

Called with a folder that holds model.json (XGBoost), rows.f64 and background.f64 (row-major doubles) and columns.txt.
Writes contributions.f64 and interventional.f64, and prints the seconds that each took and for how many rows.
"""

import json
import pathlib
import sys
import time

import numpy as np
import shap
import xgboost

folder = pathlib.Path(sys.argv[1])
columns = int((folder / "columns.txt").read_text())
booster = xgboost.Booster()
booster.load_model(folder / "model.json")
rows = np.fromfile(folder / "rows.f64").reshape(-1, columns)
background = np.fromfile(folder / "background.f64").reshape(-1, columns)


def timed(explainer, x, name):
    explainer.shap_values(x[:10], check_additivity=False)
    began = time.perf_counter()
    values = np.ascontiguousarray(explainer.shap_values(x, check_additivity=False), dtype=np.float64)
    seconds = time.perf_counter() - began
    values.tofile(folder / name)
    return {"seconds": seconds, "rows": len(x)}


# For XGBoost's models shap asks XGBoost. Its own code is the faster of the two, and knows the expected value then as 0:
# additivity is checked by who reads the values.
by_paths = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
by_paths.model.model_type = "other"
answer = {"path_dependent": timed(by_paths, rows, "contributions.f64")}
against = shap.TreeExplainer(booster, background, feature_perturbation="interventional")
answer["interventional"] = timed(against, rows[: max(1, len(rows) // 50)], "interventional.f64")
print(json.dumps(answer))
