"""A model version as a file to take away: made, checked against the service, described, packed."""

FORMATS = ("onnx", "torch")


class ExportFailed(Exception):
    """The version cannot be exported; the message says why and what to do."""
