"""Small ONNX files: a convolution of random weights over the picture."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH = 5  # channels of the map


def tiny(
    file, *, seed=0, channels=3, last=False, kind=TensorProto.FLOAT, batch="n", side=None,
    vector=True, maps=True, metadata=None, external=None,
):  # fmt: skip
    """Write a network and return its file.

    channels, last: what it takes, and whether they lie last. side: pixels it insists on.
    vector, maps: the outputs: "maps" (n, 5, h, w), and after it "vector" (n, 5), minus
        the means of the maps.
    """
    drawn = np.random.default_rng(seed).standard_normal((WIDTH, channels, 3, 3))
    weights = numpy_helper.from_array(drawn.astype(np.float32), "w")
    nodes = [helper.make_node("Cast", ["pictures"], ["cast"], to=TensorProto.FLOAT)]
    order = [0, 3, 1, 2] if last else [0, 1, 2, 3]
    nodes += [
        helper.make_node("Transpose", ["cast"], ["x"], perm=order),
        helper.make_node("Conv", ["x", "w"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Neg", ["flat"], ["vector"]),
    ]
    height, width = (side, side) if side else ("h", "w")
    taken = [batch, height, width, channels] if last else [batch, channels, height, width]
    outputs = [("maps", [batch, WIDTH, height, width])] * maps + [("vector", [batch, 5])] * vector
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("pictures", kind, taken)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [weights],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    helper.set_model_props(model, metadata or {})
    more = {"save_as_external_data": True, "location": external, "size_threshold": 0}
    onnx.save_model(model, file, **(more if external else {}))
    return file


def convolved(file, x):
    """What the network's first node gives for (n, channels, h, w) floats, by hand: its mean."""
    weights = numpy_helper.to_array(onnx.load_model(file).graph.initializer[0])
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = x.shape[2:]
    windows = [
        padded[:, :, i : i + height, j : j + width].mean(axis=(2, 3))
        for i in range(3)
        for j in range(3)
    ]
    flat = weights.reshape(*weights.shape[:2], 9)
    return sum(window @ flat[:, :, k].T for k, window in enumerate(windows))
