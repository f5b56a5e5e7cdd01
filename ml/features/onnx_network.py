"""An ONNX file, run by onnxruntime on the processor: batches of pictures in, vectors out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.features.onnx_file import OnnxRefused
from ml.features.packages import needed
from ml.features.taps import channels_lie_last

TYPES = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8,
}  # fmt: skip


class OnnxNetwork:
    """A loaded file and what it says of its input.

    channels_last: it takes (n, h, w, c) rather than (n, c, h, w). channels: 1 or 3.
    size: the (width, height) it insists on, or None. type: of the numbers it takes.
    Raises: OnnxRefused for what is no network of pictures; PackageMissing.
    """

    def __init__(self, data: bytes, told: str) -> None:
        self.told = told
        self._session = _session(data, told)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in TYPES:
            takes = ", ".join(f"{one.name}: {one.type} {one.shape}" for one in inputs) or "nothing"
            raise OnnxRefused(
                f"{told} must take one batch of pictures, four dimensions of float or uint8; "
                f"it takes {takes}"
            )
        self._input = inputs[0].name
        self.type = TYPES[inputs[0].type]
        self._read(inputs[0].shape)

    def _read(self, shape: Sequence[Any]) -> None:
        batch, first, second, third = shape
        if isinstance(batch, int) and batch > 0:
            raise OnnxRefused(
                f"{self.told} takes exactly {batch} pictures at a time; export it with a dynamic "
                "first dimension"
            )
        if first not in (1, 3) and third not in (1, 3):
            raise OnnxRefused(
                f"{self.told} takes {list(shape)}: neither the second nor the last dimension is 3 "
                "colours or 1 grey channel"
            )
        self.channels_last = first not in (1, 3)
        self.channels: int = third if self.channels_last else first
        height, width = (first, second) if self.channels_last else (second, third)
        fixed = all(isinstance(side, int) and side > 0 for side in (height, width))
        self.size: tuple[int, int] | None = (width, height) if fixed else None

    def run(self, batch: npt.NDArray[Any], outputs: Sequence[str] = ()) -> npt.NDArray[Any]:
        """Return the vectors (n, d) of pictures (n, h, w, c) in the numbers that it takes.

        outputs: names of those to join; without any the first with two dimensions, else the
            first with four, averaged over the picture.
        Raises: OnnxRefused where there is none such, or where it fails on these pictures.
        """
        x = batch if self.channels_last else np.moveaxis(batch, 3, 1)
        given = {self._input: np.ascontiguousarray(x.astype(self.type, copy=False))}
        names = [one.name for one in self._session.get_outputs()]
        if unknown := [name for name in outputs if name not in names]:
            raise OnnxRefused(
                f"{self.told} has no output {unknown[0]!r}; it has {', '.join(names)}"
            )
        try:
            found = self._session.run(list(outputs) or None, given)
        except Exception as error:  # onnxruntime's errors share no class but this
            raise OnnxRefused(f"{self.told} fails on {x.shape}: {error}") from error
        wanted = found if outputs else [self._first(found)]
        return np.concatenate([self._pooled(array, len(batch)) for array in wanted], axis=1)

    def _first(self, found: Sequence[Any]) -> Any:
        for dimensions in (2, 4):
            for array in found:
                if np.ndim(array) == dimensions:
                    return array
        shapes = ", ".join(str(np.shape(array)) for array in found)
        raise OnnxRefused(f"no output of {self.told} is a vector or a map of a picture: {shapes}")

    def _pooled(self, array: Any, n: int) -> npt.NDArray[Any]:
        if np.ndim(array) not in (2, 4) or len(array) != n or array.dtype.kind != "f":
            raise OnnxRefused(f"an output of {self.told} is no table of numbers: {np.shape(array)}")
        if np.ndim(array) == 2:
            return np.asarray(array)
        last = channels_lie_last(array.shape, unsure=self.channels_last)
        return np.asarray(array.mean(axis=(1, 2) if last else (2, 3), dtype=np.float32))


def _session(data: bytes, told: str) -> Any:
    runtime = needed("onnxruntime", by="An onnx: feature set")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what is wrong comes as an error
    # Weights in files beside the network would not be part of its fingerprint, and their paths
    # come from the file. This folder cannot be, so that they are not found.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", "/dev/null/none"
    )
    try:
        return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no class but this
        raise OnnxRefused(
            f"{told} is damaged, or not an ONNX file with its weights inside: {error}"
        ) from error
