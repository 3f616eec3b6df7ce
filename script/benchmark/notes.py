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
    "Changing tags": """\
A tag that is new costs one request to create, and a bulk edit holds 500 films of one tag. 0.5.x
takes two requests for each change, 10,000 in all. Twenty new tags at once cannot take less than 40
requests; the limit is held against ten.""",
    "The service": """\
Seconds to online, milliseconds and the runs are medians of five. Memory is that of the service's
own process: a run is made by a worker that gives all its memory back, Claude's client included
(80 MB). What wakes an idle service is the MQTT client once a second, and every two seconds a look
at the files that may change.""",
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
