"""Writes models with the answers of their own libraries for test/explain/golden.test.ts, one JSON line a model, gzipped.

With Python 3.11, xgboost 3.2.0, lightgbm 4.7.0, shap 0.51.0, scikit-learn 1.9.1, pandas 3.1.1 and numpy 2.4.6, from the root
of the repository:

    python test/explain/golden/make.py test/explain/golden/golden.ndjson.gz

and with one other version of a library alone, which write other files (xgboost 1.3.3 with pandas 1.5.3; 1.7.6 and 2.1.4 with
pandas 2.1; 3.4.1 with Python 3.13; lightgbm 2.3.1 with numpy 1.23.5; 3.3.5):

    python test/explain/golden/make.py test/explain/golden/xgboost-1.7.6.ndjson.gz xgboost
    python test/explain/golden/make.py test/explain/golden/lightgbm-3.3.5.ndjson.gz lightgbm

Everything is trained on generated rows.
"""

import gzip
import sys

import numpy as np
from data import as_json, generated
from models import lightgbm_case, lightgbm_objectives, xgboost_case, xgboost_objectives

SIZE = 12
TRAIN = 600


def main_cases():
    table, labels = generated(TRAIN, 1)
    numeric, _ = generated(TRAIN, 1, categories=False)
    binary, logistic = labels["binary"], {"objective": "binary:logistic"}
    yield from xgboost_objectives(table, labels, SIZE, rounds=4)
    yield from lightgbm_objectives(table, labels, SIZE, rounds=4)
    for score in [0.5, 0.3, 0.001, 0.999]:
        yield xgboost_case(f"base_score {score}", {**logistic, "base_score": score}, table, binary, SIZE, rounds=2)
    yield xgboost_case("dart", {**logistic, "booster": "dart", "rate_drop": 0.4}, table, binary, SIZE, rounds=10)
    yield xgboost_case("dart", {**logistic, "booster": "dart", "rate_drop": 0.4}, table, binary, SIZE, rounds=10, format="ubj")
    yield xgboost_case("one-hot splits", {**logistic, "max_cat_to_onehot": 50}, table, binary, SIZE, interactions=3)
    yield xgboost_case("set splits", {**logistic, "max_cat_to_onehot": 1}, table, binary, SIZE, interactions=3)
    yield xgboost_case("missing=0", logistic, numeric, binary, SIZE, missing=0.0)
    yield xgboost_case("missing=0, categories", logistic, table, binary, SIZE, missing=0.0, format="ubj")
    yield xgboost_case("missing=-1", logistic, numeric.fillna(-1), binary, SIZE, missing=-1.0)
    yield xgboost_case("constant trees", {**logistic, "gamma": 1e9}, table, binary, SIZE, rounds=3)
    yield xgboost_case("forest", {**logistic, "num_parallel_tree": 3, "subsample": 0.5}, table, binary, SIZE, rounds=2)
    yield xgboost_case("exact, pruned", {**logistic, "tree_method": "exact", "gamma": 2}, numeric, binary, SIZE)
    yield xgboost_case("lossguide", {**logistic, "grow_policy": "lossguide", "max_depth": 0, "max_leaves": 20}, table, binary, SIZE, rounds=2)
    monotone = {"monotone_constraints": "(1,1,0,0,0,1,0)"}
    yield xgboost_case("monotone", {**logistic, **monotone}, numeric, binary, SIZE, background=12, interactions=3)
    classes = {"objective": "multi:softprob", "num_class": 3}
    yield xgboost_case("classes, plain numbers", classes, numeric, labels["class"], SIZE, rounds=3, background=12)
    two = np.column_stack([labels["value"], labels["positive"]])
    yield xgboost_case("two targets", {"objective": "reg:squarederror"}, numeric, two, SIZE, rounds=3)
    # Small files, for test/explain/fuzz.test.ts to damage.
    small = {"rounds": 2, "interactions": 3}
    yield xgboost_case("small", {**logistic, "max_depth": 2, "max_cat_to_onehot": 1}, table, binary, SIZE, **small)
    yield xgboost_case("small", {**logistic, "max_depth": 2, "booster": "dart"}, table, binary, SIZE, format="ubj", **small)
    lightgbm = {"objective": "binary"}
    yield lightgbm_case("small", {**lightgbm, "num_leaves": 4, "max_cat_to_onehot": 1}, table, binary, SIZE, rounds=2)
    yield lightgbm_case("dart", {**lightgbm, "boosting": "dart"}, table, binary, SIZE)
    yield lightgbm_case("random forest", {**lightgbm, "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, table, binary, SIZE)
    yield lightgbm_case("zero as missing", {**lightgbm, "zero_as_missing": True}, table, binary, SIZE)
    yield lightgbm_case("no missing", {**lightgbm, "use_missing": False}, table, binary, SIZE)
    yield lightgbm_case("one-hot splits", {**lightgbm, "max_cat_to_onehot": 50}, table, binary, SIZE)
    yield lightgbm_case("set splits", {**lightgbm, "max_cat_to_onehot": 1}, table, binary, SIZE)
    yield lightgbm_case("constant trees", {**lightgbm, "min_gain_to_split": 1e9}, table, binary, SIZE, rounds=3)
    yield lightgbm_case("monotone", {**lightgbm, "monotone_constraints": [1, 1, 0, 0, 0, 1, 0]}, numeric, binary, SIZE, background=12)


def lightgbm_cases():
    table, labels = generated(TRAIN, 1)
    forest = {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
    yield lightgbm_case("binary", {"objective": "binary"}, table, labels["binary"], SIZE, rounds=3)
    yield lightgbm_case("multiclass", {"objective": "multiclass", "num_class": 3}, table, labels["class"], SIZE, rounds=3)
    yield lightgbm_case("poisson", {"objective": "poisson"}, table, labels["count"], SIZE, rounds=3)
    yield lightgbm_case("random forest", forest, table, labels["binary"], SIZE, rounds=3)


def xgboost_cases():
    import xgboost as xgb

    old = tuple(int(part) for part in xgb.__version__.split(".")[:2]) < (1, 7)
    table, labels = generated(TRAIN, 1, categories=not old, foreign=not old)
    formats = ["json"] if old else ["json", "ubj"]
    for format in formats:
        more = {"rounds": 3, "format": format}
        yield xgboost_case("binary:logistic", {"objective": "binary:logistic"}, table, labels["binary"], SIZE, **more)
        dart = {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.5}
        yield xgboost_case("dart", dart, table, labels["binary"], SIZE, **more)
        classes = {"objective": "multi:softprob", "num_class": 3}
        yield xgboost_case("multi:softprob", classes, table, labels["class"], SIZE, **more)
    yield xgboost_case("logitraw, base_score 0.3", {"objective": "binary:logitraw", "base_score": 0.3}, table, labels["binary"], SIZE, rounds=3)
    yield xgboost_case("reg:gamma", {"objective": "reg:gamma"}, table, labels["positive"], SIZE, rounds=3)


if __name__ == "__main__":
    path, *which = sys.argv[1:]
    # mtime=0: the same versions write the same bytes.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as out:
        for one in {"xgboost": xgboost_cases, "lightgbm": lightgbm_cases}.get("".join(which), main_cases)():
            out.write(as_json(one).encode() + b"\n")
