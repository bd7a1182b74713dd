"""Writes nannyml.json: CBPE of the California housing data as one chunk, for test/cli/evaluate.test.ts.

From the root of the repository, with Python 3.11 and the data in ../shared/data:

    python3 -m venv .venv && .venv/bin/pip install nannyml==0.13.1 lightgbm==4.5.0
    .venv/bin/python test/evaluation/golden/make-nannyml.py > test/evaluation/golden/nannyml.json
    npx biome format --write test/evaluation/golden/nannyml.json
"""

import json
import os
from importlib.metadata import version

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml as nml
import pandas as pd

folder = "../shared/data/california-housing/california_housing_"
reference, analysis = pd.read_csv(folder + "reference.csv"), pd.read_csv(folder + "analysis.csv")
names = ["roc_auc", "f1", "precision", "recall", "specificity", "accuracy"]
estimator = nml.CBPE(
    y_pred_proba="y_pred_proba",
    y_pred="y_pred",
    y_true="clf_target",
    problem_type="classification_binary",
    metrics=names,
    chunk_number=1,
)
estimator.fit(reference)
row = estimator.estimate(analysis).filter(period="analysis").to_df().iloc[0]
print(
    json.dumps(
        {
            "version": version("nannyml"),
            "metrics": {
                m: {
                    "value": float(row[m]["value"]),
                    "low": float(row[m]["lower_confidence_boundary"]),
                    "high": float(row[m]["upper_confidence_boundary"]),
                }
                for m in names
            },
        }
    )
)
