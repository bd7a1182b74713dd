"""Writes *.onnx and golden.json.gz: what scikit-learn, shap and onnxruntime answer, for test/explain/onnx/*.test.ts.

From the root of the repository, with Python 3.11 and these versions:

    python3 -m venv .venv
    .venv/bin/pip install scikit-learn==1.9.1 skl2onnx==1.20.0 shap==0.51.0 onnxruntime==1.32.0 \
        onnxmltools==1.16.0 xgboost==3.2.0 lightgbm==4.7.0 pandas
    OMP_NUM_THREADS=1 .venv/bin/python test/explain/onnx/golden/make.py

The data are generated; nothing here follows src/explain.
"""

import gzip
import json
import pathlib
import warnings

import lightgbm
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import shap
import skl2onnx
import sklearn
import xgboost
from onnxmltools.convert import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent
chance = np.random.default_rng(20260501)
opset = {"": 17, "ai.onnx.ml": 3}
names = ["income", "age", "debt", "months", "calls"]

X = chance.normal(size=(600, 5)).astype(np.float32)
margin = X[:, 0] - X[:, 1] + 0.5 * X[:, 2] + X[:, 0] * X[:, 1] + chance.normal(scale=0.3, size=600)
y, y3 = (margin > 0).astype(int), np.digitize(margin, [-1, 1])
Xn = X.copy()
Xn[chance.random(X.shape) < 0.15] = np.nan
rows, background = slice(0, 24), slice(24, 54)

# scikit-learn 1.9 hands numpy integers and booleans on that onnx does not take for an attribute.
make_attribute = onnx.helper.make_attribute


def plain(value):
    if isinstance(value, (bool, np.bool_, np.integer)):
        return int(value)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


onnx.helper.make_attribute = lambda key, value, *more, **named: make_attribute(key, plain(value), *more, **named)

golden = {
    "versions": {
        m.__name__: m.__version__ for m in (sklearn, skl2onnx, shap, onnxruntime, xgboost, lightgbm)
    },
    "names": names,
    "models": {},
}


def cells(matrix):
    return [[None if np.isnan(v) else float(v) for v in row] for row in np.asarray(matrix)]


def run(name, data):
    session = onnxruntime.InferenceSession(
        (here / name).read_bytes(), providers=["CPUExecutionProvider"]
    )
    inputs = session.get_inputs()
    feed = {"%s" % inputs[0].name: data} if len(inputs) == 1 else data
    answer = session.run(None, feed)[-1]
    if isinstance(answer, list):
        answer = [[row[k] for k in sorted(row)] for row in answer]
    return cells(np.asarray(answer).reshape(len(answer), -1))


def save(name, proto, model, data, values=None, base=None, feed=None, **more):
    (here / f"{name}.onnx").write_bytes(proto.SerializeToString())
    golden["models"][name] = {
        "rows": more.pop("table", None) or cells(data[rows]),
        "background": more.pop("backgroundTable", None) or cells(data[background]),
        "runtime": run(f"{name}.onnx", data[rows] if feed is None else feed),
        **({} if values is None else {"shap": values, "base": base}),
        **more,
    }


def explained(model, data, data_background=None):
    """shap_values as [output][row][feature] and the expected value of each output."""
    explainer = shap.TreeExplainer(
        model, data[background], feature_perturbation="interventional", model_output="raw"
    )
    values = np.asarray(explainer.shap_values(data[rows].astype(np.float64), check_additivity=False))
    values = values[..., None] if values.ndim == 2 else values
    base = np.atleast_1d(explainer.expected_value).astype(float)
    return [values[..., k].tolist() for k in range(values.shape[2])], base.tolist()


def trees(name, model, data, target, zipmap=False):
    model.fit(data, target)
    options = {"zipmap": zipmap} if hasattr(model, "classes_") else None
    proto = to_onnx(model, data[:1], target_opset=opset, options=options)
    try:
        values, base = explained(model, data)
    except Exception as error:  # shap does not take every model
        print(name, "not explained by shap:", str(error)[:90])
        values, base = None, None
    save(name, proto, model, data, values, base)


trees("forest", RandomForestClassifier(8, max_depth=5, random_state=1), X, y, zipmap=True)
trees("forest-3", RandomForestClassifier(6, max_depth=4, random_state=1), X, y3)
trees("forest-value", RandomForestRegressor(6, max_depth=4, random_state=1), X, margin)
trees("extra", ExtraTreesClassifier(6, max_depth=4, random_state=1), X, y)
trees("tree", DecisionTreeClassifier(max_depth=4, random_state=1), X, y)
trees("boosting", GradientBoostingClassifier(n_estimators=20, max_depth=3, random_state=1), X, y)
trees("boosting-3", GradientBoostingClassifier(n_estimators=6, max_depth=3, random_state=1), X, y3)
trees("boosting-value", GradientBoostingRegressor(n_estimators=15, max_depth=3, random_state=1), X, margin)
trees("hist", HistGradientBoostingClassifier(max_iter=15, max_leaf_nodes=12, random_state=1), Xn, y)
trees("hist-3", HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=8, random_state=1), Xn, y3)

# A scaler before trees: shap sees the scaled columns.
scaler = MinMaxScaler().fit(X)
scaled = scaler.transform(X).astype(np.float32)
model = GradientBoostingClassifier(n_estimators=10, max_depth=3, random_state=1)
pipeline = make_pipeline(MinMaxScaler(), model).fit(X, y)
values, base = explained(model, pipeline[0].transform(X))
save(
    "scaled-boosting",
    to_onnx(pipeline, X[:1], target_opset=opset, options={"zipmap": False}),
    pipeline, X, values, base,
)


