"""What a run asks and decides, against its rules written down for one title at a time."""

from __future__ import annotations

from hypothesis import given, strategies as st

from kometa_ai.domain.decision import Decision, Ledger, Opinion, Origin
from kometa_ai.domain.marks import sharing
from kometa_ai.domain.pending import Why, find
from kometa_ai.domain.verdict import Titles, judge_members, settle_for_free
from tests.adapters.store_samples import NOW
from tests.questions import collection, item

IDS, STATES = st.integers(1, 8), st.integers(1, 2)
CHANCES = st.sampled_from([0.2, 0.69, 0.72, 0.95])
KIDS, MINE = "kids", "mine"


def decided(chance: float, mark: int) -> Decision:
    opinion = Opinion(include=True, confidence=chance)
    return Decision(opinion, "m", "c", mark, NOW, Origin.CLAUDE)


@given(
    library=st.dictionaries(IDS, st.tuples(STATES, st.booleans()), min_size=1),
    judged=st.dictionaries(IDS, st.tuples(STATES, st.none() | CHANCES)),
    present=st.sets(IDS),
    kids=st.sets(IDS),
    mine=st.sets(IDS),
    gated=st.booleans(),
)
def test_what_is_asked_and_who_belongs_is_as_the_rules_say(
    *,
    library: dict[int, tuple[int, bool]],
    judged: dict[int, tuple[int, float | None]],
    present: set[int],
    kids: set[int],
    mine: set[int],
    gated: bool,
) -> None:
    wish = collection(
        include_tags=frozenset({MINE}),
        exclude_tags=frozenset({KIDS}),
        candidate_year_min=2000 if gated else None,
    )
    items = {i: item(i, "A", "b", 1990 if old else 2010) for i, (_, old) in library.items()}
    titles = Titles(items, {i: mark for i, (mark, _) in library.items()})
    marks = sharing(titles.fingerprints, {i: mark for i, (mark, _) in judged.items()})
    named = {
        i: decided(chance, mark)
        for i, (mark, chance) in judged.items()
        if chance is not None and i in marks
    }
    ledger = Ledger(marks, named)
    free = settle_for_free(wish, titles, {}, {KIDS: kids, MINE: mine})
    pending = find(wish, free.candidates, ledger, present=present, judged_before=set())
    verdicts = judge_members(wish, titles, free, ledger, present)

    expected: dict[int, bool | None] = {}
    near = set()
    for i, (mark, old) in library.items():
        known, chance = judged.get(i, (None, None))
        if i in kids or i in mine or (gated and old):
            expected[i] = i in mine and i not in kids
        elif known != mark:
            expected[i] = None
        else:
            expected[i] = chance is not None and chance >= wish.threshold
            near |= {i} if chance in {0.69, 0.72} else set()
    asked = {i for i, belongs in expected.items() if belongs is None}
    assert set(pending.by_why.get(Why.NEAR_THRESHOLD, ())) == near
    assert pending.without(Why.NEAR_THRESHOLD).ids == asked
    assert pending.count == len(asked) + len(near)
    assert verdicts.belong == {i for i, belongs in expected.items() if belongs}
    assert verdicts.foreign == {i for i in present if expected.get(i) is False}
