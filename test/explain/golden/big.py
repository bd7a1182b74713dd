"""Writes models with the answers of their own libraries for 10,000 rows each, for test/explain/peers.test.ts.

    python test/explain/golden/big.py FOLDER [credit-default.csv]

One file a model, gzipped: too large to keep, so the test makes them anew with the installed libraries.
"""

import gzip
import os
import sys

import numpy as np
import pandas as pd
from data import as_json, generated
from models import lightgbm_case, lightgbm_objectives, xgboost_case, xgboost_objectives

ROWS = 10_000
LOGISTIC = {"objective": "binary:logistic"}
EXPLAINED = 200


def depths(table, numeric, labels):
    binary = labels["binary"]
    for depth, rounds, explained in [(1, 400, EXPLAINED), (3, 100, EXPLAINED), (8, 60, 50), (20, 10, 20)]:
        params = {**LOGISTIC, "max_depth": depth, "min_child_weight": 0, "gamma": 0, "tree_method": "exact" if depth == 20 else "hist"}
        data = numeric if depth == 20 else table
        yield xgboost_case(f"depth {depth}", params, data, binary, ROWS, rounds=rounds, explain=explained)
        leaves = {"num_leaves": min(2**depth, 400), "max_depth": depth, "min_data_in_leaf": 1}
        yield lightgbm_case(f"depth {depth}", {"objective": "binary", **leaves}, data, binary, ROWS, rounds=rounds, explain=explained)


def counts(table, labels):
    binary = labels["binary"]
    yield xgboost_case("1 tree", LOGISTIC, table, binary, ROWS, rounds=1, explain=EXPLAINED)
    many = {"max_depth": 5, "eta": 0.02}
    yield xgboost_case("2,000 trees", {**LOGISTIC, **many}, table, binary, ROWS, rounds=2000, explain=20, format="ubj")
    yield lightgbm_case("2,000 trees", {"objective": "binary", "learning_rate": 0.02}, table, binary, ROWS, rounds=2000, explain=20)
    yield xgboost_case("constant trees", {**LOGISTIC, "gamma": 1e9}, table, binary, ROWS, rounds=5, explain=EXPLAINED)
    yield lightgbm_case("constant trees", {"objective": "binary", "min_gain_to_split": 1e9}, table, binary, ROWS, rounds=5, explain=EXPLAINED)


def kinds(table, numeric, labels):
    binary = labels["binary"]
    dart = {**LOGISTIC, "booster": "dart", "rate_drop": 0.3}
    yield xgboost_case("dart", dart, table, binary, ROWS, rounds=50, explain=EXPLAINED)
    yield lightgbm_case("dart", {"objective": "binary", "boosting": "dart"}, table, binary, ROWS, rounds=50, explain=EXPLAINED)
    for onehot in [1, 100]:
        cats = {"max_cat_to_onehot": onehot}
        yield xgboost_case(f"categories {onehot}", {**LOGISTIC, **cats}, table, binary, ROWS, rounds=50, explain=EXPLAINED, interactions=20)
        yield lightgbm_case(f"categories {onehot}", {"objective": "binary", **cats}, table, binary, ROWS, rounds=50, explain=EXPLAINED)
    monotone = "(1,1,0,0,0,1,0)"
    plain = {"background": 100, "explain": EXPLAINED}
    yield xgboost_case("monotone", {**LOGISTIC, "monotone_constraints": monotone}, numeric, binary, ROWS, rounds=50, interactions=20, **plain)
    yield lightgbm_case("monotone", {"objective": "binary", "monotone_constraints": [1, 1, 0, 0, 0, 1, 0]}, numeric, binary, ROWS, rounds=50, **plain)
    yield xgboost_case("classes", {"objective": "multi:softprob", "num_class": 3}, numeric, labels["class"], ROWS, rounds=20, interactions=10, **plain)
    yield xgboost_case("missing=0", LOGISTIC, numeric, binary, ROWS, rounds=50, explain=EXPLAINED, missing=0.0)
    yield lightgbm_case("zero as missing", {"objective": "binary", "zero_as_missing": True}, table, binary, ROWS, rounds=50, explain=EXPLAINED)


def base_scores(table, labels):
    # Many scores, few rows: the last bit of the base is what is at stake.
    random = np.random.default_rng(3)
    few = table.iloc[:300]
    for i, score in enumerate(random.random(60)):
        label = labels["binary"][:300]
        yield xgboost_case(f"base_score {score:.4f}", {**LOGISTIC, "base_score": score}, few, label, 20, rounds=1, format=["json", "ubj"][i % 2])
    for score in random.lognormal(0, 2, 30):
        yield xgboost_case(f"gamma base_score {score:.4f}", {"objective": "reg:gamma", "base_score": score}, few, labels["positive"][:300], 20, rounds=1)


def credit(path):
    table = pd.read_csv(path).drop(columns=["ID"])
    label = table.pop("default.payment.next.month")
    for name in ["SEX", "EDUCATION", "MARRIAGE"]:
        table[name] = pd.Categorical(table[name])
    numeric = table.astype(float)
    yield xgboost_case("credit default", {**LOGISTIC, "max_depth": 6}, numeric, label, ROWS, rounds=100, explain=EXPLAINED, interactions=10, background=100)
    yield xgboost_case("credit default, categories", {**LOGISTIC, "max_depth": 6}, table, label, ROWS, rounds=100, explain=EXPLAINED, format="ubj")
    yield lightgbm_case("credit default", {"objective": "binary"}, numeric, label, ROWS, rounds=100, explain=EXPLAINED, background=100)
    yield lightgbm_case("credit default, categories", {"objective": "binary"}, table, label, ROWS, rounds=100, explain=EXPLAINED)


def cases(csv):
    table, labels = generated(ROWS, 2)
    numeric, _ = generated(ROWS, 2, categories=False)
    yield from xgboost_objectives(table, labels, ROWS, rounds=20, explain=EXPLAINED)
    yield from lightgbm_objectives(table, labels, ROWS, rounds=20, explain=EXPLAINED)
    yield from depths(table, numeric, labels)
    yield from counts(table, labels)
    yield from kinds(table, numeric, labels)
    yield from base_scores(table, labels)
    if csv:
        yield from credit(csv)


if __name__ == "__main__":
    folder, *csv = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for number, one in enumerate(cases(csv[0] if csv else None)):
        with gzip.open(os.path.join(folder, f"{number:03}.ndjson.gz"), "wb", compresslevel=1) as out:
            out.write(as_json(one).encode())
