"""Between float16, as arrays lie in files, and float32, as they are worked with.

numpy takes 2 ns per value for this, torch a tenth of that. It is used where the caller says that
there is enough to convert to make up for loading it.
"""

import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

Half = npt.NDArray[np.float16]
Single = npt.NDArray[np.float32]


def widened(table: npt.NDArray[Any]) -> Single:
    """Return the table as float32, a copy unless it is that already."""
    torch = _torch()
    if torch is None or table.dtype != np.float16 or not table.flags.c_contiguous:
        return np.asarray(table, dtype=np.float32)
    out = np.empty(table.shape, dtype=np.float32)
    torch.from_numpy(out).copy_(torch.from_numpy(np.asarray(table)))
    return out


def halved(table: Single) -> Half:
    """Return the table as float16, infinite where a value is beyond 65504."""
    torch = _torch()
    if torch is None or table.dtype != np.float32 or not table.flags.c_contiguous:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(table, dtype=np.float16)
    out = np.empty(table.shape, dtype=np.float16)
    torch.from_numpy(out).copy_(torch.from_numpy(table))
    return out


def be_quick() -> None:
    """Load what converts fast, to work in the thread that calls it and in no others."""
    import torch

    warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing writes
    torch.set_num_threads(1)


def _torch() -> Any:
    """torch, if this process has loaded it."""
    return sys.modules.get("torch")
