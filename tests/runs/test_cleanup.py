"""Cleaning up: ``KAI-`` tags that nothing stands for any more, and no other tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.demo.radarr import Mishap
from kometa_ai.domain.report import Result, Trigger
from tests.guard import MINE, guarded, ids, of, pins, sure, wish

if TYPE_CHECKING:
    from pathlib import Path


async def test_only_the_tags_that_no_file_mentions_go(tmp_path: Path) -> None:
    async with guarded(tmp_path, 6, {"Noir": sure(1)}) as world:
        world.write(
            wish("Noir"),
            wish("Off", enabled=False),
            "  Plain:\n    radarr_taglist: KAI-by-hand\n",
        )
        await world.run()
        for label in ("KAI-Off", "KAI-By-Hand", "KAI-Orphan", "kai", "kailash", "kai_x"):
            world.radarr.hand_tag(3, label)
        world.radarr.hand_tag(4, "kai-orphan")
        world.radarr.tag_number("kai-empty")
        for dry_run in (True, False):
            report = await world.cleanup(dry_run=dry_run)
            assert report.trigger is Trigger.CLEANUP
            assert report.result is (Result.DRY_RUN if dry_run else Result.SUCCESS)
            assert [one.slug for one in report.collections] == ["empty", "orphan"]
            assert ids(of(report, "orphan").removed) == [3, 4]
            assert of(report, "orphan").removed[0].title == "Film 3"
            assert bool(world.radarr.writes()[2:]) is not dry_run
            assert world.radarr.members("kai-orphan") == ({3, 4} if dry_run else set())
        labels = {"kai-noir", "kai-off", "kai-by-hand", "kai", "kailash", "kai_x", MINE}
        assert set(world.radarr.labels.values()) == labels
        assert world.radarr.members("kai-off") == {3}
        assert world.radarr.members("kai_x") == {3}


async def test_nothing_is_cleaned_up_while_a_file_can_not_be_read(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1)}) as world:
        world.write(wish("Noir"))
        world.radarr.hand_tag(2, "KAI-Orphan")
        broken = "# === KOMETA-AI ===\n# === END KOMETA-AI ===\ncollections: [\n"
        (world.kometa / "broken.yml").write_text(broken, encoding="utf-8")
        report = await world.cleanup()
        assert report.result is Result.PARTIAL
        assert report.notices == (
            "Nothing was cleaned up: a file that can't be read may name the tag.",
        )
        assert report.faults[0].where.startswith("broken.yml")
        assert world.radarr.members("kai-orphan") == {2}


async def test_a_cleanup_can_be_undone_and_the_tag_is_made_again(tmp_path: Path) -> None:
    async with guarded(tmp_path, 9, {"Noir": sure(*range(1, 8)), "Cosy": sure(8)}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        world.write(wish("Cosy"))
        await world.cleanup()
        assert "kai-noir" not in world.radarr.labels.values()
        report = await world.undo()
        assert report.result is Result.SUCCESS
        assert world.radarr.members("kai-noir") == set(range(1, 8))
        assert world.radarr.members("kai-cosy") == {8}


async def test_a_collection_that_comes_back_after_a_cleanup_is_tagged_again_for_nothing(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 4, {"Noir": sure(1, 2), "Cosy": sure(3)}) as world:
        world.write(wish("Noir"), wish("Cosy"))
        await world.run()
        world.write(wish("Cosy"))
        await world.cleanup()
        world.write(wish("Noir"), wish("Cosy"))
        report = await world.run()
        assert (report.result, report.notices, report.spending.pairs) == (Result.SUCCESS, (), 0)
        assert world.radarr.members("kai-noir") == {1, 2}
        assert await pins(world) == []


async def test_a_tag_that_something_else_in_radarr_still_uses_is_named_and_stays(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1)}) as world:
        world.write(wish("Noir"))
        world.radarr.hand_tag(2, "KAI-Orphan")
        path = f"/api/v3/tag/{world.radarr.tag_number('kai-orphan')}"
        in_use = '{"message": "\'kai-orphan\' is still in use"}'
        world.radarr.mishaps.append(Mishap("DELETE", path, status=409, body=in_use))
        report = await world.cleanup()
        assert report.result is Result.PARTIAL
        assert "still in use" in report.faults[0].message
        assert world.radarr.members("kai-orphan") == set()


async def test_a_tag_that_vanishes_by_itself_meanwhile_is_no_fault(tmp_path: Path) -> None:
    async with guarded(tmp_path, 3, {"Noir": sure(1)}) as world:
        world.write(wish("Noir"))
        world.radarr.tag_number("kai-orphan")
        nightly = Mishap("GET", "/api/v3/movie", before=lambda radarr: radarr.clean_up())
        world.radarr.mishaps.append(nightly)
        report = await world.cleanup()
        assert nightly.times == 0
        assert (report.result, report.faults) == (Result.SUCCESS, ())
