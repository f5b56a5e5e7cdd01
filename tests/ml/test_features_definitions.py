"""The feature sets compute what their sources define, seen on tables small enough to check."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from ml.features import hamming
from ml.features.autoencoder import Autoencoder
from ml.features.hashing import Hashed, better_turn, rounding_loss
from ml.features.hog import block_weights, colour_histogram, hog
from ml.features.pca import Pca, RunningAxes
from ml.features.pixels import Pixels
from ml.features.sampling import sampled


def waves():
    y, x = np.mgrid[0:32, 0:32]
    channels = [
        127.5 + 120 * np.sin(x * 0.35 + y * 0.11),
        127.5 + 120 * np.cos(x * 0.09 - y * 0.41),
        (x * 7 + y * 5) % 256,
    ]
    return np.stack(channels, -1).round().clip(0, 255).astype(np.uint8)[None]


def test_hog_agrees_with_opencv():
    # cv2.HOGDescriptor((32, 32), (16, 16), (8, 8), (8, 8), 9, 1, 1e6, 0, 0.2, True).compute(...)
    # of OpenCV 4, without its Gaussian, whose centre lies half a pixel off; put in our order.
    found = hog(waves(), weights=block_weights(8, 1e6)).reshape(3, 3, 4, 9)
    first = [
        [0.1757, 0.1137, 0.0080, 0, 0.2934, 0.2934, 0, 0, 0.0256],
        [0.2934, 0.2934, 0.0008, 0, 0.1664, 0.2893, 0, 0, 0.0412],
        [0.1685, 0.1136, 0.0019, 0, 0.2934, 0.2934, 0, 0, 0],
        [0.2727, 0.1874, 0, 0, 0.2934, 0.2934, 0, 0, 0],
    ]
    last_of_the_middle = [
        [0.0956, 0.0700, 0.0703, 0, 0.2640, 0.2640, 0, 0.0002, 0.0160],
        [0.2167, 0.2375, 0.2640, 0, 0.2640, 0.2640, 0, 0.0106, 0.1261],
        [0.2143, 0.2162, 0.2640, 0, 0.1378, 0.2349, 0, 0.0079, 0.1166],
        [0.2640, 0.2640, 0.2640, 0, 0.1443, 0.1492, 0, 0.0087, 0.0898],
    ]
    np.testing.assert_allclose(found[0, 0], first, atol=0.005)
    np.testing.assert_allclose(found[1, 2], last_of_the_middle, atol=0.005)


def test_hog_agrees_with_the_definition_pixel_by_pixel():
    batch = np.random.default_rng(1).integers(0, 255, (1, 12, 16, 3), dtype=np.uint8)
    np.testing.assert_allclose(hog(batch, cell=4)[0], slow_hog(batch[0], 4), atol=2e-3)


def slow_hog(picture, cell):
    """The definition written out, one pixel after the other."""
    values = np.sqrt(picture.astype(float))
    height, width = picture.shape[:2]
    blocks = []
    for top in range(0, height - cell, cell):
        for left in range(0, width - cell, cell):
            block = np.zeros((2, 2, 9))
            for y in range(2 * cell):
                for x in range(2 * cell):
                    vote(block, values, top, left, y, x, cell)
            v = block.ravel() / np.sqrt((block**2).sum() + 1e-4)
            v = np.minimum(v, 0.2)
            blocks.append(v / np.sqrt((v**2).sum() + 1e-4))
    return np.concatenate(blocks)


def vote(block, values, top, left, y, x, cell):
    height, width, _ = values.shape
    at, to = top + y, left + x
    dx = values[at, to + 1] - values[at, to - 1] if 0 < to < width - 1 else np.zeros(3)
    dy = values[at + 1, to] - values[at - 1, to] if 0 < at < height - 1 else np.zeros(3)
    channel = np.argmax(dx**2 + dy**2)
    length = np.hypot(dx[channel], dy[channel])
    angle = np.degrees(np.arctan2(dy[channel], dx[channel])) % 180
    distance = (y + 0.5 - cell) ** 2 + (x + 0.5 - cell) ** 2
    length *= np.exp(-distance / (2 * cell**2))
    for row in (0, 1):
        for column in (0, 1):
            near_y = max(0, 1 - abs((y + 0.5) / cell - 0.5 - row))
            near_x = max(0, 1 - abs((x + 0.5) / cell - 0.5 - column))
            for k in range(9):
                off = abs(angle - (10 + 20 * k))
                near = max(0, 1 - min(off, 180 - off) / 20)
                block[row, column, k] += length * near_y * near_x * near


def test_an_edge_votes_for_its_direction_whichever_side_is_lighter():
    ramp = np.repeat(np.arange(0, 256, 8, dtype=np.uint8)[None, :, None], 32, axis=0)
    ramp = np.repeat(ramp, 3, axis=2)
    lighter = hog(ramp[None]).reshape(-1, 9)
    darker = hog(ramp[None, :, ::-1]).reshape(-1, 9)
    assert (lighter[:, [0, 8]] > 0.2).all()
    np.testing.assert_allclose(lighter[:, 1:8], 0, atol=1e-6)
    np.testing.assert_allclose(darker[:, 1:8], 0, atol=1e-6)
    upright = hog(ramp.transpose(1, 0, 2)[None]).reshape(-1, 9)
    assert (upright[:, 4] > 0.2).all()
    np.testing.assert_allclose(upright[:, [0, 1, 2, 6, 7, 8]], 0, atol=1e-6)


def test_a_plain_surface_has_no_edges():
    assert not hog(np.full((1, 16, 16, 3), 99, dtype=np.uint8)).any()


def test_the_colour_histogram_counts_colours():
    batch = np.zeros((2, 2, 2, 3), dtype=np.uint8)
    batch[1, 0] = (255, 0, 64)  # half the pixels
    found = colour_histogram(batch)
    assert found[0, 0] == 1
    np.testing.assert_allclose(found[1, [0, 3 * 16 + 1]], np.sqrt(0.5))
    np.testing.assert_allclose((found**2).sum(axis=1), 1, rtol=1e-6)


# Principal components --------------------------------------------------------------------


def table(rows=300, width=20, seed=0):
    rng = np.random.default_rng(seed)
    spread = np.linspace(3, 0.1, width)
    mixed = rng.standard_normal((rows, width)) * spread @ rng.standard_normal((width, width))
    return (mixed + 7).astype(np.float32)


def test_pca_agrees_with_scikit_learn_whatever_the_chunks():
    from sklearn.decomposition import PCA

    rows = table()
    theirs = PCA(n_components=5).fit(rows)
    for size in (1, 7, 64, 300):
        ours = Pca(Pixels(), components=5)
        ours.fit_rows(rows[start : start + size] for start in range(0, 300, size))
        np.testing.assert_allclose(ours.shares, theirs.explained_variance_ratio_, rtol=1e-3)
        expected = theirs.transform(rows)
        found = ours.transform(rows)
        sign = np.sign((expected * found).sum(axis=0))
        np.testing.assert_allclose(found * sign, expected, atol=2e-2)


def test_pca_keeps_as_few_components_as_the_share_needs():
    rows = table()
    whole = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) ** 2
    shares = whole.cumsum() / whole.sum()
    for share in (0.5, 0.9, 0.99):
        pca = Pca(Pixels(), share=share).fit_rows([rows])
        assert pca.dimensions == int((shares < share).sum()) + 1
        assert share <= pca.kept == pytest.approx(shares[pca.dimensions - 1], rel=1e-5)


def test_pca_of_more_dimensions_than_images_keeps_them_apart():
    rows = table(rows=6, width=50)
    pca = Pca(Pixels(), share=1.0).fit_rows([rows[:2], rows[2:]])
    assert pca.dimensions == 5
    gaps = np.linalg.norm(rows[:, None] - rows, axis=2)
    found = pca.transform(rows)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), gaps, rtol=1e-3)


def test_pca_of_copies_is_one_component_of_nothing():
    pca = Pca(Pixels()).fit_rows([np.ones((5, 3))])
    np.testing.assert_array_equal(pca.transform(np.ones((2, 3))), np.zeros((2, 1)))
    assert pca.kept == 0


def test_the_running_total_is_exact_although_axes_are_dropped():
    rows = table(rows=200, width=40)
    axes = RunningAxes(3)
    for start in range(0, 200, 20):
        axes.add(rows[start : start + 20])
    assert axes.total == pytest.approx(((rows - rows.mean(axis=0)) ** 2).sum(), rel=1e-5)
    assert len(axes.directions) == 3
    np.testing.assert_allclose(axes.directions @ axes.directions.T, np.eye(3), atol=1e-8)


@pytest.mark.parametrize(
    "build", [lambda: Pca(Pixels(), components=2), lambda: Hashed(Pixels(), 8)]
)
def test_vectors_that_are_no_finite_table_are_refused(build):
    rows = table()
    for bad in (np.full((3, 20), np.nan), np.full((3, 20), np.inf), np.ones(3), np.ones((3, 19))):
        with pytest.raises(ValueError, match="vectors must"):
            build().fit_rows([rows, bad])
        with pytest.raises(ValueError, match="vectors must"):
            build().fit_rows([rows]).transform(bad)


# Codes -----------------------------------------------------------------------------------


def test_random_planes_measure_the_angle():
    rng = np.random.default_rng(0)
    pair = rng.standard_normal((2, 30))
    pair[1] += pair[0]
    rows = np.concatenate([pair, -pair])  # the mean is 0
    codes = Hashed(Pixels(), 4096, "hash").fit_rows([rows]).codes(rows)
    angle = np.arccos(pair[0] @ pair[1] / np.prod(np.linalg.norm(pair, axis=1)))
    differing = hamming.distances(codes, codes[0])[1] / 4096
    assert differing == pytest.approx(angle / np.pi, abs=0.03)


def test_each_turn_loses_less_by_rounding():
    rng = np.random.default_rng(0)
    projected = rng.standard_normal((500, 8)) * np.linspace(3, 0.5, 8)
    turn = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    losses = [rounding_loss(projected, turn)]
    for _ in range(20):
        turn = better_turn(projected, turn)
        losses.append(rounding_loss(projected, turn))
    assert all(after <= before + 1e-9 for before, after in pairwise(losses))
    assert losses[-1] < 0.95 * losses[0]
    np.testing.assert_allclose(turn @ turn.T, np.eye(8), atol=1e-9)


def test_learned_codes_find_neighbours_better_than_drawn_ones():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((1000, 64)) @ rng.standard_normal((64, 64)) ** 3
    gaps = np.linalg.norm(rows[:50, None] - rows, axis=2)
    true = np.argsort(gaps, axis=1)[:, :20]

    def recall(method):
        codes = Hashed(Pixels(), 32, method).fit_rows([rows]).codes(rows)
        found, _ = hamming.nearest(codes, codes[:50], 20)
        return np.mean([len(set(a) & set(b)) for a, b in zip(found, true, strict=True)]) / 20

    assert recall("itq") > recall("hash") > 0.1


def test_more_bits_than_the_images_differ_in_are_refused():
    with pytest.raises(ValueError, match="differ in 3"):
        Hashed(Pixels(), 8).fit_rows([table(rows=4)])


def test_codes_and_vectors_say_the_same():
    rows = table()
    hashed = Hashed(Pixels(), 16).fit_rows([rows])
    codes = hashed.codes(rows)
    assert codes.shape == (300, 2)
    np.testing.assert_array_equal(np.unpackbits(codes, axis=1) * 2.0 - 1, hashed.transform(rows))


@pytest.mark.parametrize("width", [1, 3, 8, 16])
def test_the_nearest_codes_are_those_of_a_full_sort(monkeypatch, width):
    monkeypatch.setattr(hamming, "BLOCK", 7)
    rng = np.random.default_rng(width)
    codes = rng.integers(0, 255, (100, width), dtype=np.uint8)
    queries = codes[:5]
    bits = np.unpackbits(codes, axis=1)
    differing = (bits[:5, None] != bits).sum(axis=2)
    expected = np.argsort(differing, axis=1, kind="stable")[:, :12]
    found, distance = hamming.nearest(codes, queries, 12)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(distance, np.take_along_axis(differing, expected, axis=1))


def test_hamming_search_at_the_edges():
    codes = np.zeros((3, 8), dtype=np.uint8)
    assert hamming.nearest(codes, codes, 9)[0].tolist() == [[0, 1, 2]] * 3
    assert hamming.nearest(codes, codes, 0)[0].shape == (3, 0)
    assert hamming.nearest(codes[:0], codes, 4)[0].shape == (3, 0)
    assert hamming.nearest(codes, codes[:0], 2)[0].shape == (0, 2)
    for bad in (codes.astype(float), codes[:, :4], codes[0]):
        with pytest.raises(ValueError, match="codes"):
            hamming.nearest(codes, bad, 1)


# Samples ---------------------------------------------------------------------------------


def test_each_row_of_a_stream_has_the_same_chance():
    rows = np.arange(40)
    counted = np.zeros(40)
    for seed in range(2000):
        found = sampled((rows[start : start + 7] for start in range(0, 40, 7)), 10, seed)
        assert len(set(found.tolist())) == 10
        counted[found] += 1
    assert np.abs(counted / 2000 - 0.25).max() < 0.05


def test_a_short_stream_comes_whole():
    assert sampled([np.arange(3), np.arange(3, 5)], 10, 0).tolist() == [0, 1, 2, 3, 4]
    assert sampled([], 10, 0) is None


# Autoencoder -----------------------------------------------------------------------------


def discs(count):
    """Pictures that differ in three numbers: where a disc lies and how bright it is."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:32, 0:32]
    pictures = []
    for _ in range(count):
        row, column = rng.uniform(8, 24, 2)
        disc = (x - column) ** 2 + (y - row) ** 2 < 36
        grey = (disc * rng.uniform(100, 255)).astype(np.uint8)
        pictures.append(Image.fromarray(grey).convert("RGB"))
    return pictures


