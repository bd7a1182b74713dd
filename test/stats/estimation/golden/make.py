"""Writes nannyml.json and trees.json: what NannyML's CBPE and DLE, scikit-learn's isotonic regression and LightGBM
answer, for test/stats/estimation.

From the root of the repository, with Python 3.11 (the data folder is ../shared/data, whose README names the source):

    python3 -m venv .venv
    .venv/bin/pip install nannyml==0.13.1 scikit-learn==1.9.1 numpy==2.4.6 pandas==3.1.1 lightgbm==4.5.0 statsmodels==0.15.0
    .venv/bin/python test/stats/estimation/golden/make.py
    npx biome format --write test/stats/estimation/golden

Nothing here follows src/stats: every answer is NannyML's or scikit-learn's own. California housing's rows are not in
the file, only the answers: the test reads the rows where they are present.
"""

import json
import os
import sys
import warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.filterwarnings("ignore")

import lightgbm  # noqa: E402
import nannyml  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import sklearn  # noqa: E402
from sklearn.isotonic import IsotonicRegression  # noqa: E402
from sklearn.model_selection import StratifiedShuffleSplit  # noqa: E402

random = np.random.default_rng(20260301)
data = os.path.join(os.path.dirname(__file__), "../../../../../shared/data/california-housing/")
binary_metrics = ["roc_auc", "accuracy", "precision", "recall", "f1", "specificity"]
loss_metrics = ["mae", "mse", "rmse"]
columns = {
    "value": "value",
    "samplingError": "sampling_error",
    "low": "lower_confidence_boundary",
    "high": "upper_confidence_boundary",
}


