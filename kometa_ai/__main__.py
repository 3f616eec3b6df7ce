"""python -m kometa_ai."""

from __future__ import annotations

import sys

from kometa_ai.cli.flags import parse


def main() -> None:
    """Run the command line and end the process with its exit code."""
    flags = parse(sys.argv[1:])
    from kometa_ai.cli.commands import execute

    sys.exit(execute(flags))


if __name__ == "__main__":
    main()
