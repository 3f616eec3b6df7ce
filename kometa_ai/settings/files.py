"""Opening the files that settings name: none of them may keep the start waiting."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


def open_file(path: Path) -> BinaryIO:
    """Open a file to read it; raises OSError, with a reason to be told, for whatever is none.

    To open a pipe is to wait until somebody writes to it, which may be for ever.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        kind = os.fstat(handle).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")
