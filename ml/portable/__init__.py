"""A model as files that other programs run: one network from a decoded picture to probabilities.

`network.whole` puts features, head, temperature and merged labels together; `onnx_graph` and
`program` write it down. `pictures` says how a picture is prepared before.
"""


class NotPortable(ValueError):
    """The model cannot be written in this form; the message says what can be done instead."""
