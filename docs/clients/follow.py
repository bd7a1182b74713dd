"""Follows what Plumbline says is deployed: the champion and the canary of one model and environment.

    follower = Follower("credit-risk")
    follower.wait(10)                            # for the first answer
    version = follower.version_for(request_id)   # the canary's for its percent of the ids, else the champion

One file, only the standard library. Reads PLUMBLINE_URL and PLUMBLINE_KEY (role viewer). While the service is away,
`current` stays what it last was.
"""

import hashlib, http.client, json, logging, os, random, threading, time
from urllib.parse import quote, urlsplit


class Follower:
    def __init__(self, model, environment="production", url=None, key=None, on_change=None, wait_seconds=30):
        self.current = None  # {"revision", "champion", "challenger", "canary": {"version", "percent"} or None, ...}
        self._url = urlsplit((url or os.environ.get("PLUMBLINE_URL", "http://127.0.0.1:8787")).rstrip("/"))
        self._path = f"{self._url.path}/v1/models/{quote(model, '')}/deployments/{quote(environment, '')}"
        self._headers = {"Authorization": f"Bearer {key or os.environ['PLUMBLINE_KEY']}", "Accept": "application/json"}
        self._model, self._on_change, self._wait_seconds = model, on_change, wait_seconds
        self._known, self._stop = threading.Event(), threading.Event()
        threading.Thread(target=self._run, name="plumbline-follower", daemon=True).start()

    def wait(self, seconds=None):
        """Whether a deployment is known, after at most so many seconds."""
        return self._known.wait(seconds)

    def version_for(self, request_id):
        """The same version for the same id while the canary is the same; a larger percent keeps the ids of a smaller."""
        if self.current is None:
            raise LookupError(f"Nothing is known to be deployed for {self._model} yet.")
        champion, canary = self.current["champion"], self.current["canary"]
        if canary is None:
            return champion
        digest = hashlib.sha256(f"{self._model}/{canary['version']}/{request_id}".encode()).digest()
        return canary["version"] if int.from_bytes(digest[:4], "big") / 2**32 * 100 < canary["percent"] else champion

    def close(self):
        self._stop.set()

    def _run(self):
        pause = 0.1
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                # An unchanged answer that comes at once is of a server that stops: it is asked again after a pause.
                if self._ask() or time.monotonic() - began > 1:
                    pause = 0.1
                    continue
            except Exception as error:  # The thread goes on, and what was known last goes on being served.
                logging.getLogger("plumbline").warning("Plumbline: %s; still serving %s", error, self.current)
            self._stop.wait(random.uniform(pause / 2, pause))
            pause = min(pause * 2, 10)

    def _ask(self):
        """Asks once, and waits for a change. Returns whether there was one."""
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.netloc, timeout=self._wait_seconds + 10)
        try:
            connection.request("GET", f"{self._path}?wait={self._wait_seconds}s", headers=self._headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status == 304:
            return False
        if response.status != 200:
            raise OSError(f"{response.status} {body[:300].decode(errors='replace')}")
        deployment = json.loads(body)
        _ = deployment["champion"], deployment["canary"]  # Raises when it is something else.
        self._headers["If-None-Match"] = response.headers["ETag"] or ""
        if deployment == self.current:  # A proxy has changed the tag.
            return False
        self.current = deployment
        try:
            if self._on_change:
                self._on_change(deployment)
        finally:
            self._known.set()
        return True
