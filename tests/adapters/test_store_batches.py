"""Open batches in the store: what was asked comes back as far as an answer needs it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings, strategies as st

from kometa_ai.adapters.store import SqliteStore
from kometa_ai.adapters.store.inquiries import pack_inquiry, unpack_inquiry
from kometa_ai.domain.cost import Usage
from kometa_ai.domain.decision import UNNAMED, Decision, Opinion, settle
from kometa_ai.domain.inquiry import (
    RememberedInquiry,
    RememberedQuestion,
    RememberedTitle,
    RememberedWish,
    remember,
)
from kometa_ai.domain.report import Trigger
from kometa_ai.ports import NewBatch, Place, Purchase
from tests.clock import FakeClock
from tests.questions import questions

if TYPE_CHECKING:
    from pathlib import Path

    from kometa_ai.domain.requests import Request

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
MARKS = st.integers(-(2**63), 2**63 - 1)
OPINIONS = st.builds(Opinion, st.booleans(), st.floats(0, 1), st.text(max_size=20))


@st.composite
def inquiries(draw: st.DrawFn) -> RememberedInquiry:
    slugs = [f"slug-{number}" for number in range(draw(st.integers(1, 26)))]
    wishes = tuple(
        RememberedWish(draw(st.text()), slug, f"{number:x}", draw(st.floats(0, 1)))
        for number, slug in enumerate(slugs)
    )

    def question() -> RememberedQuestion:
        mark = draw(MARKS)
        asked = tuple(slug for slug in slugs if draw(st.booleans())) or (slugs[-1],)
        known = [slug for slug in asked if draw(st.booleans())]
        shown = [slug for slug in known if draw(st.booleans())]
        earlier = {
            slug: Decision(
                draw(OPINIONS) if slug in shown else UNNAMED,
                "",
                f"{slugs.index(slug):x}",
                mark if draw(st.booleans()) else ~mark,
                NOW,
            )
            for slug in known
        }
        standing = {slug: earlier[slug] for slug in shown}
        title = RememberedTitle(draw(st.integers(1, 2**31 - 1)), mark)
        return RememberedQuestion(title, asked, standing, earlier)

    return RememberedInquiry(wishes, tuple(question() for _ in range(draw(st.integers(1, 5)))))


@CALM
@given(inquiries())
def test_what_was_asked_comes_back_as_it_was(inquiry: RememberedInquiry) -> None:
    assert unpack_inquiry(pack_inquiry(inquiry), NOW) == inquiry


@CALM
@given(OPINIONS, OPINIONS, MARKS, MARKS, st.floats(0, 1), st.booleans())
def test_an_answer_settles_the_same_as_if_the_request_were_at_hand(
    fresh: Opinion, before: Opinion, mark: int, mark_then: int, threshold: float, shown: bool
) -> None:
    request = questions(films=1)
    question = request.questions[0]
    slug = question.slugs[0]
    criteria = request.collections[0].criteria
    said = (before, "haiku") if shown else (UNNAMED, "")  # nobody is told of a plain no
    earlier = Decision(*said, criteria, mark_then, NOW)
    item = RememberedTitle(question.item.id, mark)
    wish = RememberedWish("Heists", slug, criteria, threshold)
    standing = {slug: earlier} if shown else {}
    kept = RememberedInquiry(
        (wish,), (RememberedQuestion(item, (slug,), standing, {slug: earlier}),)
    )
    (again,) = unpack_inquiry(pack_inquiry(kept), NOW).questions
    decision = Decision(fresh, "m", criteria, mark, NOW)
    there = settle(decision, earlier, threshold)
    assert settle(decision, again.earlier[slug], threshold) == there


def new(request: Request, count: int = 3) -> NewBatch:
    return NewBatch(
        "kai-abc",
        "radarr",
        "claude-haiku-5-5",
        NOW,
        "msgbatch_0",
        {number: Decimal("0.001") for number in range(count)},
        lambda _: remember(request, lambda _slug, _item: None),
    )


async def test_a_request_goes_with_its_answer_and_a_batch_when_it_is_closed(
    tmp_path: Path,
) -> None:
    request = questions()
    async with SqliteStore(tmp_path, FakeClock()) as store:
        run = await store.begin_run(Trigger.SCHEDULE, NOW)
        batch = await store.open_batch(run, new(request))
        assert await store.open_batches() == [batch]
        await store.name_batch(batch.number, "msgbatch_1", sure=True)
        purchase = Purchase(
            "radarr", "m", NOW, Usage(1, 1), Decimal("0.0001"), {}, place=Place(batch.number, 1)
        )
        await store.record(run, purchase)
        await store.note_called_off(batch.number)
    async with SqliteStore(tmp_path, FakeClock()) as store:
        (known,) = await store.open_batches()
        assert (known.id, known.sure, known.called_off) == ("msgbatch_1", True, True)
        assert (known.total, sorted(known.most), known.cost) == (3, [0, 2], Decimal("0.002"))
        kept = await store.inquiries(known.number)
        assert sorted(kept) == [0, 2]
        assert [one.item.id for one in kept[0].questions] == [1, 2, 3, 4]
        assert [one.criteria for one in kept[0].collections] == [
            one.criteria for one in request.collections
        ]
        assert known.number_of(known.name_of(2)) == 2
        assert known.number_of("kai-abd-2") is known.number_of("kai-abc-x") is None
        await store.close_batch(known.number)
        assert await store.open_batches() == []
        again = await store.open_batch(run, new(request))
        assert again.number > known.number, "a number never means two batches"


async def test_a_batch_takes_few_bytes_for_a_pair(tmp_path: Path) -> None:
    request = questions(films=40)
    packed = pack_inquiry(remember(request, lambda _slug, _item: None))
    assert len(packed) / request.pairs < 20
