"""What the client of docs/clients does, as JSON on standard output. The server and its faults are the test's."""

import datetime
import json
import logging
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../docs/clients"))
sys.dont_write_bytecode = True
import plumbline as module  # noqa: E402
from plumbline import AllRejected, Plumbline, PlumblineError, QueueFull  # noqa: E402

UTC = datetime.timezone.utc
logging.disable(logging.CRITICAL)


def counts(result):
    return [result.accepted, result.duplicates, result.rejected_count]


def message(work, kind=Exception):
    try:
        work()
    except kind as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was raised"


def plain_rows(client, prefix, count):
    for i in range(count):
        client.prediction(f"{prefix}{i}", features={"income": 100.5 + i, "region": "north"}, score=0.25)


def faults():
    """Retries after 503 and after a cut connection, from many threads, without doubles."""
    with Plumbline("credit", version="1", flush_seconds=None, batch_rows=50) as client:
        plain_rows(client, "f", 20)
        return counts(client.flush())


def threads():
    client = Plumbline("credit", version="1", flush_seconds=0.05, batch_rows=20)
    workers = [threading.Thread(target=plain_rows, args=(client, f"t{n}-", 100)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    client.close()
    return client.waiting


def values():
    import numpy as np
    import pandas as pd

    client = Plumbline("credit", version="1", flush_seconds=None)
    frame = pd.DataFrame({
        "income": [np.float32(1.5), np.float32("nan")],
        "age": pd.array([41, pd.NA], dtype="Int64"),
        "region": pd.Categorical(["north", None]),
        "since": [pd.Timestamp("2026-01-02", tz="UTC"), pd.NaT],
        "flag": [True, False],
    })
    at = pd.Timestamp.now(tz="UTC")
    client.predictions(["v0", "v1"], frame, scores=np.array([0.5, 0.25], dtype=np.float32), timestamps=[at, at])
    client.prediction(np.int64(12), features=frame.iloc[0], score=np.float64(0.125), subject=7,
                      segment={"branch": np.int64(3), "shop": np.nan}, latency_ms=np.int32(4))
    naive = message(lambda: client.prediction("n", timestamp=datetime.datetime(2026, 1, 1)))
    nothing = message(lambda: client.prediction("n", features={"a": b"x"}))
    return [counts(client.flush()), naive, nothing]


def rejected():
    told = []
    client = Plumbline("credit", version="1", flush_seconds=None, on_rejected=told.extend)
    client.prediction("good", features={"income": 1}, score=0.5)
    client.prediction("bad", features={"income": 1}, score=0.5, version="none")
    partly = client.flush()
    client.prediction("worse", features={}, score=0.5, version="none")
    error = message(client.flush, AllRejected)
    return [counts(partly), partly.rejected[0]["code"], len(told), error, client.waiting]


def refused():
    client = Plumbline("nowhere", version="1", flush_seconds=None)
    client.prediction("a", score=0.5)
    return [message(client.flush, PlumblineError), client.waiting]


def away():
    """Bounded memory, and rows that wait for the next flush."""
    client = Plumbline("credit", url="http://127.0.0.1:1", flush_seconds=None, max_rows=3, exit_seconds=0)
    for i in range(3):
        client.prediction(f"a{i}", score=0.5)
    full = message(lambda: client.prediction("a3", score=0.5), QueueFull)
    gone = message(lambda: client.flush(seconds=0.3), PlumblineError)
    bytes_full = Plumbline("credit", flush_seconds=None, max_bytes=100, when_full="drop")
    bytes_full.prediction("x" * 200, score=0.5)
    return [full.partition(":")[0], gone.partition(" http")[0], client.waiting, bytes_full.dropped, bytes_full.waiting]


def at_exit():
    """Nobody flushes: the process ends."""
    client = Plumbline("credit", version="1", flush_seconds=60)
    plain_rows(client, "e", 7)
    client.outcome("e0", 1)
    return client.waiting


def too_large():
    client = Plumbline("credit", version="1", flush_seconds=None, batch_rows=1000)
    plain_rows(client, "l", 8)
    return counts(client.flush())


def outcomes():
    client = Plumbline("credit", version="1", flush_seconds=None)
    ids = [client.prediction(features={"income": i}, score=0.5) for i in range(3)]
    for id in ids:
        client.outcome(id, 1, timestamp=datetime.datetime.now(UTC))
    client.outcome("never", observed=False)
    return counts(client.flush())


def ids_in_order():
    ids = []
    for _ in range(50):
        ids.append(module.new_id())
        time.sleep(0.0001)
    return [ids == sorted(ids), len(set(ids))]


def after_fork():
    client = Plumbline("credit", version="1", flush_seconds=None)
    plain_rows(client, "p", 3)
    child = os.fork()
    if child == 0:
        plain_rows(client, "c", 2)
        os._exit(0 if client.flush().accepted == 2 and client.waiting == 0 else 1)
    _, status = os.waitpid(child, 0)
    return [status, counts(client.flush())]


def retry_after():
    date = "Sat, 01 Jan 2000 00:00:00 GMT"
    return [module._retry_after({"Retry-After": text}) for text in ("2", date, "soon")]


if __name__ == "__main__":
    print(json.dumps({name: globals()[name]() for name in sys.argv[1:]}))
