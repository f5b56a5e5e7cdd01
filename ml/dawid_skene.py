"""What is likely true when people disagree, each weighed by how reliable they prove to be."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEAST = 1e-300  # for the logarithm of what never happened


class Weighed(NamedTuple):
    """proba: (n_images, n_values), rows sum to 1: which value is the true one.
    rates: (n_people, n_values, n_values): how often a person says column when row is true.
    share: (n_values,): how frequent each true value is.
    """

    proba: Floats
    rates: Floats
    share: Floats


def dawid_skene(
    images: npt.ArrayLike,
    people: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    n_values: int,
    prior: float = 0.0,
    given_only: bool = False,
    times: npt.ArrayLike | None = None,
    iterations: int = 200,
    tolerance: float = 1e-7,
) -> Weighed:
    """Estimate true values and people's error rates together, by expectation maximisation.

    images, people, values: (n_answers,) whole numbers; answer i is that person `people[i]` gave
        image `images[i]` the value `values[i]`. Numbers are dense from 0.
    prior: answers believed in before any is seen, for each person and true value: half of them
        right, half spread evenly. 0 is the published method; a little keeps people with few
        answers from being trusted or distrusted on one image.
    given_only: the true value of an image is among those that somebody gave it. With many values
        this takes a small part of the time and memory of the published method.
    times: (n_images,), how often an image with just these answers was seen; once each if None.
    Starts from the share of votes. Stops when no probability moves by more than `tolerance`.
    Raises: ValueError for lists of different lengths, none at all, or values out of range.
    Source: Dawid and Skene (1979), Maximum likelihood estimation of observer error-rates using
        the EM algorithm, Journal of the Royal Statistical Society C 28.
    """
    image, person, value = (np.asarray(each, dtype=np.int64) for each in (images, people, values))
    _check(image, person, value, n_values)
    votes = np.zeros((int(image.max()) + 1, n_values))
    np.add.at(votes, (image, value), 1.0)
    if not votes.any(axis=1).all():
        raise ValueError("every image must have an answer")
    may_be = votes > 0 if given_only else np.ones(votes.shape, dtype=bool)
    cases = _Cases.of(image, person, value, may_be, times)
    proba = cases.shares(votes[may_be])
    believed = prior * (np.eye(n_values) / 2 + 0.5 / n_values)
    for _ in range(iterations):
        rates, share = cases.rates(proba, believed)
        before, proba = proba, cases.likely(rates, share)
        if np.abs(proba - before).max() <= tolerance:
            break
    table = np.zeros(votes.shape)
    table[may_be] = proba
    return Weighed(table, *cases.rates(proba, believed))


def _check(image: Ints, person: Ints, value: Ints, n_values: int) -> None:
    if not (image.ndim == 1 and image.shape == person.shape == value.shape and image.size):
        raise ValueError("images, people and values must be lists of one length, not empty")
    if min(image.min(), person.min(), value.min()) < 0 or value.max() >= n_values:
        raise ValueError(f"numbers start at 0, values end at {n_values - 1}")


@dataclass(frozen=True)
class _Cases:
    """Every (image, value it may truly have) is a case; a piece is a case and one answer to it."""

    value: Ints  # (cases,) the true value supposed
    first: Ints  # (images,) where each image's cases begin
    weight: Floats  # (cases,) how often the image was seen
    case: Ints  # (pieces,)
    cell: Ints  # (pieces,) which of the (person, true value, value given) the answer is
    shape: tuple[int, int, int]  # people, values, values

    @classmethod
    def of(
        cls, image: Ints, person: Ints, value: Ints, may_be: npt.NDArray[np.bool_], times: Any
    ) -> "_Cases":
        n_values = may_be.shape[1]
        of_image, true = np.nonzero(may_be)
        many = may_be.sum(axis=1)
        first = np.concatenate([[0], np.cumsum(many)[:-1]])
        answer = np.repeat(np.arange(len(image)), many[image])
        step = np.arange(len(answer)) - np.repeat(np.cumsum(many[image]) - many[image], many[image])
        case = first[image[answer]] + step
        cell = (person[answer] * n_values + true[case]) * n_values + value[answer]
        seen = np.ones(len(may_be)) if times is None else np.asarray(times, dtype=np.float64)
        shape = (int(person.max()) + 1, n_values, n_values)
        return cls(true, first, seen[of_image], case, cell, shape)

    def rates(self, proba: Floats, believed: Floats) -> tuple[Floats, Floats]:
        """How each person answers each true value, given what is likely true."""
        seen = proba * self.weight
        said = np.bincount(self.cell, weights=seen[self.case], minlength=int(np.prod(self.shape)))
        counts = said.reshape(self.shape) + believed
        share = np.bincount(self.value, weights=seen, minlength=self.shape[1])
        each = counts / np.maximum(counts.sum(axis=-1, keepdims=True), LEAST)
        return each, share / share.sum()

    def likely(self, rates: Floats, share: Floats) -> Floats:
        """What is likely true, given how people answer."""
        told = np.log(np.maximum(rates, LEAST)).ravel()[self.cell]
        score = np.bincount(self.case, weights=told, minlength=len(self.value))
        score += np.log(np.maximum(share, LEAST))[self.value]
        best = np.maximum.reduceat(score, self.first)
        many = np.diff(np.append(self.first, len(score)))
        return self.shares(np.exp(score - np.repeat(best, many)))

    def shares(self, cases: Floats) -> Floats:
        """The cases of each image scaled to sum 1."""
        many = np.diff(np.append(self.first, len(cases)))
        return np.asarray(cases / np.repeat(np.add.reduceat(cases, self.first), many))
