"""Hashes of pictures, pairs that are nearly the same, and groups of them."""

import io

import numpy as np
import pytest
from PIL import Image

from ml.look_alikes import MOST_BITS, Pairs, embedding_pairs, hash_pairs, star_groups
from ml.picture_hash import bits_apart, picture_code, words


def picture(seed, side=96):
    """A picture with large shapes, such as photographs have."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return coarse.resize((side, side), Image.Resampling.BICUBIC)


def saved_again(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def codes_of(images):
    return np.stack([picture_code(image) for image in images])


def apart(a, b):
    return bits_apart(words(a[None])[:, 0], words(b[None])[:, 0])[0]


class TestHash:
    def test_saved_again_or_scaled_its_code_differs_in_a_few_bits(self):
        for seed in range(20):
            image = picture(seed)
            for other in (saved_again(image, 60), image.resize((64, 64))):
                assert apart(picture_code(image), picture_code(other)) <= MOST_BITS

    def test_other_pictures_have_other_codes(self):
        codes = codes_of(picture(seed) for seed in range(20))
        gaps = [apart(a, b) for i, a in enumerate(codes) for b in codes[:i]]
        assert min(gaps) > 10

    def test_a_picture_of_one_colour_has_the_empty_code(self):
        assert not picture_code(Image.new("RGB", (50, 50), "white")).any()


class TestHashPairs:
    def test_every_pair_within_reach_is_found(self):
        rng = np.random.default_rng(0)
        codes = rng.integers(0, 256, (400, 16), dtype=np.uint8)
        for i in range(100):  # a few bits of the first eight bytes turned round
            codes[300 + i] = codes[i]
            for bit in rng.choice(64, size=i % 12, replace=False):
                codes[300 + i, bit // 8] ^= 1 << (bit % 8)
        for bits in (0, 3, 7):
            table = words(codes)
            gaps = np.bitwise_count(table[:, None, 0] ^ table[None, :, 0])
            expected = {(i, j) for i, j in zip(*np.nonzero(gaps <= bits), strict=True) if i < j}
            found = hash_pairs(codes, bits)
            assert set(zip(found.a.tolist(), found.b.tolist(), strict=True)) == expected

    def test_of_many_equal_codes_each_is_paired_with_the_first(self):
        codes = np.tile(np.arange(16, dtype=np.uint8), (500, 1))
        found = hash_pairs(codes)
        assert found.a.tolist() == [0] * 499
        assert found.alike.min() == 1

    def test_empty_codes_are_like_nothing(self):
        assert len(hash_pairs(np.zeros((5, 16), dtype=np.uint8)).a) == 0

    def test_another_difference_hash_keeps_pictures_apart(self):
        codes = np.tile(np.arange(16, dtype=np.uint8), (2, 1))
        codes[1, 8:] ^= 255
        assert len(hash_pairs(codes).a) == 0

    @pytest.mark.parametrize("bits", [-1, 8])
    def test_too_many_bits_are_refused(self, bits):
        with pytest.raises(ValueError, match="0 to 7"):
            hash_pairs(np.ones((2, 16), dtype=np.uint8), bits)


class TestEmbeddingPairs:
    @staticmethod
    def planted(n=4000, d=96, copies=100):
        rng = np.random.default_rng(1)
        rows = rng.standard_normal((n, d)).astype(np.float32)
        rows[:, :8] *= 6
        twins = rows[:copies] + 0.05 * rng.standard_normal((copies, d)).astype(np.float32)
        return np.concatenate([rows, twins])

    def test_planted_pairs_are_found_and_no_others(self):
        rows = self.planted()
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        near = np.triu(unit @ unit.T > 0.99, 1)
        expected = set(zip(*(part.tolist() for part in np.nonzero(near)), strict=True))
        found = embedding_pairs(rows, 0.99, seed=0)
        got = set(zip(found.a.tolist(), found.b.tolist(), strict=True))
        assert got <= expected
        assert len(got) >= 0.98 * len(expected)

    def test_few_rows_are_compared_all_with_all(self):
        rows = self.planted(n=500, copies=50)
        found = embedding_pairs(rows, 0.99, seed=0)
        assert set(zip(found.a.tolist(), found.b.tolist(), strict=True)) >= {
            (i, 500 + i) for i in range(50)
        }

    def test_one_row_and_zeros_are_like_nothing(self):
        assert len(embedding_pairs(np.ones((1, 4)), 0.9, seed=0).a) == 0
        assert len(embedding_pairs(np.zeros((9, 4)), 0.9, seed=0).a) == 0


class TestGroups:
    def test_a_chain_is_no_group(self):
        chain = Pairs(np.array([0, 1, 2, 3]), np.array([1, 2, 3, 4]), np.full(4, 0.98, np.float32))
        groups = star_groups(chain)
        members = [
            groups.rows[a:b].tolist()
            for a, b in zip(groups.starts[:-1], groups.starts[1:], strict=True)
        ]
        assert members == [[1, 0, 2], [3, 4]]

    def test_the_most_alike_come_first_and_larger_groups_too(self):
        pairs = Pairs(
            np.array([5, 0, 0]), np.array([6, 1, 2]), np.array([0.99, 0.95, 0.97], np.float32)
        )
        groups = star_groups(pairs)
        assert groups.rows.tolist() == [0, 2, 1, 5, 6]
        assert groups.starts.tolist() == [0, 3, 5]

    def test_no_pairs_make_no_groups(self):
        groups = star_groups(embedding_pairs(np.ones((1, 4)), 0.9, seed=0))
        assert groups.starts.tolist() == [0]
