"""What all pictures have in common: where they are kept, how large, and what they show."""

from __future__ import annotations

from pathlib import Path

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
MOST_BYTES = 200_000


def keep(name: str, picture: bytes) -> None:
    """Write a picture, unless it is too large for a page."""
    print(f"{name}.png: {len(picture):,} bytes")
    if len(picture) > MOST_BYTES:
        raise SystemExit(f"{name}.png is larger than {MOST_BYTES:,} bytes: make it smaller.")
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(picture)


def narrow(kometa: Path) -> None:
    """Leave Film Noir fewer years, so that a large part of it would go."""
    file = kometa / "movies.yml"
    before = file.read_text("utf-8")
    after = before.replace("candidate_year_max: 1959", "candidate_year_max: 1946")
    if after == before:
        raise SystemExit("The demo's Film Noir ends in another year: name it here.")
    file.write_text(after, "utf-8")
