"""Writing the model as a program of torch.export (.pt2), and running one."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml.portable.network import Whole

MOST = 1024  # pictures at once


def write(network: Whole, example: Tensor, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the program, which takes 1 to 1,024 pictures; `metadata` become files within.

    No pickle: an example would be kept as one, so none is kept.
    """
    with torch.no_grad():
        sizes = ({0: torch.export.Dim("n", min=1, max=MOST)},)
        program = torch.export.export(network, (example,), dynamic_shapes=sizes, strict=False)
    program.example_inputs = None
    torch.export.save(program, path, extra_files=dict(metadata))


def run(path: Path, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What the program makes of prepared pictures."""
    with torch.no_grad():
        found: Tensor = torch.export.load(path).module()(torch.from_numpy(pictures))
    return np.asarray(found.numpy(), dtype=np.float32)
