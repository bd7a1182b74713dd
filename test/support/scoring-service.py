"""A small scoring service over two XGBoost models of who defaults. Needs xgboost, pandas.

usage: scoring-service.py UCI_Credit_Card.csv
Prints the port it listens on. POST /score {"rows": [{feature: value}]} answers scores of the model that is served;
POST /serve {"model": "a" | "b"} swaps it; GET /models/a.json is its file; POST /contributions the library's own.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import xgboost as xgb

TARGET = "default.payment.next.month"
# What a lender may not decide by.
PROTECTED = ["SEX", "EDUCATION", "MARRIAGE", "AGE"]

data = pd.read_csv(sys.argv[1])
names = [c for c in data.columns if c not in ["ID", TARGET, *PROTECTED]]
train = data.iloc[:15_000]
matrix = xgb.DMatrix(train[names].astype(np.float32), label=train[TARGET])
settings = {"objective": "binary:logistic", "nthread": 1, "eta": 0.1, "seed": 7}
models = {
    "a": xgb.train({**settings, "max_depth": 5}, matrix, 80),
    "b": xgb.train({**settings, "max_depth": 3, "subsample": 0.5}, matrix, 60),
}
served = "a"


def frame(rows):
    return xgb.DMatrix(pd.DataFrame(rows, columns=names).astype(np.float32))


class Handler(BaseHTTPRequestHandler):
    def answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1].removesuffix(".json")
        self.answer(bytes(models[name].save_raw("json")))

    def do_POST(self):
        global served
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/serve":
            served = body["model"]
            return self.answer(b"{}")
        rows = frame(body["rows"])
        if self.path == "/contributions":
            found = models[body["model"]].predict(rows, pred_contribs=True)
            return self.answer(json.dumps({"names": names, "values": found.astype(float).tolist()}).encode())
        # What a service logs: the float32 that the model answered, as a JSON number.
        scores = models[served].predict(rows).astype(float).tolist()
        self.answer(json.dumps({"scores": scores}).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"port": server.server_address[1], "names": names}), flush=True)
server.serve_forever()
