"""Follows, prints each deployment that it sees, and the version for each id that it reads, as lines of JSON."""

import json, sys
from follow import Follower

print_line = lambda value: print(json.dumps(value), flush=True)
follower = Follower(sys.argv[1], on_change=lambda deployment: print_line({"sees": deployment}))
for line in sys.stdin:
    print_line({"version": follower.version_for(line.strip())})
