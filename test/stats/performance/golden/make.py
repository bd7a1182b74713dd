"""Writes golden.json: what scikit-learn and SciPy answer, for test/stats/performance/golden.test.ts.

From the root of the repository, with Python 3.11, numpy 2.4.6, scipy 1.17.1 and scikit-learn 1.9.1:

    python3 -m venv .venv && .venv/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    .venv/bin/python test/stats/performance/golden/make.py > test/stats/performance/golden/golden.json
    npx biome format --write test/stats/performance/golden/golden.json

The same versions print the same bytes. Where scikit-learn has no function (DeLong's variance, calibration error, lift,
ranks with ties) it is the plain definition on rows: over all pairs, or over all orders of tied items.
"""

import itertools
import json
import math
import warnings

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

random = np.random.default_rng(20260915)
warnings.simplefilter("error")


def de_long(scores, y):
    """The variance of the AUC over all pairs of a positive and a negative row."""
    positive, negative = scores[y == 1], scores[y == 0]
    won = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    return float(won.mean(1).var(ddof=1) / len(positive) + won.mean(0).var(ddof=1) / len(negative))


def calibration_error(scores, y):
    """Row by row: the bin of a score is the first whose upper border it does not exceed."""
    bins = np.array([next(b for b in range(1, 11) if s <= b / 10) for s in scores])
    parts = [(bins == b) for b in range(1, 11)]
    return float(sum(p.sum() * abs(scores[p].mean() - y[p].mean()) for p in parts if p.any()) / len(y))


def lift(scores, y, share):
    """Each row is in the top by how much of it fits; rows of one score fit alike."""
    above = np.array([(scores > s).sum() for s in scores])
    tied = np.array([(scores == s).sum() for s in scores])
    weight = np.clip((share * len(y) - above) / tied, 0, 1)
    return float((weight * y).sum() / (share * len(y)) / y.mean())


def logit_wald(value, error, rows):
    half = stats.t.ppf(0.975, rows - 1) * error / (value * (1 - value))
    return [float(v) for v in scipy.special.expit(scipy.special.logit(value) + np.array([-half, half]))]


def jackknife_ap(scores, y):
    """The derivative of the average precision by each row's weight, by differences."""
    step = 1e-5
    total = 0.0
    for i in range(len(y)):
        ends = []
        for d in (step, -step):
            weights = np.ones(len(y))
            weights[i] += d
            ends.append(metrics.average_precision_score(y, scores, sample_weight=weights))
        total += ((ends[0] - ends[1]) / (2 * step)) ** 2
    return float(np.sqrt(total * len(y) / (len(y) - 1)))


def binary(n, base, digits, slope=1.5):
    logit = random.normal(np.log(base / (1 - base)), slope, n)
    y = (random.uniform(size=n) < scipy.special.expit(0.8 * logit - 0.2)).astype(int)
    scores = np.round(scipy.special.expit(logit), digits)
    auc = metrics.roc_auc_score(y, scores)
    ap = metrics.average_precision_score(y, scores)
    fpr, tpr, thresholds = metrics.roc_curve(y, scores, drop_intermediate=False)
    precision, recall, at = metrics.precision_recall_curve(y, scores)
    share, mean = calibration_curve(y, scores, n_bins=5)
    made = {
        "scores": scores.tolist(),
        "positive": y.tolist(),
        "rocAuc": auc,
        "deLong": de_long(scores, y),
        "averagePrecision": ap,
        "averagePrecisionInterval": logit_wald(ap, jackknife_ap(scores, y), int(y.sum())),
        "logLoss": metrics.log_loss(y, scores),
        "brier": metrics.brier_score_loss(y, scores),
        "ece": calibration_error(scores, y),
        "ks": float(np.abs(tpr - fpr).max()),
        "ksOfSamples": float(stats.ks_2samp(scores[y == 0], scores[y == 1], alternative="two-sided").statistic),
        "gini": float(stats.somersd(y, scores).statistic),
        "lift": lift(scores, y, 0.1),
        "liftOfThird": lift(scores, y, 0.3),
        "calibration": [mean.tolist(), share.tolist()],
    }
    if len(fpr) < 60:
        made["roc"] = [fpr.tolist(), tpr.tolist(), thresholds[1:].tolist()]
        made["precisionRecall"] = [precision[::-1][1:].tolist(), recall[::-1][1:].tolist(), at[::-1].tolist()]
    return made


