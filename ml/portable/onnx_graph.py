"""Writing the model as an ONNX graph, and running one."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml.features.packages import needed
from ml.portable.network import Whole

OPSET = 17  # ONNX Runtime 1.14 and newer read it
INPUT, OUTPUT = "pictures", "probabilities"
BY = "An ONNX export"


def write(network: Whole, example: Tensor, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the graph, which takes any number of pictures; `metadata` are words by name.

    Traced: the newer exporter of torch needs twenty times as long and one more package, for the
    same graph. Raises: PackageMissing.
    """
    onnx = needed("onnx", by=BY)
    batch = {INPUT: {0: "n"}, OUTPUT: {0: "n"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the tracer: the check on real pictures is better
        torch.onnx.export(
            network, (example,), str(path), input_names=[INPUT], output_names=[OUTPUT],
            opset_version=OPSET, dynamic_axes=batch, dynamo=False,
        )  # fmt: skip
    graph = onnx.load(str(path))
    for name, words in metadata.items():
        graph.metadata_props.add(key=name, value=words)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))


def run(path: Path, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What ONNX Runtime makes of prepared pictures. Raises: PackageMissing."""
    runtime: Any = needed("onnxruntime", by=BY)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run([OUTPUT], {INPUT: pictures})[0], dtype=np.float32)
