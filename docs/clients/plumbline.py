"""Sends predictions and outcomes to Plumbline. One file, standard library only: copy it beside your code.

    from plumbline import Plumbline

    plumbline = Plumbline("credit-risk", version="7")            # PLUMBLINE_URL, PLUMBLINE_KEY
    plumbline.prediction("a1", features=row, score=model(row))   # returns at once
    plumbline.outcome("a1", 1)

Rows go out in batches from a thread in the background, and when the process ends. `flush()` sends what waits and says what
became of it. A batch is sent again with the same ids until it is known to be stored, so nothing is lost or doubled.
"""

import atexit
import collections
import collections.abc
import datetime
import decimal
import enum
import gzip
import http.client
import json
import logging
import math
import numbers
import os
import random
import secrets
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from email.utils import parsedate_to_datetime

__all__ = ["Plumbline", "PlumblineError", "AllRejected", "QueueFull", "Result"]

log = logging.getLogger("plumbline")

_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
# What no later attempt can change. Rows that met anything else, such as a wrong key, go on waiting.
_HOPELESS = {400, 413, 415, 422}
_LONGEST_PAUSE = 10.0
_BATCH_BYTES = 8 * 2**20
_LISTED = 1000


class PlumblineError(Exception):
    """The service refused a batch, or did not answer in time. `rows` are those that it is not known to have stored."""

    def __init__(self, message, status=None, code=None, request_id=None, rows=()):
        super().__init__(message)
        self.status, self.code, self.request_id, self.rows = status, code, request_id, list(rows)


class AllRejected(PlumblineError):
    """No row of a batch was stored: most likely a wrong version or a wrong shape. `rejected` says why, row by row."""

    def __init__(self, message, rejected):
        super().__init__(message, status=200)
        self.rejected = rejected


class QueueFull(PlumblineError):
    """More rows wait than may: the service does not keep up, or cannot be reached."""


class Result:
    """What became of the rows of a flush. `rejected` lists the first 1,000: index, predictionId, code, path, message."""

    def __init__(self):
        self.accepted = self.duplicates = self.rejected_count = 0
        self.rejected = []

    def __repr__(self):
        return f"Result(accepted={self.accepted}, duplicates={self.duplicates}, rejected_count={self.rejected_count})"