def edges():
    """Scores on the borders of the bins, and at 0 and 1."""
    scores = np.array([0, 0, 0.1, 0.1, 0.2, 0.3, 0.3, 0.3, 0.6, 0.7, 0.7, 0.9, 1, 1, 0.1 * 3, 0.1 * 6, 0.1 * 7])
    y = np.array([0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1])
    return {
        "scores": scores.tolist(),
        "positive": y.tolist(),
        "logLoss": metrics.log_loss(y, scores),
        "brier": metrics.brier_score_loss(y, scores),
        "ece": calibration_error(scores, y),
        "averagePrecision": metrics.average_precision_score(y, scores),
        "rocAuc": metrics.roc_auc_score(y, scores),
    }


def confusion(tp, fp, tn, fn):
    y = np.repeat([1, 0, 0, 1], [tp, fp, tn, fn])
    called = np.repeat([1, 1, 0, 0], [tp, fp, tn, fn])
    return {
        "counts": {"tp": tp, "fp": fp, "tn": tn, "fn": fn},
        "accuracy": metrics.accuracy_score(y, called),
        "precision": metrics.precision_score(y, called),
        "recall": metrics.recall_score(y, called),
        "f1": metrics.f1_score(y, called),
    }


def delta_method(table, of):
    """The gradient of a measure of the table by differences, and the multinomial variance."""
    table = np.array(table, dtype=float)
    n = table.sum()
    gradient = np.zeros_like(table)
    for at in np.ndindex(table.shape):
        step = 1e-4
        up, down = table.copy(), table.copy()
        up[at] += step
        down[at] -= step
        gradient[at] = (of(up) - of(down)) / (2 * step)
    return float(np.sqrt((table * gradient**2).sum() - (table * gradient).sum() ** 2 / n))


def multiclass(table):
    table = np.array(table)
    k = len(table)
    actual, predicted = (np.repeat(side.ravel(), table.ravel()) for side in np.indices(table.shape))
    scored = {"average": "macro", "zero_division": 0}

    def of(score):
        names = np.indices(table.shape)
        return lambda t: score(names[0].ravel(), names[1].ravel(), sample_weight=t.ravel(), **scored)

    made = {"table": table.tolist(), "accuracy": metrics.accuracy_score(actual, predicted)}
    for name, score in [("precision", metrics.precision_score), ("recall", metrics.recall_score), ("f1", metrics.f1_score)]:
        made[name] = score(actual, predicted, **scored)
        # Only where no count is 0: a difference to both sides of it is needed.
        made[f"{name}Error"] = delta_method(table, of(score)) if k > 1 and table.min() > 0 else None
    return made


def multiclass_scores(n, k, digits):
    p = random.dirichlet(np.full(k, 0.8), n)
    y = np.array([random.choice(k, p=row) for row in p])
    p = np.round(p, digits)
    p[:, -1] = 1 - p[:, :-1].sum(axis=1)
    p = np.clip(p, 0, 1)
    return {
        "probabilities": p.tolist(),
        "actual": y.tolist(),
        "rocAuc": metrics.roc_auc_score(y, p, multi_class="ovr"),
        "logLoss": metrics.log_loss(y, p),
        "brier": metrics.brier_score_loss(y, p, scale_by_half=False),
        "brierByDefault": metrics.brier_score_loss(y, p),
    }


def tail(variances, most):
    """How much longer the half of an interval is whose losses vary this many times as much as those of normal errors."""
    return 1 + most * (1 - np.exp(1 - max(1, np.sqrt(variances))))


