"""Generated rows with what real ones have: fractions that float32 rounds, zeros, missing values, categories, integers."""

import json
import math

import numpy as np
import pandas as pd


def generated(rows, seed, categories=True, foreign=False):
    random = np.random.default_rng(seed)
    amount = np.round(np.exp(random.normal(8, 1, rows)), 2)
    table = pd.DataFrame(
        {
            "amount": amount,
            "share": random.random(rows),
            "rate": random.normal(size=rows),
            "zeros": np.where(random.random(rows) < 0.6, 0.0, random.normal(size=rows)),
            "count": random.poisson(2, rows).astype(float),
            "late": random.integers(-2, 9, rows),
            "member": random.random(rows) < 0.4,
        }
    )
    # Missing at random, missing for large values, missing for small ones: splits learn both default directions.
    table.loc[random.random(rows) < 0.1, "rate"] = np.nan
    table.loc[(table.share > 0.8) & (random.random(rows) < 0.6), "share"] = np.nan
    table.loc[(table.amount < 1500) & (random.random(rows) < 0.6), "amount"] = np.nan
    if categories:
        names = ["car", "größe", "house", "müll", "study", "wedding"] if foreign else "car home house other study wedding".split()
        purpose = pd.Series(random.choice(names, rows), dtype="object")
        purpose[random.random(rows) < 0.05] = np.nan
        table["purpose"] = pd.Categorical(purpose, categories=names)
        table["branch"] = pd.Categorical(random.integers(0, 40, rows) * 7 + 100)
    signal = (
        table.rate.fillna(-1)
        + np.log(table.amount.fillna(900)) * 0.5
        - 4
        + table.share.fillna(1.5)
        + 0.3 * table.late
        + (table.zeros > 0) * 0.7
        - table.member
    )
    if categories:
        signal = signal + (table.purpose == "house") * 1.5 - (table.branch.cat.codes % 3 == 0)
    noise = random.normal(size=rows)
    labels = {
        "binary": (signal + noise > signal.median()).astype(int),
        "value": (signal + noise),
        "class": pd.qcut(signal + noise, 3, labels=False),
        "count": random.poisson(np.exp(np.clip(signal / 4, -3, 2))),
        "positive": np.exp(signal / 3 + 0.3 * noise),
        "share": 1 / (1 + np.exp(-signal - noise)),
    }
    return table, labels


def plain(value):
    """A cell as JSON has it."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def rows_of(table):
    return [{name: plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def numbers(array):
    """Floats that JSON reads back to the same bits."""
    return np.asarray(array, dtype=np.float64).tolist()


def as_json(case):
    return json.dumps(case, separators=(",", ":"), allow_nan=False)