class Plumbline:
    """A client for one model. Safe for any number of threads, and after a fork.

    flush_seconds   how often the background thread sends what waits; None: only flush() and full batches send
    batch_rows      rows of a request
    max_rows, max_bytes   what may wait; then `when_full` is "raise" (QueueFull) or "drop" (counted in `dropped`)
    retry_seconds   how long a batch is tried again while the service is busy or away
    on_rejected     called with each list of rejected rows; without it they are logged as warnings
    """

    def __init__(self, model, version=None, environment=None, url=None, key=None, *, flush_seconds=5.0,
                 batch_rows=1000, max_rows=100_000, max_bytes=64 * 2**20, when_full="raise", timeout=30.0,
                 retry_seconds=300.0, exit_seconds=10.0, on_rejected=None):
        if when_full not in ("raise", "drop"):
            raise ValueError('when_full must be "raise" or "drop"')
        self._key = key or os.environ.get("PLUMBLINE_KEY")
        if not self._key:
            raise ValueError("Set PLUMBLINE_KEY to a key with the role ingest, or pass key=.")
        base = (url or os.environ.get("PLUMBLINE_URL") or "http://127.0.0.1:8787").rstrip("/")
        self._url = f"{base}/v1/models/{urllib.parse.quote(model, safe='')}"
        self._model, self._version, self._environment = model, version, environment
        self._flush_seconds, self._batch_rows = flush_seconds, batch_rows
        self._max_rows, self._max_bytes, self._when_full = max_rows, max_bytes, when_full
        self._timeout, self._retry_seconds, self._exit_seconds = timeout, retry_seconds, exit_seconds
        self._on_rejected = on_rejected
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._reset()
        _clients.add(self)

    def __repr__(self):
        return f"Plumbline({self._model!r}, {self._url!r}, waiting={self.waiting})"

    def _reset(self):
        """Nothing waits, nobody sends: at the start, and in a forked child, whose parent sends what waits there."""
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._queues = collections.OrderedDict()
        self._rows = self._bytes = self.dropped = 0
        self._thread = self._failure = None
        self._closed = False

    # -- rows ------------------------------------------------------------------------------------------------

    def prediction(self, id=None, features=None, score=None, label=None, *, timestamp=None, segment=None, subject=None,
                   latency_ms=None, probabilities=None, attributions=None, version=None, environment=None):
        """Queues a prediction and returns its id; without one it gets a new id, in order of time.

        `features` is a dict, a pandas Series, a named tuple or a data class. `timestamp` has a zone; default: now.
        """
        id = new_id() if id is None else _name(id, "id")
        self._add("predictions", {
            "predictionId": id, "version": _optional(_name, self._version if version is None else version, "version"),
            "environment": _optional(_name, self._environment if environment is None else environment, "environment"),
            "timestamp": _time(timestamp), "features": plain(_optional(_members, features), "features"),
            "score": plain(score, "score"), "label": plain(label, "label"),
            "segment": _names(segment), "subject": _optional(_name, subject, "subject"),
            "latencyMs": plain(latency_ms, "latency_ms"), "probabilities": plain(probabilities, "probabilities"),
            "attributions": plain(_optional(_members, attributions), "attributions"),
        })
        return id

    def predictions(self, ids, features, scores=None, labels=None, timestamps=None, segments=None, subjects=None):
        """Queues many: `features` is a pandas DataFrame or a list of dicts, the others lists or columns as long."""
        rows = features.to_dict("records") if hasattr(features, "to_dict") else features
        columns = [ids, scores, labels, timestamps, segments, subjects]
        if any(column is not None and len(column) != len(rows) for column in columns):
            raise ValueError(f"there are {len(rows)} rows of features: give as many ids, scores and others")
        listed = [[None] * len(rows) if column is None else list(column) for column in columns]
        return [self.prediction(id, row, score, label, timestamp=at, segment=segment, subject=subject)
                for row, id, score, label, at, segment, subject in zip(rows, *listed)]

    def outcome(self, id, actual=None, *, timestamp=None, observed=None):
        """Queues what happened; `observed=False` says that it never can be known."""
        self._add("outcomes", {"predictionId": _name(id, "id"), "actual": plain(actual, "actual"),
                               "timestamp": _time(timestamp), "observed": observed})

    def _add(self, kind, row):
        row = {name: value for name, value in row.items() if value is not None}
        text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        line = text.encode("utf-8", "replace") + b"\n"
        with self._lock:
            if self._closed:
                raise PlumblineError("The client is closed.")
            is_full = self._rows >= self._max_rows or self._bytes + len(line) > self._max_bytes
            if is_full and self._when_full == "raise":
                raise QueueFull(f"{self._rows} rows wait for Plumbline at {self._url}; no more are taken.")
            if is_full:
                self.dropped += 1
                if self.dropped == 1:
                    log.error("Plumbline: %d rows wait, further ones are dropped", self._rows)
                return
            self._queues.setdefault(kind, collections.deque()).append(line)
            self._rows += 1
            self._bytes += len(line)
            has_batch = len(self._queues[kind]) >= self._batch_rows
            if self._flush_seconds is not None and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="plumbline", daemon=True)
                self._thread.start()
        if has_batch and self._flush_seconds is None:
            self.flush()
        elif has_batch:
            self._wake.set()

    @property
    def waiting(self):
        """Rows that are queued and not known to be stored."""
        return self._rows

    # -- sending ---------------------------------------------------------------------------------------------

    def flush(self, seconds=None):
        """Sends what waits. Returns a Result; raises AllRejected when no row of a batch was stored, and PlumblineError
        when the service refuses a batch or is away for longer than `seconds` (default: retry_seconds)."""
        with self._lock:
            failure, self._failure = self._failure, None
        result = self._drain(self._retry_seconds if seconds is None else seconds)
        if failure is not None:
            raise failure
        return result

    def close(self, seconds=None):
        """Flushes, and takes no more rows."""
        self._stop.set()
        self._wake.set()
        try:
            return self.flush(seconds)
        finally:
            self._closed = True
            _clients.discard(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self):
        while not self._stop.is_set():
            self._wake.wait(self._flush_seconds)
            self._wake.clear()
            try:
                self._drain(self._retry_seconds)
            except Exception as error:  # The thread stays; whoever flushes next is told.
                if self._stop.is_set():
                    return
                log.error("Plumbline: %s", error)
                with self._lock:
                    self._failure = error

    def _drain(self, seconds):
        result, refused = Result(), None
        until = time.monotonic() + seconds
        if not self._sending.acquire(timeout=max(0.0, seconds)):
            raise PlumblineError(f"Plumbline at {self._url} has not answered an earlier request yet.")
        try:
            while True:
                kind, lines = self._take()
                if not lines:
                    break
                parts = [lines]
                try:
                    self._send(kind, parts, until, result)
                except AllRejected as error:
                    refused = refused or error
                except BaseException as error:
                    left = [line for part in parts for line in part]
                    if isinstance(error, PlumblineError) and error.status in _HOPELESS:
                        self._settle(left)
                    else:
                        self._put_back(kind, left)
                    raise
        finally:
            self._sending.release()
        if refused is not None:
            raise refused
        return result

    def _take(self):
        with self._lock:
            for kind, queue in self._queues.items():
                lines, size = [], 0
                while queue and len(lines) < self._batch_rows and (not lines or size + len(queue[0]) <= _BATCH_BYTES):
                    size += len(queue[0])
                    lines.append(queue.popleft())
                if lines:
                    return kind, lines
        return None, []

    def _put_back(self, kind, lines):
        with self._lock:
            self._queues[kind].extendleft(reversed(lines))

    def _settle(self, lines):
        with self._lock:
            self._rows -= len(lines)
            self._bytes -= sum(map(len, lines))

    def _send(self, kind, parts, until, result):
        """Sends batches and takes each from the list once it is stored; one that is too large is halved. Raises
        AllRejected at the end."""
        refused = None
        while parts:
            part = parts[0]
            try:
                reply = self._post(kind, part, until)
            except PlumblineError as error:
                if error.status != 413 or len(part) == 1:
                    raise
                half = len(part) // 2
                parts[:1] = [part[:half], part[half:]]
                continue
            del parts[0]
            self._settle(part)
            refused = self._count(reply, result) or refused
        if refused is not None:
            raise refused

    def _count(self, reply, result):
        """Adds an answer to the result. Returns AllRejected when it says so."""
        rejected = reply.get("rejected", [])
        count = reply.get("rejectedCount", len(rejected))
        stored = reply["accepted"] + reply["duplicates"]
        result.accepted += reply["accepted"]
        result.duplicates += reply["duplicates"]
        result.rejected_count += count
        result.rejected += rejected[: _LISTED - len(result.rejected)]
        if not count:
            return None
        if self._on_rejected:
            self._on_rejected(rejected)
        else:
            for row in rejected[:10]:
                log.warning("Plumbline rejected %s: %s", row["predictionId"], _why(row))
        if stored:
            return None
        why = f" The first: {_why(rejected[0])}" if rejected else ""
        return AllRejected(f"Plumbline stored no row of a batch of {count}.{why}", rejected)

    def _post(self, kind, lines, until):
        """Posts the same bytes until there is an answer. Rows that were stored already count as duplicates."""
        body = gzip.compress(b"".join(lines), 5, mtime=0)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/x-ndjson",
                   "Content-Encoding": "gzip", "User-Agent": "plumbline-python"}
        pause = 0.2
        while True:
            try:
                request = urllib.request.Request(f"{self._url}/{kind}", body, headers, method="POST")
                with self._opener.open(request, timeout=self._timeout) as response:
                    reply = json.loads(response.read())
                    if "accepted" not in reply:
                        raise ValueError("the answer is not Plumbline's")
                    return reply
            except urllib.error.HTTPError as error:
                failure, wait = _refusal(error, lines), _retry_after(error.headers)
                if error.code not in _TRY_AGAIN:
                    raise failure from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                failure = PlumblineError(f"Plumbline at {self._url} did not answer: {error}", rows=lines)
                failure.__cause__, wait = error, None
            wait = random.uniform(pause / 2, pause) if wait is None else wait
            if time.monotonic() + wait > until:
                raise failure
            # Who closes the client takes over from its thread.
            if threading.current_thread() is not self._thread:
                time.sleep(wait)
            elif self._stop.wait(wait):
                raise failure
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _at_exit(self):
        if self._rows and not self._closed:
            try:
                self.close(self._exit_seconds)
            except Exception as error:
                log.error("Plumbline: %d rows were not sent at exit: %s", self._rows, error)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key elsewhere."""

    def redirect_request(self, *_):
        return None


def _why(row):
    return f"{row['code']} {row['path']}: {row['message']}"


def _refusal(error, lines):
    try:
        problem = json.loads(error.read() or b"{}")
    except (ValueError, OSError, http.client.HTTPException):
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    request_id = error.headers.get("x-request-id")
    text = f"Plumbline answered {error.code}: {problem.get('detail') or error.reason} (request {request_id})"
    return PlumblineError(text, error.code, problem.get("code"), request_id, lines)


def _retry_after(headers):
    """Seconds, from a number or a date; None where nothing is said."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None


