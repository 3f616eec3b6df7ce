"""What is worth saying beside the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTES: Final[Mapping[str, str]] = {
    "The no-change run": """\
Bare means: the whole body downloaded with aiohttp, then decoded at once by msgspec to typed
records of the fields that matter to a verdict. All four are measured in turns in one process, each
several times, after one round to warm up; the seconds are medians, and "Run / bare" is the median
of the rounds' own ratios. The run is everything from opening the state to closing it. Peak memory
is that of a process which does one such run and nothing else. `python -m kometa_ai` also starts
Python and imports the program.

What was slow, and what was done:

- The list is decoded while it arrives, some hundred films at a time. That is faster than the bare
  download, and the body never lies in memory as a whole.
- Describing each film in a line, only to see that nothing changed, took 14 µs of a film's 20 µs.
  Now a title's facts are hashed as they are, and the line is made when Claude is asked.
- A title is a named tuple, made by position: a frozen dataclass takes five times as long. So is a
  decision, of which there is one for each member of each collection.
- Judged pairs lie in the state as arrays, 16 bytes each, not as rows. All collections are read in
  one go, and one that has judged the whole library as it is now is given the library's own
  fingerprints: that nothing changed is then seen without comparing, also after films have left.

What remains, in processor time: the hash of each title (2 µs) and the title itself (1 µs), the
decisions (14 ms for 10,000 films in all twenty collections), YAML (5 ms). With 1,000 films the
fixed costs weigh more than the list, so that the ratio says little there; the time itself does. The
ratio at 10,000 films moves with what else the machine does: from 1.07 when it is quiet to 1.40 when
it is busy.""",
    "Large libraries": """\
![Seconds and memory against the number of films; both axes in powers of ten](performance.svg)

The films are those of a public data set of real ones, up to 100,000 by titles and years that are
changed a little, or, where that is not at hand, the demo's; the table says which. Of a collection's
titles 1 to 3 % are members, and 2 % more are named by Claude as doubtful, each with a reason of
eleven words: so 4 % of all pairs carry words. The first run asked in requests of the usual size,
12,500 for 5,000,000 pairs, and each answer is a transaction that survives a power cut. The state's
file is measured when it is closed, after all runs, with everything that is in it: verdicts with
their reasons, prices, reports, the journal.

How it was before, and after, measured in turns on one busy machine (the first run once each),
100,000 films × 50 collections; seconds are those of the processor, memory is the peak of the
process:

| | Before | After |
|---|--:|--:|
| Nothing changed, `--run-now` | 5.2 s, 315 MB | 4.5 s, 266 MB |
| The same, one title of each collection is pinned | 6.6 s, 565 MB | 5.6 s, 266 MB |
| Nothing decided, `--estimate` | 22.4 s, 398 MB | 6.1 s, 233 MB |
| Nothing decided, `--run-now` with a budget of 0 | 13.0 s, 395 MB | 5.4 s, 226 MB |
| First run with an instant judge | 1,016 MB | 434 MB |

What `py-spy record` showed, and what was done:

- Half of an estimate, and a third of a run that has all to ask, went into describing titles: ten
  times each, twice for each group of collections. Each is measured once now. A sixth of the
  estimate went into looking for each of 50 collections in each of 500,000 questions: they are
  counted in one go.
- More than a quarter of such a run went into finding and grouping pair by pair what is all the
  same: new. Collections of which nothing is decided now share the library's own ids, and are
  planned as one; questions share the list of what they ask. Requests are still made before the
  first is asked, for who decides between live and batch has to know their number: 12,500 take some
  40 MB.
- Verdicts of a first run were kept in dictionaries until its end, once to count and once to decide:
  500 MB. Now they are numbers side by side, 12 bytes each, and a collection that is judged whole
  shares the library's fingerprints from then on.
- A collection with a single pin, tag rule or gate had a copy of the library's fingerprints of its
  own, 5 MB, and one that has judged one title in another state than the next had one too, 12 MB.
  Now it holds what is different, and what is outdated is looked for only there.
- To read who judged when, each of 12,500 answers was looked up by itself: a third of the time that
  the verdicts take. They are read in one go.
- Python looked through all objects again and again for circles that nobody uses: 0.6 s of 3.5 s.
  It now does so a hundred times less often, with no more memory: a run makes hardly any circle.
- Studios, certificates, languages and keywords came as a new text for each film: 48 MB of 136 MB.
  Equal ones are one text now; that costs 0.05 s.

What remains, in processor time: the list (1.2 s, about as long as the bare download), the verdicts
with their words (0.8 s), hashes (0.25 s), who belongs (0.2 s). In memory: 90 MB for the films, 85
MB for the verdicts that carry words, 50 MB for the program.""",
    "A large library, one thing at a time": """\
Each line is a process of its own, from its start to its end; `--run-now` with nothing changed is in
the table above. A day's change: 0.8 % of the films are described anew, 0.2 % are new, three are
gone, and a person puts each of the fifty tags on two films and takes it off two. The run after it
has all pairs of these films judged, 50,000, draws their membership anew, puts on and takes off the
tags, and makes pins of the hand edits. With the judge in the process it is measured beside the bare
download, on three such days. With the simulated Claude, which shares the machine, most of the time
is Claude's. The peak of the service's workers is looked at fifty times a second.""",
    "Changing tags": """\
A tag that is new costs one request to create, and a bulk edit holds 500 films of one tag. 0.5.x
takes two requests for each change, 10,000 in all. Twenty new tags at once cannot take less than 40
requests; the limit is held against ten.""",
    "The service": """\
Seconds to online and milliseconds are medians of five, the runs of nine pairs, with a broker and
without in turns; the target is held against the median of the pairs' own ratios. Memory is that of
the service's own process: a run is made by a worker that gives all its memory back, Claude's client
included (80 MB). What wakes an idle service is a look at the files that may change every two
seconds, and at the MQTT connection every five.""",
    "Tokens": """\
Kometa-AI is the true adapter against the simulated Claude with its own judge, which names the pairs
that have a fair chance; a named pair costs about 35 tokens of output, all others
together only their film's id. As 0.5.x: every film once for each collection, 50 in a request, as
indented JSON with all its fields, and an object with id, title, reasoning, verdict and confidence
of each comes back. Both are billed by the simulator's meter, which counts about as the real
tokenizer does and is not the real one.""",
    "Dollars": """\
List prices, computed from the same tokens for every model. Models that always think are billed for
that too: it is not in here, for either side.""",
}