@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("grey", [False, True])
def test_an_autoencoder_draws_its_pictures_again(variational, grey):
    pool = discs(200)
    net = Autoencoder(side=32, dimensions=20, grey=grey, variational=variational, width=8)
    net.fit(pool)
    batch = np.stack([net.preprocess(image) for image in pool[:50]])
    drawn = net.decode(net.embed_batch(batch))
    assert drawn.shape == batch.shape
    assert drawn.dtype == np.uint8
    error = ((drawn.astype(float) - batch) ** 2).mean()
    assert error < 0.5 * ((batch - batch.mean(axis=0)) ** 2).mean()
    assert 1 <= net.best_epoch <= net.epochs


def test_learning_ends_when_the_held_out_tenth_gets_no_better():
    noise = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), dtype=np.uint8)
    told = []
    net = Autoencoder(side=16, width=4, epochs=200, patience=3)
    net.fit([Image.fromarray(picture) for picture in noise], report=told.append)
    passes = [step for step in told if step.stage == "learning"]
    assert len(passes) < 200
    assert len(passes) == net.best_epoch + 3
    losses = [step.losses["held_out"] for step in passes]
    assert min(losses) >= losses[net.best_epoch - 1] * 0.999


def test_a_variational_code_costs_its_divergence_from_a_normal_distribution():
    import torch
    from torch.distributions import Normal, kl_divergence

    from ml.features.autoencoder_network import NOISE, Network

    torch.manual_seed(0)
    network = Network(16, 3, 5, 4, variational=True)
    x = torch.rand(6, 3, 16, 16)
    with torch.inference_mode():
        mean, spread = network.encoder(x).chunk(2, dim=1)
        error = ((network.decode(mean) - x) ** 2).mean()
        code = Normal(mean, (0.5 * spread).exp())
        price = kl_divergence(code, Normal(0.0, 1.0)).sum(dim=1).mean()
        expected = error + price * 2 * NOISE**2 / (3 * 16 * 16)
        assert network.loss(x, None).item() == pytest.approx(expected.item(), rel=1e-5)
    assert price > 1e-3