def regression(n, shift, zeros):
    y = np.round(random.gamma(3, 2, n), 3)
    y[:zeros] = 0
    predicted = np.round(0.8 * y + shift + random.normal(0, 0.7, n), 3)
    used = y != 0
    e = predicted - y
    # R2 by the delta method on rows: the influence of each on the logarithms of both sums of squares.
    influence = e**2 / (e**2).mean() - (y - y.mean()) ** 2 / y.var()
    r2 = metrics.r2_score(y, predicted)
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((influence**2).sum()) / n
    up, down = [np.exp(half * tail((v**2).var() / (v**2).mean() ** 2 / 2, 1)) for v in (e, y - y.mean())]
    a = np.abs(e)
    of_mae = stats.t.ppf(0.975, n - 1) * a.std(ddof=1) / np.sqrt(n) / a.mean()
    mae_up = np.exp(of_mae * tail(a.var(ddof=1) / a.mean() ** 2 / (np.pi / 2 - 1), 1))
    return {
        "actual": y.tolist(),
        "predicted": predicted.tolist(),
        "mae": metrics.mean_absolute_error(y, predicted),
        "maeInterval": [float(a.mean() / np.exp(of_mae)), float(a.mean() * mae_up)],
        "rmse": metrics.root_mean_squared_error(y, predicted),
        "mape": metrics.mean_absolute_percentage_error(y[used], predicted[used]),
        "zeros": zeros,
        "r2": r2,
        "r2Interval": [float(1 - (1 - r2) * up), float(1 - (1 - r2) / down)],
        "bias": float(e.mean()),
        "biasInterval": [float(v) for v in stats.t.interval(0.95, n - 1, e.mean(), stats.sem(e))],
        "pinball": metrics.mean_pinball_loss(y, predicted, alpha=0.5),
    }


def orders(scores):
    """All orders of the items by descending score, in which tied items take every order."""
    groups = [np.flatnonzero(scores == s) for s in sorted(set(scores.tolist()), reverse=True)]
    return [list(itertools.chain(*o)) for o in itertools.product(*(itertools.permutations(g) for g in groups))]


def over_orders(scores, relevance, measure):
    return float(np.mean([measure((relevance > 0)[order]) for order in orders(scores)]))


def reciprocal_rank(hits):
    return 1 / (1 + int(np.argmax(hits)))


def precision_at_hits(hits):
    at = [hits[: i + 1].mean() for i in range(min(10, len(hits))) if hits[i]]
    return sum(at) / min(hits.sum(), 10)


def query(items, distinct):
    scores = random.integers(0, distinct, items).astype(float) if distinct else random.permutation(items).astype(float)
    relevance = random.choice([0, 0, 0, 1, 2, 3], items)
    relevance[random.integers(items)] = 2
    gains = 2.0**relevance - 1
    made = {
        "scores": scores.tolist(),
        "relevance": relevance.tolist(),
        "ndcg": metrics.ndcg_score([gains], [scores], k=10),
        "reciprocalRank": over_orders(scores, relevance, reciprocal_rank),
        "averagePrecision": over_orders(scores, relevance, precision_at_hits),
    }
    if not distinct and items <= 10:
        found = metrics.label_ranking_average_precision_score([relevance > 0], [scores])
        assert math.isclose(found, made["averagePrecision"]), (found, made)
    return made


def queries():
    made = [query(items, 0) for items in (2, 5, 9, 12, 30)]
    return made + [query(items, distinct) for items, distinct in [(3, 1), (6, 2), (8, 3), (9, 4), (11, 6), (14, 9)]]


print(
    json.dumps(
        {
            "made": "test/stats/performance/golden/make.py",
            "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
            "binary": [
                binary(*how)
                for how in [(40, 0.5, 1), (60, 0.3, 12), (150, 0.2, 2), (400, 0.1, 3), (300, 0.9, 2, 0.6), (50, 0.4, 0)]
            ],
            "edges": edges(),
            "confusion": [confusion(*counts) for counts in [(5, 3, 20, 2), (1, 0, 0, 1), (100, 1, 9000, 7), (0, 1, 3, 2)]],
            "multiclass": [
                multiclass(t)
                for t in [
                    [[5, 1, 2], [3, 14, 1], [2, 2, 30]],
                    [[50, 10], [5, 100]],
                    [[4, 0, 0, 1], [2, 0, 0, 3], [0, 0, 0, 0], [1, 0, 0, 7]],
                    [[7, 0, 0], [0, 0, 4], [0, 0, 0]],
                ]
            ],
            "multiclassScores": [multiclass_scores(*how) for how in [(60, 3, 2), (80, 5, 3)]],
            "regression": [regression(*how) for how in [(30, 0.0, 0), (120, 0.5, 4), (5, -2.0, 1)]],
            "queries": queries(),
            "t": [{"df": df, "t": float(stats.t.ppf(0.975, df))} for df in (1, 1.5, 2, 3.7, 9, 30, 99.5, 1e3, 1e6, 1e9)],
        },
        separators=(",", ":"),
        allow_nan=False,
    )
)
