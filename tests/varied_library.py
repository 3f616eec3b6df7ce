"""Libraries as they are: overviews of every length or none, in any script, wishes long and short.

All of it is made of a seed, so that two tests that ask for the same get the same.
"""

from __future__ import annotations

from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LENGTHS: Final = (40, 118, 148, 192, 234, 273, 304, 347, 403, 484, 642, 900)
"""Characters of an overview at even steps, as counted in 23,000 real ones; Radarr's are alike."""
NONE_AT_ALL: Final = 0.03
"""So many films have no overview: the old, the small and the foreign ones."""


class Script(StrEnum):
    """A language that stands for its script."""

    ENGLISH = "English"
    FRENCH = "French"
    RUSSIAN = "Russian"
    GREEK = "Greek"
    ARABIC = "Arabic"
    HINDI = "Hindi"
    JAPANESE = "Japanese"
    KOREAN = "Korean"


WORDS: Final[Mapping[Script, str]] = {
    Script.ENGLISH: """a young detective follows the stranger who robbed her father's bank and finds
        a family that has kept its secret since the war while an ageing boxer returns to the small
        harbour town where he once betrayed his best friend and must decide between revenge and the
        woman whose letters he never answered; during one unforgettable summer night in 1954 the
        extraordinary inheritance of an eccentric professor leads two quarrelling brothers through
        mountains, deserts and abandoned railway stations to a truth that nobody wanted""",
    Script.FRENCH: """une jeune inspectrice poursuit l'étranger qui a dévalisé la banque de son père
        et découvre une famille qui garde son secret depuis la guerre tandis qu'un vieux boxeur
        revient dans la petite ville côtière où il a trahi son meilleur ami à l'été où tout s'est
        arrêté, déchiré entre la vengeance et la femme dont il n'a jamais lu les lettres""",
    Script.RUSSIAN: """молодая следователь ищет незнакомца ограбившего банк отца и находит
        семью хранящую тайну времён войны, но стареющий боксёр возвращается в маленький портовый
        город где когда-то предал лучшего друга и должен выбрать между местью и женщиной""",
    Script.GREEK: """μια νεαρή επιθεωρήτρια ακολουθεί τον άγνωστο που λήστεψε την τράπεζα του πατέρα
        της και βρίσκει μια οικογένεια που κρατά το μυστικό της από τον πόλεμο""",
    Script.ARABIC: """محققة شابة تتبع الغريب الذي سرق مصرف والدها وتكتشف عائلة تخفي سرها منذ الحرب
        بينما يعود ملاكم عجوز إلى بلدة الميناء الصغيرة حيث خان صديقه""",
    Script.HINDI: """एक युवा जासूस उस अजनबी का पीछा करती है जिसने उसके पिता का बैंक लूटा और एक ऐसे
        परिवार को पाती है जो युद्ध के बाद से अपना रहस्य छिपाए हुए है""",
    Script.JAPANESE: """若い刑事は 父の銀行を襲った 見知らぬ男を追い、
        戦争以来の秘密を守る 家族に出会う。 老いたボクサーは かつて親友を裏切った
        小さな港町に戻り、 復讐と 手紙に答えなかった 女性との間で 選ばなければならない。""",
    Script.KOREAN: """젊은 형사는 아버지의 은행을 턴 낯선 남자를 쫓다가
        전쟁 이후 비밀을 지켜 온 가족을 만나고 늙은 권투 선수는 친구를 배신했던 작은 항구
        마을로 돌아온다""",
}
GENRES: Final = ("Drama", "Comedy", "Thriller", "Crime", "Romance", "Science Fiction", "Horror")
STUDIOS: Final = ("Paramount", "Les Films du Losange", "Toho", "Working Title", "A24", "Mosfilm")
KEYWORDS: Final = (
    "heist",
    "revenge",
    "small town",
    "betrayal",
    "winter",
    "boxing",
    "trial",
    "robot",
)
MIXED: Final[Mapping[Script, float]] = {
    Script.ENGLISH: 0.7,
    Script.FRENCH: 0.1,
    Script.RUSSIAN: 0.06,
    Script.JAPANESE: 0.06,
    Script.KOREAN: 0.04,
    Script.ARABIC: 0.02,
    Script.HINDI: 0.02,
}


def films(
    count: int, scripts: Mapping[Script, float] | None = None, *, seed: int = 0, first: int = 1
) -> list[dict[str, Any]]:
    """Return so many films in Radarr's shape, by default with English overviews.

    ``scripts`` are weights; ``first`` is the first film's id, the others follow with gaps.
    """
    luck = Random(seed)  # noqa: S311 - the same films every time
    weights = scripts or {Script.ENGLISH: 1.0}
    kinds = luck.choices(list(weights), list(weights.values()), k=count)
    return [_film(luck, first + at + at // 9, kind) for at, kind in enumerate(kinds)]


def _film(luck: Random, number: int, script: Script) -> dict[str, Any]:
    at = luck.random() * (len(LENGTHS) - 1)
    step = int(at)
    length = LENGTHS[step] + (at - step) * (LENGTHS[step + 1] - LENGTHS[step])
    empty = luck.random() < NONE_AT_ALL
    known = luck.random()
    return {
        "id": number,
        "title": text(luck, script, 4 + 26 * luck.random()).rstrip(".").title(),
        "year": 1930 + int(95 * luck.random()),
        "tmdbId": 100_000 + number,
        "genres": luck.sample(GENRES, 1 + int(3 * luck.random())),
        "originalLanguage": {"id": 1, "name": script.value},
        "certification": luck.choice(("", "PG", "R", "12")),
        "studio": luck.choice(STUDIOS) if known < 0.9 else "",
        "keywords": luck.sample(KEYWORDS, int(8 * luck.random())) if known < 0.8 else [],
        "overview": "" if empty else text(luck, script, length),
    }


def text(luck: Random, script: Script, length: float) -> str:
    """Return sentences of about so many characters."""
    words = WORDS[script].split()
    said: list[str] = []
    while sum(map(len, said)) + len(said) < length:
        begin, count = int(luck.random() * len(words)), 4 + int(14 * luck.random())
        some = (words * 2)[begin : begin + count]
        said += [some[0].capitalize(), *some[1:-1], f"{some[-1].rstrip(',.;')}."]
    return " ".join(said)[: max(int(length), 1)]


def wishes(
    count: int,
    *,
    length: int = 260,
    script: Script = Script.ENGLISH,
    thresholds: Sequence[float] = (0.6,),
    seed: int = 0,
) -> str:
    """Return a Kometa file of so many collections with wishes of about ``length`` characters."""
    luck = Random(seed)  # noqa: S311 - the same films every time
    blocks = [
        f"  # === KOMETA-AI ===\n  # enabled: true\n"
        f"  # confidence_threshold: {thresholds[at % len(thresholds)]}\n"
        f"  # prompt: |\n  #   {text(luck, script, length)}\n  # === END KOMETA-AI ===\n"
        f"  Wish {at + 1}:\n    radarr_taglist: KAI-wish-{at + 1}\n"
        for at in range(count)
    ]
    return "collections:\n" + "\n".join(blocks)
