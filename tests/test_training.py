"""Splits, batches and the state of training (the loop itself: tests/embedding/test_base.py)."""

import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skaudeep._archives import write_members
from skaudeep._sequences import Sequences
from skaudeep._training import (
    Schedule,
    TrainingState,
    load_arrays,
    save_arrays,
    shuffled_batches,
    split_rows,
    unchanged_by_failure,
)


@given(st.integers(1, 200), st.integers(1, 70), st.integers(0, 2**31 - 1), st.integers(0, 5))
def test_batches_hold_every_row_once(n_rows, batch_size, seed, epoch):
    rows = np.arange(100, 100 + n_rows)
    batches = shuffled_batches(rows, batch_size, seed, epoch)
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), rows)
    assert all(len(batch) == batch_size for batch in batches[:-1]) and 0 < len(batches[-1]) <= batch_size
    for batch, same in zip(batches, shuffled_batches(rows, batch_size, seed, epoch), strict=True):
        np.testing.assert_array_equal(batch, same)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=200),
    st.integers(1, 70),
    st.integers(0, 2**31 - 1),
    st.integers(0, 5),
)
def test_batches_of_similar_length_hold_every_row_once(lengths, batch_size, seed, epoch):
    rows = np.arange(len(lengths))[::2]
    batches = shuffled_batches(rows, batch_size, seed, epoch, np.array(lengths))
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), rows)
    assert len(batches) == 1 or sorted(map(len, batches))[1:] == [batch_size] * (len(batches) - 1)


@pytest.mark.parametrize("n_rows", [300, 640, 3000])
def test_little_of_a_batch_is_padding(n_rows):
    """Less than 15 % for lengths spread 1:4, where batches by chance alone have more than a third."""
    lengths = np.random.default_rng(0).integers(50, 201, n_rows)

    def waste(batches):
        return 1 - lengths.sum() / sum(len(batch) * lengths[batch].max() for batch in batches)

    rows = np.arange(n_rows)
    assert waste(shuffled_batches(rows, 32, 0, 0)) > 1 / 3
    for epoch in range(3):
        assert waste(shuffled_batches(rows, 32, 0, epoch, lengths)) < 0.15
    assert waste(Sequences(None, lengths, 1, ragged=True).batches(32)) < 0.15
    first, second = (shuffled_batches(rows, 32, 0, epoch, lengths) for epoch in (0, 1))
    assert not {tuple(np.sort(batch)) for batch in first} & {tuple(np.sort(batch)) for batch in second}


def test_epochs_and_seeds_shuffle_differently():
    orders = [np.concatenate(shuffled_batches(np.arange(50), 7, *key)).tolist() for key in ((0, 0), (0, 1), (1, 0))]
    assert orders[0] != orders[1] and orders[0] != orders[2]


def rates(schedule, n_steps=10):
    """Learning rates of all steps, `n_steps` an epoch."""
    epochs = range(schedule.first_epoch, schedule.max_epochs)
    return np.array([schedule.learning_rate_at(epoch, i / n_steps) for epoch in epochs for i in range(n_steps)])


def test_learning_rates():
    done = np.arange(40) / 40
    constant, cosine, cycle = (
        rates(Schedule(5, 0.1, learning_rate_schedule=name, first_epoch=1))
        for name in ("constant", "cosine", "one-cycle")
    )
    np.testing.assert_array_equal(constant, 0.1)
    np.testing.assert_allclose(cosine, 0.05 * (1 + np.cos(np.pi * done)))
    assert cycle[0] == pytest.approx(0.1 / 25) and cycle[12] == 0.1 == cycle.max() and cycle[-1] < 0.001
    assert (np.diff(cycle[:13]) > 0).all() and (np.diff(cycle[12:]) < 0).all()
    np.testing.assert_allclose(cycle[:13], 0.004 + 0.096 * (1 - np.cos(np.pi * done[:13] / 0.3)) / 2)


def stopping(fraction, early_stopping=True):
    return SimpleNamespace(early_stopping=early_stopping, validation_fraction=fraction)


@given(st.integers(2, 300), st.floats(0.01, 0.5), st.integers(0, 99))
def test_splits_part_the_rows(n_samples, fraction, seed):
    training, validation = split_rows(stopping(fraction), n_samples, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([training, validation])), np.arange(n_samples))
    assert len(validation) == max(1, round(fraction * n_samples))


def test_splits_are_stratified_where_they_can_be():
    y = np.repeat([0, 1], [80, 20])
    _, validation = split_rows(stopping(0.25), 100, 0, y)
    assert np.bincount(y[validation]).tolist() == [20, 5]
    _, validation = split_rows(stopping(0.25), 4, 0, np.array([0, 0, 0, 1]))
    assert len(validation) == 1


def test_no_split_without_early_stopping():
    training, validation = split_rows(stopping(0.5, early_stopping=False), 5, 0)
    np.testing.assert_array_equal(training, np.arange(5))
    assert validation is None


def test_a_split_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="validation_fraction=0.9 leaves none of the n_samples=2"):
        split_rows(stopping(0.9), 2, 0)


