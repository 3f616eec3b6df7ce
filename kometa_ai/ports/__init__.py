"""What a run needs of the world, as protocols; the adapters and the test doubles fulfil them."""

from kometa_ai.ports.answer import Answer, Ending
from kometa_ai.ports.batches import (
    Batches,
    BatchGoneError,
    BatchState,
    BatchStore,
    Failed,
    Failure,
    NewBatch,
    NoBatchesError,
    OpenBatch,
    Place,
)
from kometa_ai.ports.channel import Channel, Delivery, Outbox
from kometa_ai.ports.judge import Judge, UnansweredError
from kometa_ai.ports.store import (
    Accounts,
    Decided,
    HeldRemovals,
    Intent,
    JournalEntry,
    Purchase,
    Store,
)
from kometa_ai.ports.world import CHUNK, LONGEST_WAIT, Clock, CollectionFiles, Edit, Library

__all__ = [
    "CHUNK",
    "LONGEST_WAIT",
    "Accounts",
    "Answer",
    "BatchGoneError",
    "BatchState",
    "BatchStore",
    "Batches",
    "Channel",
    "Clock",
    "CollectionFiles",
    "Decided",
    "Delivery",
    "Edit",
    "Ending",
    "Failed",
    "Failure",
    "HeldRemovals",
    "Intent",
    "JournalEntry",
    "Judge",
    "Library",
    "NewBatch",
    "NoBatchesError",
    "OpenBatch",
    "Outbox",
    "Place",
    "Purchase",
    "Store",
    "UnansweredError",
]
