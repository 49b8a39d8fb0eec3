"""An agent program that answers with its prompt: `echo_agent.py stdin|arg|file text|json|jsonl [-- PROMPT | FILE]`."""

from __future__ import annotations

import json
import sys

how, form, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
if how == "stdin":
    prompt = sys.stdin.buffer.read().decode()
elif how == "file":
    with open(rest[-1], "rb") as file:  # noqa: PTH123 - starts without pathlib
        prompt = file.read().decode()
else:
    prompt = rest[rest.index("--") + 1]
if form == "text":
    sys.stdout.buffer.write(prompt.encode())
else:
    sys.stdout.write(json.dumps({"result": prompt}) + "\n")
