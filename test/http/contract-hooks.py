"""Bodies that schemathesis cannot write by itself: lines of JSON, and bytes as they are."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    rows = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(row) for row in rows).encode() if rows else b""


@schemathesis.serializer("application/vnd.apache.parquet")
def parquet(ctx, value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()
