"""Makes xgboost-cox.ndjson.gz: survival:cox models whose trees have negative covers, and what XGBoost 3.2.0 answers."""

import gzip
import json

import numpy as np
import xgboost as xgb

assert xgb.__version__ == "3.2.0"


def lists(values):
    return np.asarray(values, dtype=np.float64).tolist()


with gzip.GzipFile("xgboost-cox.ndjson.gz", "wb", mtime=0) as out:
    for seed in (2, 19, 22, 36):
        random = np.random.default_rng(seed)
        n = int(random.integers(8, 60))
        x = np.round(random.normal(size=(n, 3)), 2).astype(np.float32)
        time = random.exponential(size=n) * np.exp(-x[:, 0])
        censored = random.random(n) < 0.3
        matrix = xgb.DMatrix(x, np.where(censored, -time, time))
        settings = dict(
            objective="survival:cox", max_depth=4, eta=0.5, min_child_weight=0, base_score=0.5,
            reg_lambda=float(random.choice([0.0, 1.0])),
        )
        model = xgb.train(settings, matrix, 8)
        text = bytes(model.save_raw("json")).decode()
        trees = json.loads(text)["learner"]["gradient_booster"]["model"]["trees"]
        assert min(h for tree in trees for h in tree["sum_hessian"]) < 0
        case = {
            "name": f"xgboost 3.2.0 survival:cox with negative covers, seed {seed}",
            "format": "xgboost-json",
            "text": text,
            "features": ["f0", "f1", "f2"],
            "rows": [{f"f{i}": float(v) for i, v in enumerate(row)} for row in x],
            "margin": lists(model.predict(matrix, output_margin=True)),
            "score": lists(model.predict(matrix)),
            "contributions": lists(model.predict(matrix, pred_contribs=True)),
            "interactions": lists(model.predict(matrix, pred_interactions=True)),
        }
        out.write((json.dumps(case) + "\n").encode())
