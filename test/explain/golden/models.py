"""Models of every format and objective that is read, with what their own libraries answer for some rows."""

import base64
import os
import tempfile

import numpy as np
from data import numbers, rows_of


def file_bytes(save, name):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        save(path)
        with open(path, "rb") as file:
            return file.read()


def case(name, format, model, table, answers, **more):
    return {
        "name": name,
        "format": format,
        # Text compresses better as it is.
        **({"base64": base64.b64encode(model).decode()} if format == "xgboost-ubj" else {"text": model.decode()}),
        "rows": rows_of(table),
        **{key: numbers(value) for key, value in answers.items() if value is not None},
        **more,
    }


def interventional(booster, table, rows, background):
    """By shap itself, on plain numbers: it knows no categories."""
    import shap

    plain = table.astype(float).to_numpy()
    explainer = shap.TreeExplainer(booster, data=plain[:background], feature_perturbation="interventional")
    return explainer.shap_values(plain[-rows:], check_additivity=False)


def xgboost_case(name, params, table, labels, size, rounds=8, format="json", explain=None, interactions=0, background=0, **data):
    import xgboost as xgb

    known = {"enable_categorical": True} if any(str(t) == "category" for t in table.dtypes) else {}
    matrix = xgb.DMatrix(table, labels, **known, **data)
    booster = xgb.train({"max_depth": 4, "nthread": 1, "seed": 1, **params}, matrix, rounds)
    model = file_bytes(booster.save_model, f"model.{format}")
    # What is served is what was saved.
    served = xgb.Booster({"nthread": 1})
    served.load_model(bytearray(model))
    shown = table.iloc[-size:]
    missing = {"missing": data["missing"]} if "missing" in data else {}
    rows = xgb.DMatrix(shown, **known, **missing)
    explained = xgb.DMatrix(shown.iloc[:explain], **known, **missing) if explain else rows
    pairs = xgb.DMatrix(shown.iloc[:interactions], **known, **missing) if interactions else None
    answers = {
        "margin": served.predict(rows, output_margin=True),
        "score": None if params["objective"] == "multi:softmax" else served.predict(rows),
        "contributions": served.predict(explained, pred_contribs=True),
        "interactions": served.predict(pairs, pred_interactions=True) if pairs else None,
    }
    more = {"manifest": {"missing": data["missing"]}} if "missing" in data else {}
    if known and xgb.__version__ < "3.1":
        # Before 3.1 the file has no categories.
        more["manifest"] = {"encodings": {c: {str(v): i for i, v in enumerate(table[c].cat.categories)} for c in table if str(table[c].dtype) == "category"}}
    if not booster.feature_names or xgb.__version__ < "1.4":
        more["features"] = list(table.columns)
    if background:
        answers["interventional"] = interventional(booster, table, background, background)
        more["background"] = rows_of(table.iloc[:background])
        more["interventionalRows"] = rows_of(table.iloc[-background:])
    return case(f"xgboost {xgb.__version__} {name} ({format})", f"xgboost-{format}", model, shown, answers, **more)


def lightgbm_case(name, params, table, labels, size, rounds=8, explain=None, background=0, **data):
    import lightgbm as lgb

    base = {"num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": 1, "deterministic": True, "min_data_per_group": 5}
    booster = lgb.train({**base, **params}, lgb.Dataset(table, labels, **data), rounds)
    model = file_bytes(booster.save_model, "model.txt")
    served = lgb.Booster(model_str=model.decode())
    shown = table.iloc[-size:]
    answers = {
        "margin": served.predict(shown, raw_score=True),
        "score": served.predict(shown),
        "contributions": served.predict(shown.iloc[:explain], pred_contrib=True),
    }
    more = {}
    if background:
        answers["interventional"] = interventional(booster, table, background, background)
        more["background"] = rows_of(table.iloc[:background])
        more["interventionalRows"] = rows_of(table.iloc[-background:])
    return case(f"lightgbm {lgb.__version__} {name}", "lightgbm-text", model, shown, answers, **more)


def xgboost_objectives(table, labels, size, **more):
    """One small model an objective, JSON and UBJSON in turn."""
    objectives = [
        ("binary:logistic", "binary", {}),
        ("binary:logitraw", "binary", {}),
        ("binary:hinge", "binary", {}),
        ("multi:softprob", "class", {"num_class": 3}),
        ("multi:softmax", "class", {"num_class": 3}),
        ("reg:squarederror", "value", {}),
        ("reg:absoluteerror", "value", {}),
        ("reg:pseudohubererror", "value", {}),
        ("reg:squaredlogerror", "positive", {}),
        ("reg:logistic", "share", {}),
        ("reg:gamma", "positive", {}),
        ("reg:tweedie", "count", {}),
        ("count:poisson", "count", {}),
        ("survival:cox", "positive", {}),
    ]
    for i, (objective, label, params) in enumerate(objectives):
        format = "json" if i % 2 == 0 else "ubj"
        yield xgboost_case(objective, {"objective": objective, **params}, table, labels[label], size, format=format, **more)
    groups = np.arange(len(table)) // 10
    for i, objective in enumerate(["rank:ndcg", "rank:pairwise", "rank:map"]):
        relevance = labels["binary"] if objective == "rank:map" else labels["class"]
        format = "ubj" if i % 2 == 0 else "json"
        yield xgboost_case(objective, {"objective": objective}, table, relevance, size, format=format, qid=groups, **more)
    bounds = {"label_lower_bound": labels["positive"], "label_upper_bound": labels["positive"] * 1.5}
    yield xgboost_case("survival:aft", {"objective": "survival:aft"}, table, None, size, **bounds, **more)


def lightgbm_objectives(table, labels, size, **more):
    objectives = [
        ("binary", "binary", {}),
        ("binary sigmoid 2", "binary", {"objective": "binary", "sigmoid": 2.0}),
        ("multiclass", "class", {"num_class": 3}),
        ("multiclassova", "class", {"num_class": 3, "sigmoid": 0.7}),
        ("regression", "value", {}),
        *((f"{name} sqrt", "positive", {"objective": name, "reg_sqrt": True}) for name in ["regression", "regression_l1", "fair", "quantile", "mape"]),
        ("regression_l1", "value", {}),
        ("huber", "value", {}),
        ("fair", "value", {}),
        ("quantile", "value", {}),
        ("mape", "positive", {}),
        ("poisson", "count", {}),
        ("gamma", "positive", {}),
        ("tweedie", "count", {}),
        ("cross_entropy", "share", {}),
        ("cross_entropy_lambda", "share", {}),
    ]
    for name, label, params in objectives:
        yield lightgbm_case(name, {"objective": name, **params}, table, labels[label], size, **more)
    groups = [10] * (len(table) // 10)
    for objective in ["lambdarank", "rank_xendcg"]:
        yield lightgbm_case(objective, {"objective": objective}, table, labels["class"], size, group=groups, **more)