# -- values --------------------------------------------------------------------------------------------------------


def new_id():
    """A UUIDv7: ids in order of time cost the service the least."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = rest * 4096 // 1_000_000
    value = (milliseconds << 80) | (7 << 76) | (fraction << 64) | (2 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def plain(value, path="value"):
    """A value as JSON has it: of numpy, pandas and the standard library. What is missing (NaN, NaT, NA) is None."""
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, enum.Enum):
        return plain(value.value, path)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return plain(float(value), path)
    if isinstance(value, uuid.UUID):
        return str(value)
    if type(value).__name__ in ("datetime64", "timedelta64"):
        if str(value) == "NaT":
            return None
        return str(value) if type(value).__name__ == "datetime64" else float(value / type(value)(1, "s"))
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        number = float(value)
        # Infinity is no number of JSON: as a text the service keeps and marks it.
        return number if math.isfinite(number) else None if math.isnan(number) else str(number)
    if isinstance(value, collections.abc.Mapping):
        return {_name(name, path): plain(item, f"{path}.{name}") for name, item in value.items()}
    if hasattr(value, "tolist"):  # Arrays, pandas columns, and scalars of numpy that are none of the above.
        listed = value.tolist()
        if type(listed) is type(value):
            raise TypeError(f"{path} is a {type(value).__name__}, which JSON does not have")
        return plain(listed, path)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
    if type(value).__module__.partition(".")[0] == "pandas":  # Intervals and periods, as categories of a column are.
        return str(value)
    raise TypeError(f"{path} is a {type(value).__name__}, which JSON does not have")


def _members(value):
    """A dict of what has named members."""
    if isinstance(value, collections.abc.Mapping):
        return value
    for name in ("to_dict", "_asdict"):
        if hasattr(value, name):
            return getattr(value, name)()
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    raise TypeError(f"features must be a dict, a pandas Series, a named tuple or a data class, not {type(value).__name__}")


def _optional(make, value, *more):
    return None if value is None else make(value, *more)


def _names(segment):
    """Names to values, as texts; what is missing is left out."""
    if segment is None:
        return None
    values = {name: plain(value, f"segment.{name}") for name, value in _members(segment).items()}
    return {str(name): _name(value, f"segment.{name}") for name, value in values.items() if value is not None}


def _name(value, path):
    """A name as a text; whole numbers keep their digits."""
    value = plain(value, path)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise TypeError(f"{path} must be a text or a whole number, not {value!r}")


def _time(value):
    """RFC 3339 with a zone. Without one it could be of any, and the service would reject it."""
    if value is None:
        value = datetime.datetime.now(datetime.timezone.utc)
    if isinstance(value, str):
        return value
    if type(value).__name__ == "datetime64":
        raise ValueError("a numpy datetime64 has no zone: pass pandas.Timestamp(value, tz='UTC')")
    if type(value).__name__ == "NaTType" or not isinstance(value, datetime.datetime):
        raise ValueError(f"timestamp must be a datetime with a zone, not {value!r}")
    if value.utcoffset() is None:
        raise ValueError("timestamp has no zone: use datetime.now(timezone.utc), or tz_localize in pandas")
    return value.isoformat()


# Kept until they are closed: a client that nobody holds any more may have rows that wait.
_clients = set()


@atexit.register
def _flush_all():
    for client in list(_clients):
        client._at_exit()


def _after_fork():
    for client in list(_clients):
        client._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
