"""The benchmark: what the engine costs in time, memory, requests and money; see script/bench."""