def linear(name, model, data, target):
    pipeline = make_pipeline(StandardScaler(), model).fit(data, target)
    options = {"zipmap": False} if hasattr(model, "classes_") else None
    proto = to_onnx(pipeline, data[:1], target_opset=opset, options=options)
    inside = pipeline[0].transform(data)
    masker = shap.maskers.Independent(inside[background], max_samples=1000)
    answer = shap.LinearExplainer(model, masker)(inside[rows])
    values = answer.values if answer.values.ndim == 3 else answer.values[..., None]
    base = np.atleast_1d(np.asarray(answer.base_values)[0]).astype(float)
    save(name, proto, pipeline, data, [values[..., k].tolist() for k in range(values.shape[2])], base.tolist())


linear("logistic", LogisticRegression(), X, y)
linear("logistic-3", LogisticRegression(), X, y3)
linear("linear", LinearRegression(), X, margin)

# Columns as they are, such as a year: terms of hundreds take each other away in float32.
wide = X * np.float32([5000, 9, 1, 1, 1]) + np.float32([30_000, 2005, 0, 0, 0])
model = LogisticRegression().fit(wide, y)
model.coef_, model.intercept_ = np.array([[4e-4, 0.3, 1, 0, 0]]), np.array([-613.5])
exact = wide.astype(np.float64)
answer = shap.LinearExplainer(model, shap.maskers.Independent(exact[background], max_samples=1000))(exact[rows])
proto = to_onnx(model, wide[:1], target_opset=opset, options={"zipmap": False})
save("unscaled", proto, model, wide, [answer.values.tolist()], np.atleast_1d(answer.base_values[0]).tolist())

# A network: nothing that we read; every coalition by brute force through shap's KernelExplainer (2^5 - 2 of them).
network = make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=300, random_state=1)).fit(X, y)
proto = to_onnx(network, X[:1], target_opset=opset, options={"zipmap": False})
explainer = shap.KernelExplainer(lambda d: network.predict_proba(d)[:, 1], X[background].astype(np.float64))
values = explainer.shap_values(X[rows].astype(np.float64), l1_reg=False, silent=True)
save("network", proto, network, X, [values.tolist()], [float(explainer.expected_value)])

# One input a column, text among them.
frame = pd.DataFrame(X[:, :3], columns=["income", "age", "debt"])
frame["region"] = np.where(X[:, 3] > 0.4, "north", np.where(X[:, 3] < -0.4, "south", "west"))
frame["debt"] += (frame["region"] == "south").astype(np.float32)
label = (frame["income"] - frame["debt"] + (frame["region"] == "north") > 0).astype(int)
types = [
    (c, StringTensorType([None, 1]) if c == "region" else FloatTensorType([None, 1])) for c in frame.columns
]


def columns(name, final):
    made = ColumnTransformer(
        [
            ("number", StandardScaler(), ["income", "age", "debt"]),
            ("text", OneHotEncoder(handle_unknown="ignore"), ["region"]),
        ]
    )
    pipeline = make_pipeline(made, final).fit(frame, label)
    proto = to_onnx(pipeline, initial_types=types, target_opset=opset, options={"zipmap": False})
    part = frame.iloc[rows]
    feed = {
        c: part[c].to_numpy().reshape(-1, 1).astype(object if c == "region" else np.float32)
        for c in frame.columns
    }
    # Each coalition of the four logged features by hand: text and numbers alike, in the model's own margin.
    raw = (
        (lambda d: pipeline.decision_function(d))
        if hasattr(final, "decision_function")
        else (lambda d: pipeline.predict_proba(d)[:, 1])
    )
    from itertools import combinations
    from math import comb

    inside = frame.iloc[background]
    features = list(frame.columns)
    phis = []
    for r in range(rows.stop):
        worth = {}
        for k in range(len(features) + 1):
            for chosen in combinations(features, k):
                mixed = inside.copy()
                for c in chosen:
                    mixed[c] = part.iloc[r][c]
                worth[chosen] = float(np.mean(raw(mixed.astype(frame.dtypes.to_dict()))))
        phi = []
        for f in features:
            rest = [c for c in features if c != f]
            phi.append(
                sum(
                    (worth[tuple(c for c in features if c in s or c == f)] - worth[s])
                    / (len(features) * comb(len(features) - 1, k))
                    for k in range(len(features))
                    for s in combinations(rest, k)
                )
            )
        phis.append(phi)
    save(
        name, proto, pipeline, frame, [phis], [float(np.mean(raw(inside)))], feed,
        table=part.to_dict("records"), backgroundTable=inside.to_dict("records"),
    )


columns("columns", LogisticRegression())
columns("columns-forest", RandomForestClassifier(5, max_depth=4, random_state=1))

# The same two libraries that we read natively, through onnxmltools.
model = xgboost.XGBClassifier(n_estimators=12, max_depth=3, random_state=1, n_jobs=1).fit(Xn, y)
save("xgboost", convert_xgboost(model, initial_types=[("input", ToolsFloat([None, 5]))]), model, Xn)
model = lightgbm.LGBMClassifier(n_estimators=12, max_depth=4, random_state=1, n_jobs=1, verbose=-1).fit(Xn, y)
save(
    "lightgbm",
    convert_lightgbm(model, initial_types=[("input", ToolsFloat([None, 5]))], zipmap=False),
    model, Xn, *explained(model, Xn),
)

text = json.dumps(golden, separators=(",", ":")).encode()
# mtime=0: the same versions write the same bytes.
(here / "golden.json.gz").write_bytes(gzip.compress(text, mtime=0))
