"""A no-change run alone, for its memory: python -m script.benchmark.once URL FOLDER."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path
from typing import Final

from kometa_ai.cli.memory import collect_rarely
from script.benchmark.house import Home

KIB: Final = 1024

if __name__ == "__main__":
    collect_rarely()
    asyncio.run(Home(Path(sys.argv[2]), sys.argv[1]).run_unchanged())
    print(json.dumps({"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB}))
