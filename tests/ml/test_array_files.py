import pickle

import numpy as np
import pytest

from ml import arrays

ROWS = np.random.default_rng(0).standard_normal((10, 6)).astype(np.float16)


class Canary:
    """Leaves a trace when unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_shard_comes_back_as_it_went(tmp_path):
    path = tmp_path / "deep" / "0.npy"
    digest = arrays.write_shard(path, ROWS)
    shard = arrays.read_shard(path, rows=10, dimensions=6)
    np.testing.assert_array_equal(shard, ROWS)
    assert digest == arrays.sha256(path)
    assert not shard.flags.writeable
    assert [entry.name for entry in path.parent.iterdir()] == ["0.npy"]


def test_rows_without_an_embedding_are_nan(tmp_path):
    rows = ROWS.copy()
    rows[3] = np.nan
    arrays.write_shard(tmp_path / "0.npy", rows)
    present = arrays.present(arrays.read_shard(tmp_path / "0.npy"))
    assert present.tolist() == [i != 3 for i in range(10)]


@pytest.mark.parametrize(
    "bad", [np.ones(4), np.ones((4097, 1)), np.full((2, 2), 1e6), np.full((2, 2), np.inf)]
)
def test_what_is_no_shard_is_not_written(tmp_path, bad):
    with pytest.raises(ValueError):
        arrays.write_shard(tmp_path / "0.npy", bad)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "0.npy"
    arrays.write_shard(path, ROWS)

    def full_disk(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        arrays.write_shard(path, ROWS * 2)
    np.testing.assert_array_equal(arrays.read_shard(path), ROWS)
    assert len(list(tmp_path.iterdir())) == 1


def damage(path, how):
    whole = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "cut in the header": whole[:50],
            "cut in the data": whole[:-7],
            "swollen": whole + b"more",
            "not an array": b"hello" * 40,
            "wrong header": whole.replace(b"(10, 6)", b"(99, 6)"),
        }[how]
    )


@pytest.mark.parametrize(
    "how",
    ["empty", "cut in the header", "cut in the data", "swollen", "not an array", "wrong header"],
)
def test_a_damaged_shard_says_so(tmp_path, how):
    path = tmp_path / "0.npy"
    arrays.write_shard(path, ROWS)
    damage(path, how)
    with pytest.raises(arrays.ArrayDamaged, match=r"0\.npy"):
        arrays.read_shard(path)


@pytest.mark.parametrize("array", [np.ones((2, 2)), np.ones(3, np.float16), np.ones((0,), "U3")])
def test_an_array_of_another_kind_is_no_shard(tmp_path, array):
    np.save(tmp_path / "0.npy", array)
    with pytest.raises(arrays.ArrayDamaged):
        arrays.read_shard(tmp_path / "0.npy")


@pytest.mark.parametrize("wanted", [{"rows": 9}, {"dimensions": 7}])
def test_a_shard_of_another_size_than_due_is_damaged(tmp_path, wanted):
    arrays.write_shard(tmp_path / "0.npy", ROWS)
    with pytest.raises(arrays.ArrayDamaged, match="are due"):
        arrays.read_shard(tmp_path / "0.npy", **wanted)


def test_no_pickle_is_ever_run(tmp_path):
    trace = tmp_path / "trace"
    objects = np.array([Canary(trace)], dtype=object)
    np.save(tmp_path / "0.npy", objects, allow_pickle=True)
    trace.unlink(missing_ok=True)
    with pytest.raises(arrays.ArrayDamaged):
        arrays.read_shard(tmp_path / "0.npy")
    np.savez(tmp_path / "a.npz", weights=objects)
    (tmp_path / "bare.npz").write_bytes(pickle.dumps(Canary(trace)))
    trace.unlink(missing_ok=True)
    for name in ("a.npz", "bare.npz"):
        with pytest.raises(arrays.ArrayDamaged):
            arrays.read_arrays(tmp_path / name)
    assert not trace.exists()


def test_named_arrays_come_back_and_are_checked(tmp_path):
    path = tmp_path / "a.npz"
    arrays.write_arrays(path, {"w": ROWS, "ids": np.arange(3)})
    found = arrays.read_arrays(path, {"w": 2, "ids": 1})
    np.testing.assert_array_equal(found["w"], ROWS)
    for expected in ({"w": 1}, {"missing": 2}):
        with pytest.raises(arrays.ArrayDamaged, match="lacks"):
            arrays.read_arrays(path, expected)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(arrays.ArrayDamaged):
        arrays.read_arrays(path)
    with pytest.raises(ValueError, match="not numbers"):
        arrays.write_arrays(path, {"w": np.array(["a"])})
    with pytest.raises(ValueError, match="cannot be called"):
        arrays.write_arrays(path, {"file": ROWS})


def test_a_missing_file_is_missing_not_damaged(tmp_path):
    with pytest.raises(FileNotFoundError):
        arrays.read_shard(tmp_path / "none.npy")
    with pytest.raises(FileNotFoundError):
        arrays.read_arrays(tmp_path / "none.npz")


def test_shard_count():
    assert [arrays.shard_count(n) for n in (0, 1, 4096, 4097)] == [0, 1, 1, 2]
