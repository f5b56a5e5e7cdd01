"""A network that learns within a second, in the place of torchvision's."""

from types import SimpleNamespace

import torch
from torch import nn

from ml import backbones


def tiny_network(_name):
    """Three layers of random weights and a batch norm; no real network is this quick."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 3),
            nn.ReLU(), nn.Conv2d(8, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip
    preset = SimpleNamespace(mean=[0.5, 0.5, 0.5], std=[0.2, 0.2, 0.2])
    return backbones.frozen(network), SimpleNamespace(transforms=lambda: preset)
