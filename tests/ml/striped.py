"""Striped pictures of two or three labels, and the tiny network that is tuned by them."""

import numpy as np
from PIL import Image

from ml import features
from ml.features.finetuned import FineTuned
from ml.heads.logistic import LogisticHead

NAME = "torchvision:tiny,16"


def striped(seed, label):
    """Stripes that lie (0), stand (1) or lean (2), of any colour, in noise."""
    rng = np.random.default_rng([seed, label])
    y, x = np.mgrid[:16, :16]
    along = (y, x, (x + y) / 1.4)[label]
    wave = 128 + 70 * np.sin(along * 1.6 + rng.uniform(0, 6))
    table = wave[..., None] * rng.uniform(0.5, 1, 3) + rng.normal(0, 10, (16, 16, 3))
    return Image.fromarray(table.clip(0, 255).astype(np.uint8))


LABELS = np.arange(60) % 2
POOL = [striped(i, label) for i, label in enumerate(LABELS)]


def tuned(**options):
    return FineTuned(features.get(NAME), **{"every": True, "epochs": 3, "rate": 3e-3} | options)


def fit(chosen, **options):
    return chosen.fit_labeled(POOL, LABELS, n_labels=2, **options)


def accuracy(chosen, labels):
    new = [striped(1000 + i, label) for i, label in enumerate(labels)]
    x = chosen.embed(POOL)
    head = LogisticHead.fit(x, LABELS, n_labels=2)
    return float((head.predict_proba(chosen.embed(new)).argmax(axis=1) == labels).mean())
