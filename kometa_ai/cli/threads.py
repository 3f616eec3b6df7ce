"""The threads for what would block a loop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


class UnwaitedThreads(ThreadPoolExecutor):
    """Threads of which nobody waits for one whose work is not wanted any more."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - declared so
        super().shutdown(wait=False, cancel_futures=True)