def test_a_state_survives_its_file(tmp_path):
    state = TrainingState(
        weights={"a.b": np.arange(3, dtype=np.float32)},
        seed=5,
        optimizer={"iteration": np.int64(7)},
        n_epochs=2,
        n_steps=14,
        history={"loss": [0.1, 1 / 3]},
    )
    state.save(tmp_path / "state.npz")
    loaded = TrainingState.load(tmp_path / "state.npz")
    assert loaded.history == state.history and loaded.best_weights is None
    assert (loaded.seed, loaded.n_epochs, loaded.n_steps, loaded.n_stalled) == (5, 2, 14, 0)
    np.testing.assert_array_equal(loaded.weights["a.b"], state.weights["a.b"])
    assert loaded.optimizer["iteration"] == 7


# --- files ---


def make_state():
    random = np.random.default_rng(0)
    weights, best, optimizer = (
        {f"layer/{i}/kernel": random.standard_normal((2, 3)).astype(np.float32) for i in range(2)} for _ in range(3)
    )
    return TrainingState(weights, 7, optimizer, 2, 9, {"loss": [0.2, 0.1]}, best, 0.1, 1)


def everything(state):
    """All that a state holds, to compare."""
    arrays = [(name, array.dtype.str, array.shape, array.tobytes()) for name, array in state.to_arrays().items()]
    return arrays, [getattr(state, name) for name in TrainingState._NUMBERS]


@pytest.mark.parametrize(("with_checksums", "n_flips"), [(True, 1500), (False, 500)])
def test_a_damaged_state_is_an_error_or_the_same(with_checksums, n_flips, tmp_path):
    """No flipped byte, wherever, leads to other weights, and no cut or exchange does; older files are read too."""
    state, path = make_state(), tmp_path / "state.npz"
    state.save(path)
    if not with_checksums:
        numbers = {name: getattr(state, name) for name in TrainingState._NUMBERS}
        np.savez(path, header=np.array(json.dumps(numbers)), **state.to_arrays())
    expected, whole = everything(state), path.read_bytes()
    assert everything(TrainingState.load(path)) == expected
    random = np.random.default_rng(0)
    directory = whole.index(b"PK\1\2")
    # half of them in the directory, where a flip may hide a member
    places = [*random.integers(0, directory, n_flips // 2), *random.integers(directory, len(whole), n_flips // 2)]
    for place, bits in zip(places, random.integers(1, 256, len(places)), strict=True):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ int(bits)]) + whole[place + 1 :])
        try:
            found = TrainingState.load(path)
        except ValueError as error:
            assert "state.npz' is not a file that skaudeep wrote, or it is damaged" in str(error)
        else:
            assert everything(found) == expected, place
    for size in random.integers(0, len(whole), 50):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"state\.npz' is not a file that skaudeep wrote"):
            TrainingState.load(path)


def test_members_of_a_state_cannot_be_exchanged(tmp_path):
    path = tmp_path / "state.npz"
    make_state().save(path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    one, other = (f"{group}/layer/0/kernel.npy" for group in ("weights", "best_weights"))
    fewer = {name: content for name, content in members.items() if name != other}
    for wrong in (members | {one: members[other], other: members[one]}, fewer):
        write_members(path, wrong.items())
        with pytest.raises(ValueError, match=r"state\.npz' is .*damaged \(its members are not those"):
            TrainingState.load(path)


@pytest.mark.parametrize("arrays", [{"weights/a": np.zeros(2)}, {"other/a": np.zeros(2)}])
def test_arrays_of_something_else_are_no_state(arrays, tmp_path):
    save_arrays(tmp_path / "file.npz", {"n_epochs": 1}, arrays)
    with pytest.raises(ValueError, match=r"file\.npz' holds arrays that are not the state of a training"):
        TrainingState.load(tmp_path / "file.npz")


class Fitted:
    """Learns what it is told to, or fails."""

    learned_ = None

    @unchanged_by_failure("learned_")
    def fit(self, *, learned=None, error=None):
        self.n_features_in_ = 3
        if learned:
            self.learned_ = learned
        if error:
            raise error
        return self


def test_a_failed_fit_changes_nothing_before_anything_is_learned():
    estimator = Fitted()
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(error=KeyboardInterrupt())
    assert vars(estimator) == {}
    estimator.fit(learned="one epoch")
    with pytest.raises(ValueError, match="later"):
        estimator.fit(learned="another epoch", error=ValueError("later"))
    assert vars(estimator) == {"n_features_in_": 3, "learned_": "another epoch"}


class TestFiles:
    def test_round_trip(self, tmp_path):
        arrays = {"a/b.c": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(3)}
        save_arrays(tmp_path / "file.npz", {"x": [1, 0.1, None]}, arrays)
        header, loaded = load_arrays(tmp_path / "file.npz")
        assert header == {"x": [1, 0.1, None]} and loaded.keys() == arrays.keys()
        for name in arrays:
            np.testing.assert_array_equal(loaded[name], arrays[name])
            assert loaded[name].dtype == arrays[name].dtype

    def test_objects_are_not_loaded(self, tmp_path):
        np.savez(tmp_path / "file.npz", header=np.array("{}"), a=np.array([{}], object))
        with pytest.raises(ValueError, match=r"file\.npz.*not a file that skaudeep wrote"):
            load_arrays(tmp_path / "file.npz")

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere.*does not exist; create it"):
            save_arrays(tmp_path / "nowhere" / "file.npz", {}, {})
