"""Make torchvision importable beside a CPU-only torch.

The registry's torchvision wheel for Linux x86-64 is built for CUDA. Beside a
CPU-only torch its compiled operators do not load, and `import torchvision` fails
because it registers shape functions for two operators that nobody declared.
Declaring their schemas is enough for classification models and transforms;
the operators themselves (box suppression, image input and output, detection) stay
unavailable and are not needed. A matching pair declares them itself and is left alone.
"""

from types import ModuleType

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

# torch forgets the schemas when this object dies.
_declared: list[torch.library.Library] = []


def import_torchvision() -> ModuleType:
    """Return the torchvision module, importable whatever torch it was built for."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _declare_missing()
        import torchvision
    return torchvision  # type: ignore[no-any-return]


def _declare_missing() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name, schema in _SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)
