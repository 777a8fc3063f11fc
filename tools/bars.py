"""How every bench reports: measured values against their bars, with the conditions of the run, as JSON.

Shape: ``{"bars": [{"name", "value", "op": "<=|>=|==", "limit", "ok"}], "conditions": {…}}``.
"""

import json
import operator
import os
import platform
from collections.abc import Mapping
from typing import Any

_OPS = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


def report(measured: Mapping[str, float], bars: Mapping[str, tuple[str, float]], **conditions: Any) -> int:
    """Print the report; return the exit status: 0 when every bar holds, 1 otherwise."""
    rows = [
        {"name": name, "value": measured[name], "op": op, "limit": limit, "ok": _OPS[op](measured[name], limit)}
        for name, (op, limit) in bars.items()
    ]
    around = {
        "cores": os.cpu_count(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "python": platform.python_version(),
        "machine": platform.machine(),
        **conditions,
    }
    print(json.dumps({"bars": rows, "conditions": around}))
    return 0 if all(row["ok"] for row in rows) else 1
