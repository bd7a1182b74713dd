"""The counterpart of `plumbline evaluate` on one group column: pandas, scikit-learn and fairlearn, as one would write it.

Called with the path of a CSV or Parquet file; prints one number of each kind, so that the answers can be compared.
"""

import json
import sys

import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    count,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn import metrics as sk

path = sys.argv[1]
data = pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
actual, score = data.actual, data.score
decision = (score >= 0.5).astype(int)
whole = {
    "accuracy": sk.accuracy_score(actual, decision),
    "precision": sk.precision_score(actual, decision),
    "recall": sk.recall_score(actual, decision),
    "f1": sk.f1_score(actual, decision),
    "roc_auc": sk.roc_auc_score(actual, score),
    "pr_auc": sk.average_precision_score(actual, score),
    "log_loss": sk.log_loss(actual, score),
    "brier": sk.brier_score_loss(actual, score),
}
frame = MetricFrame(
    metrics={
        "n": count,
        "selection_rate": selection_rate,
        "tpr": true_positive_rate,
        "fpr": false_positive_rate,
        "fnr": false_negative_rate,
        "precision": sk.precision_score,
        "accuracy": sk.accuracy_score,
    },
    y_true=actual,
    y_pred=decision,
    sensitive_features=data.region,
)
whole["demographic_parity_difference"] = frame.difference()["selection_rate"]
print(json.dumps({name: float(value) for name, value in whole.items()}))