def isotonic():
    cases = []
    for n, distinct, weighted in [(1, 1, False), (2, 2, False), (12, 5, True), (40, 40, False), (60, 15, True)]:
        x = random.permutation(np.linspace(-1, 1, distinct).round(3).repeat(-(-n // distinct))[:n])
        y = (random.random(n) < 0.5 + 0.4 * x).astype(float) if n > 2 else random.random(n).round(3)
        weights = random.integers(0, 4, n).astype(float) if weighted else np.ones(n)
        at = np.round(np.linspace(-1.3, 1.3, 21), 3)
        fit = IsotonicRegression(out_of_bounds="clip").fit(x, y, sample_weight=weights)
        cases.append(
            {
                "x": x.tolist(),
                "y": y.tolist(),
                "weights": weights.tolist(),
                "thresholds": [fit.X_thresholds_.tolist(), fit.y_thresholds_.tolist()],
                "at": at.tolist(),
                "values": fit.predict(at).tolist(),
            }
        )
    return cases


def splits():
    made = []
    for n, share in [(57, 0.3), (100, 0.5), (251, 0.1)]:
        actual = (random.random(n) < share).astype(int)
        drawn = list(StratifiedShuffleSplit(n_splits=3, test_size=0.1, random_state=42).split(actual, actual))
        made.append({"actual": actual.tolist(), "tests": [test.tolist() for _, test in drawn]})
    return made


def estimates(reference, analysis, problem_type, y_pred_proba, metrics, chunker):
    cbpe = nannyml.CBPE(
        y_pred_proba=y_pred_proba,
        y_pred="prediction",
        y_true="actual",
        problem_type=problem_type,
        metrics=metrics,
        **chunker,
    )
    cbpe.fit(reference)
    result = cbpe.estimate(analysis).filter(period="analysis").to_df()
    answers = [
        {m: {ours: float(row[(m, theirs)]) for ours, theirs in columns.items()} for m in metrics}
        for _, row in result.iterrows()
    ]
    return cbpe, answers


def binary_rows(n, shift, slope, digits, base):
    logit = random.normal(base + shift, 1.5, n)
    score = np.round(1 / (1 + np.exp(-logit)), digits)
    actual = (random.random(n) < 1 / (1 + np.exp(-slope * logit))).astype(int)
    return pd.DataFrame({"score": score, "prediction": (score >= 0.5).astype(int), "actual": actual})


def binary(name, rows, slope, digits=6, base=-0.5):
    reference, analysis = binary_rows(rows[0], 0, slope, digits, base), binary_rows(rows[1], 0.7, slope, digits, base)
    cbpe, [answers] = estimates(
        reference, analysis, "classification_binary", "score", binary_metrics, {"chunk_number": 1}
    )
    return {
        "name": name,
        "reference": {
            "scores": reference.score.tolist(),
            "predictions": reference.prediction.tolist(),
            "actual": reference.actual.tolist(),
        },
        "analysis": {"scores": analysis.score.tolist(), "predictions": analysis.prediction.tolist()},
        "calibrated": bool(cbpe.needs_calibration),
        "answers": answers,
    }


def multiclass_rows(n, classes, shift, sharpness):
    logits = random.normal(0, 1.2, (n, len(classes))) + shift
    score = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.exp(logits * sharpness)
    truth = truth / truth.sum(axis=1, keepdims=True)
    actual = [classes[random.choice(len(classes), p=p)] for p in truth]
    rows = pd.DataFrame({f"score_{c}": score[:, k].round(7) for k, c in enumerate(classes)})
    rows["prediction"] = [classes[k] for k in score.argmax(axis=1)]
    rows["actual"] = actual
    return rows


def multiclass(name, classes, rows, sharpness):
    reference = multiclass_rows(rows[0], classes, np.zeros(len(classes)), sharpness)
    analysis = multiclass_rows(rows[1], classes, np.linspace(0.5, -0.5, len(classes)), sharpness)
    proba = {c: f"score_{c}" for c in classes}
    cbpe, [answers] = estimates(
        reference, analysis, "classification_multiclass", proba, binary_metrics, {"chunk_number": 1}
    )
    side = lambda rows: {
        "scores": {c: rows[f"score_{c}"].tolist() for c in classes},
        "predictions": " ".join(rows.prediction),
    }
    return {
        "name": name,
        "reference": {**side(reference), "actual": " ".join(reference.actual)},
        "analysis": side(analysis),
        "calibrated": {c: type(f).__name__ == "IsotonicCalibrator" for c, f in cbpe._calibrators.items()},
        "answers": answers,
    }


def trees():
    """Columns with negative values, zeros, few and many distinct values, ties; half the rows are not trained on."""
    n = 1200
    columns = {
        "normal": random.normal(size=n).round(4),
        "few": random.integers(-3, 9, n).astype(float),
        "zeros": (random.exponential(size=n) * (random.random(n) < 0.4)).round(3),
        "heavy": np.where(random.random(n) < 0.3, 1.5, random.normal(2, 3, n).round(3)),
        "negative": -random.exponential(size=n).round(3) - 1,
    }
    rows = pd.DataFrame(columns)
    signal = rows.normal**2 + 0.3 * rows.few * (rows.zeros > 0) + np.sin(rows.heavy)
    labels = (signal + 0.3 * random.normal(size=n)).round(4)
    half = n // 2
    model = lightgbm.LGBMRegressor(verbose=-1).fit(rows[:half], labels[:half])
    return {
        "columns": {name: rows[name].tolist() for name in columns},
        "labels": labels[:half].tolist(),
        "predictions": model.predict(rows).tolist(),
    }


def california_dle():
    """The classifier's score taken as a regression's prediction of the label."""
    features = ["MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"]
    dle = nannyml.DLE(
        feature_column_names=features,
        y_pred="y_pred_proba",
        y_true="clf_target",
        metrics=list(loss_metrics),
        timestamp_column_name="timestamp",
        chunk_period="M",
    )
    dle.fit(pd.read_csv(data + "california_housing_reference.csv"))
    result = dle.estimate(pd.read_csv(data + "california_housing_analysis.csv")).filter(period="analysis").to_df()
    return [
        {
            "month": row[("chunk", "key")],
            "answers": {m: {o: float(row[(m, t)]) for o, t in columns.items()} for m in loss_metrics},
        }
        for _, row in result.iterrows()
    ]


def california():
    reference = pd.read_csv(data + "california_housing_reference.csv")
    analysis = pd.read_csv(data + "california_housing_analysis.csv")
    renamed = {"y_pred": "prediction", "clf_target": "actual"}
    cbpe, answers = estimates(
        reference.rename(columns=renamed),
        analysis.rename(columns=renamed),
        "classification_binary",
        "y_pred_proba",
        binary_metrics,
        {"chunk_period": "M", "timestamp_column_name": "timestamp"},
    )
    keys = cbpe.result.filter(period="analysis").to_df()[("chunk", "key")].tolist()
    return {
        "calibrated": bool(cbpe.needs_calibration),
        "months": [{"month": key, "answers": answer} for key, answer in zip(keys, answers)],
    }


def write(name, golden):
    versions = {
        "python": sys.version.split()[0],
        "nannyml": nannyml.__version__,
        "scikit-learn": sklearn.__version__,
        "lightgbm": lightgbm.__version__,
        "numpy": np.__version__,
    }
    with open(os.path.join(os.path.dirname(__file__), name), "w") as file:
        json.dump({"versions": versions, **golden}, file, separators=(",", ":"))
        file.write("\n")


write(
    "nannyml.json",
    {
        "isotonic": isotonic(),
        "splits": splits(),
        "binary": [
            binary("overconfident scores", (900, 300), 0.5),
            binary("scores that are probabilities", (700, 250), 1),
            binary("mostly positive, few rows", (300, 60), 0.7, base=1.5),
            binary("scores of two digits", (800, 300), 0.6, digits=2),
            binary("scores that separate the classes", (300, 100), 200),
            binary("probabilities again", (500, 100), 1, base=0),
            binary("probabilities, few rows", (200, 100), 1, base=0.3),
        ],
        "multiclass": [
            multiclass("three classes, overconfident", ["a", "b", "c"], (800, 300), 0.6),
            multiclass("four classes, sharp", ["cat", "bird", "dog", "ant"], (700, 200), 2.5),
        ],
        "california": california(),
    },
)
write("trees.json", {"trees": trees(), "california": california_dle()})
