"""Writes golden.json: what scikit-learn and fairlearn answer, for test/evaluation/golden.test.ts.

From the root of the repository, with Python 3.11 and the credit data in ../shared/data:

    python3 -m venv .venv && .venv/bin/pip install fairlearn==0.15.0 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1
    .venv/bin/python test/evaluation/golden/make.py > test/evaluation/golden/golden.json
    npx biome format --write test/evaluation/golden/golden.json

The same versions print the same bytes. The columns are made with sums, products and quotients alone, which are the same
in every language; the test makes them again.
"""

import json
from importlib.metadata import version

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame
from sklearn import metrics as sk

data = pd.read_csv("../shared/data/credit-default/UCI_Credit_Card.csv")
actual = data["default.payment.next.month"].to_numpy()


def binary():
    score = ((data.PAY_0 + 2) / 11 + data.LIMIT_BAL / 20000000).to_numpy()
    decision = (data.PAY_0 >= 2).astype(int).to_numpy()
    tn, fp, fn, tp = sk.confusion_matrix(actual, decision).ravel()
    fpr, tpr, _ = sk.roc_curve(actual, score, drop_intermediate=False)
    bins = np.minimum(9, np.maximum(0, np.ceil(score * 10).astype(int) - 1))
    ece = sum(abs(score[bins == b].sum() - actual[bins == b].sum()) for b in range(10)) / len(score)
    auc = sk.roc_auc_score(actual, score)
    groups = {}
    for name in ["SEX", "EDUCATION", "MARRIAGE"]:
        by = MetricFrame(metrics=sk.accuracy_score, y_true=actual, y_pred=decision, sensitive_features=data[name]).by_group
        groups[name] = {
            str(g): {
                "n": int((data[name] == g).sum()),
                "accuracy": float(by[g]),
                "roc_auc": auc_of(actual[data[name] == g], score[data[name] == g]),
            }
            for g in by.index
        }
    return {
        "metrics": {
            "tp": int(tp),
            "fp": int(fp),
            "tn": int(tn),
            "fn": int(fn),
            "accuracy": sk.accuracy_score(actual, decision),
            "precision": sk.precision_score(actual, decision),
            "recall": sk.recall_score(actual, decision),
            "f1": sk.f1_score(actual, decision),
            "roc_auc": auc,
            "gini": 2 * auc - 1,
            "pr_auc": sk.average_precision_score(actual, score),
            "log_loss": sk.log_loss(actual, score),
            "brier": sk.brier_score_loss(actual, score),
            "ks": float((tpr - fpr).max()),
            "ece": float(ece),
        },
        "groups": groups,
    }


def auc_of(y, s):
    return sk.roc_auc_score(y, s) if 0 < y.sum() < len(y) else None


def multiclass():
    weights = np.stack([1 + data.PAY_0 + 2, 3 + data.AGE / 16, 2 + data.LIMIT_BAL / 250000], axis=1)
    p = weights / weights.sum(axis=1, keepdims=True)
    label = data.EDUCATION.clip(1, 3).to_numpy()
    decided = p.argmax(axis=1) + 1
    return {
        "accuracy": sk.accuracy_score(label, decided),
        "precision": sk.precision_score(label, decided, average="macro", zero_division=0),
        "recall": sk.recall_score(label, decided, average="macro", zero_division=0),
        "f1": sk.f1_score(label, decided, average="macro", zero_division=0),
        "roc_auc": sk.roc_auc_score(label, p, multi_class="ovr"),
        "log_loss": sk.log_loss(label, p),
    }


def regression():
    predicted = data.BILL_AMT1 * 0.75 + data.AGE * 100
    y = data.BILL_AMT2
    known = y != 0
    return {
        "mae": sk.mean_absolute_error(y, predicted),
        "rmse": sk.root_mean_squared_error(y, predicted),
        "r2": sk.r2_score(y, predicted),
        "mape": sk.mean_absolute_percentage_error(y[known], predicted[known]),
        "bias": float((predicted - y).mean()),
        "pinball": sk.mean_pinball_loss(y, predicted),
    }


def ranking():
    query, relevance, score = data.AGE, actual * 2 + (data.PAY_2 > 0), data.PAY_0 + data.LIMIT_BAL / 1000000
    gains = []
    for _, rows in data.groupby(query):
        r, s = relevance[rows.index].to_numpy(), score[rows.index].to_numpy()
        if r.sum() > 0:
            gains.append(sk.ndcg_score([2**r - 1], [s], k=10))
    return {"ndcg_10": float(np.mean(gains))}


print(
    json.dumps(
        {
            "versions": {p: version(p) for p in ["fairlearn", "numpy", "pandas", "scikit-learn"]},
            "binary": binary(),
            "multiclass": multiclass(),
            "regression": {k: float(v) for k, v in regression().items()},
            "ranking": ranking(),
        }
    )
)
