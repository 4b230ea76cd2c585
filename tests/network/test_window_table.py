import numpy as np
import pytest
import torch

from sklearn_lstmdg.network._window_table import (
    Cuts,
    LabelledWindows,
    WindowSet,
    split_horizon,
    ways_to_read,
)
from sklearn_lstmdg.scans._validation import check_sequences

from _scans import bags, numbered


@pytest.mark.parametrize("make", [bags, check_sequences])
def test_a_window_set_holds_each_window(make):
    sequences = make(numbered(9, 7, 8))
    windows = WindowSet.from_sequences(sequences)
    expected = [w for row in range(3) for w in sequences.windows(row)]
    assert len(windows) == len(expected) == sequences.n_windows.sum()
    for i, window in enumerate(expected):
        start = windows.first[i]
        np.testing.assert_array_equal(windows.points[start : start + windows.lengths[i]], window)
    assert windows.rows.tolist() == np.repeat(range(3), sequences.n_windows).tolist()


def test_overlapping_windows_are_not_laid_out():
    sequences = bags(numbered(100, 100), length=30, step=1)
    assert len(WindowSet.from_sequences(sequences).points) == 200


def test_chunks_hold_one_length_and_one_bag():
    windows = WindowSet.from_sequences(bags(numbered(9, 9, 15)))
    chunks = list(windows.chunks(4))
    assert np.concatenate(chunks).tolist() == list(range(len(windows)))
    assert all(len(np.unique(windows.rows[chunk])) == 1 for chunk in chunks)
    ragged = WindowSet.from_sequences(check_sequences(numbered(6, 6, 6, 5, 6)))
    assert [chunk.tolist() for chunk in ragged.chunks(2)] == [[0, 1], [2], [3], [4]]


def test_windows_in_any_order_are_found_among_the_points_around_them():
    windows = WindowSet.from_sequences(bags(numbered(9, 12)))
    for chunk in (*windows.chunks(3), [4, 1, 3]):
        cuts = Cuts(torch.tensor(windows.first[chunk]), torch.tensor(windows.lengths[chunk]))
        points, there = windows.around(cuts)
        assert len(points) == there.start.max() + 5 and there.start.min() == 0
        for start, first in zip(there.start, cuts.start, strict=True):
            torch.testing.assert_close(points[start : start + 5], windows.points[first : first + 5])


@pytest.mark.parametrize("horizon", [0, 1, 3])
def test_horizon_is_split_from_what_is_read(horizon):
    scans = numbered(9, 6, 2, 1)
    windows = WindowSet.from_sequences(check_sequences(scans))
    first, lengths = torch.tensor(windows.first), torch.tensor(windows.lengths)
    read, n_read, target = split_horizon(windows.points, Cuts(first, lengths), horizon)
    assert n_read.tolist() == [max(n - horizon, 1) for n in (9, 6, 2, 1)]
    for i, scan in enumerate(scans):
        n = int(n_read[i])
        np.testing.assert_array_equal(read[:n, i], scan[:n])
        if horizon:
            rest = scan[n:]
            np.testing.assert_array_equal(target[: len(rest), i], rest)
            assert target[len(rest) :, i].isnan().all()
    assert (target is None) == (horizon == 0)


@pytest.mark.parametrize("horizon", [1, 3])
def test_at_all_points_the_target_is_the_next_point_then_the_rest_of_the_horizon(horizon):
    scans = numbered(9, 6, 2, 1)
    windows = WindowSet.from_sequences(check_sequences(scans))
    cuts = Cuts(torch.tensor(windows.first), torch.tensor(windows.lengths))
    read, n_read, target = split_horizon(windows.points, cuts, horizon, "all")
    longest = len(read)
    assert target.shape == (longest + horizon - 1, 4, scans[0].shape[1])
    for i, scan in enumerate(scans):
        n = int(n_read[i])
        following, rest = scan[1 : n + 1], scan[n + 1 :]
        np.testing.assert_array_equal(target[: len(following), i], following)
        np.testing.assert_array_equal(target[longest : longest + len(rest), i], rest)
        given = (~target[:, i, 0].isnan()).sum()
        assert given == len(following) + len(rest) == len(scan) - 1


def test_an_augmented_window_is_turned_whole_with_its_target():
    windows = WindowSet.from_sequences(check_sequences(numbered(9, 9, 9)))
    first, lengths = torch.tensor(windows.first), torch.tensor(windows.lengths)
    cuts = Cuts(first + torch.tensor([0, 8, 8]), lengths, torch.tensor([1, -1, -1]))
    cuts = cuts._replace(sign=torch.tensor([-1, 1, -1]))
    read, n_read, target = split_horizon(windows.points, cuts, 1)
    assert n_read is None
    scans = [windows.points[f : f + 9] for f in first]
    for i, expected in enumerate([-scans[0], scans[1].flip(0), -scans[2].flip(0)]):
        torch.testing.assert_close(torch.cat([read[:, i], target[:, i]]), expected)


def test_each_version_of_a_window_is_drawn_as_often():
    cuts = Cuts(torch.arange(4000), torch.full((4000,), 5))
    generator = torch.Generator().manual_seed(0)
    drawn = cuts.augmented(("sign", "reverse"), generator)
    versions = 2 * (drawn.sign < 0) + (drawn.direction < 0)
    counts = np.bincount(versions.numpy())
    assert np.all(np.abs(counts - 1000) < 4 * np.sqrt(750))
    turned = drawn.direction < 0
    torch.testing.assert_close(drawn.start, cuts.start + 4 * turned)
    assert cuts.augmented(("sign",), generator).direction is None
    assert cuts.augmented((), generator) is cuts


def test_windows_are_padded_to_less_than_twice_their_length():
    scans = numbered(3, 90, 4, 100, 31)
    rows = check_sequences(scans)
    known = np.zeros(5, dtype=int), np.arange(5), np.ones(5)
    windows = LabelledWindows(rows, *known)
    (batch,) = windows.batches(5)
    parts = batch.parts(1, "last")
    assert sorted(len(part.labels) for part in parts) == [1, 1, 1, 2]
    for part in parts:
        if part.n_read is not None:
            assert len(part.points) < 2 * part.n_read.min() + 2


def labelled(horizon=1, size=4):
    scans = numbered(9, 9, 9, 9)
    windows = LabelledWindows(
        bags(scans[:3]),
        np.array([0, 1, 1]),
        np.arange(3),
        np.array([1.0, 3.0, 3.0]),
        bags(scans[3:]),
    )
    return windows, [batch.parts(horizon, "last")[0] for batch in windows.batches(size)]


def test_batches_hold_every_window_once_with_its_label_and_target():
    torch.manual_seed(0)
    windows, batches = labelled()
    assert [len(batch[3]) for batch in batches] == [4, 4, 4]
    seen = []
    for points, n_read, target, labels, _ in batches:
        assert n_read is None
        for i, label in enumerate(labels.tolist()):
            row, start = divmod(float(points[0, i, 0]), 1000)
            # What is laid out one after the other keeps its order: row 0 of the rest is row 3.
            seen.append((row, start))
            assert label == (0, 1, 1, -1)[int(row)] or (row == 0 and label == -1)
            torch.testing.assert_close(target[0, i], points[-1, i] + 10)
    assert len(seen) == len(windows.windows) == 12
    assert seen != sorted(seen)


def test_an_epoch_may_draw_some_windows_only():
    torch.manual_seed(0)
    windows, everything = labelled()

    def draw(drawn):
        batches = windows.batches(4, drawn)
        return [
            (*point.tolist(), label.item())
            for b in batches
            for point, label in starts(b.parts(1, "last")[0])
        ]

    def starts(batch):
        return zip(batch[0][0], batch[3], strict=True)

    known = {(*point.tolist(), label.item()) for b in everything for point, label in starts(b)}
    sizes = {None: 12, 5: 5, 50: 12, 0.5: 6, 0.01: 1, np.float64(0.75): 9, np.int64(1): 1}
    for drawn, n_windows in sizes.items():
        seen = draw(drawn)
        assert len(seen) == len(set(seen)) == n_windows
        assert set(seen) <= known
    assert set(draw(5)) != set(draw(5))
    assert set().union(*(draw(5) for _ in range(20))) == known


def test_weights_have_mean_one_over_labelled_windows():
    windows, _ = labelled()
    known = windows.labels >= 0
    assert windows.weights[known].mean() == pytest.approx(1)
    assert windows.weights[windows.labels == 1][0] == 3 * windows.weights[windows.labels == 0][0]


def test_a_continuous_target_is_unknown_where_it_is_nan():
    sequences = check_sequences(numbered(6, 6, 6))
    targets = np.array([-1.0, 0.0, 3.0])
    told = LabelledWindows(sequences, targets, np.arange(3), np.ones(3), sequences)
    np.testing.assert_array_equal(told.labels, [-1, 0, 3, np.nan, np.nan, np.nan])
    assert told.weights.tolist() == [1, 1, 1, 0, 0, 0]
    (batch,) = told.batches(6, generator=torch.Generator().manual_seed(0))
    assert batch.labels.dtype == torch.float32
    assert batch.counts(1) == (3, 6)


def test_first_windows_of_rows_that_are_evenly_spread():
    windows = WindowSet.from_sequences(bags(numbered(9, 9, 5, 7, 7)))
    some = windows.some_rows(3, 2)
    assert some.rows.tolist() == [0, 0, 2, 4, 4] and some.is_bag
    starts = some.points[some.first, 0]
    assert starts.tolist() == [0, 20, 2000, 4000, 4020]
    assert some.lengths.tolist() == [5] * 5
    assert len(windows.some_rows(9, 9)) == len(windows)


def test_unlabelled_rows_are_nobodys():
    windows, _ = labelled()
    assert windows.subjects.tolist() == np.repeat([0, 1, 2, -1], 3).tolist()


def test_an_epochs_last_batch_may_be_smaller_and_no_epoch_draws_more_than_all():
    windows, _ = labelled()
    told = {(5, None): 3, (12, None): 1, (4, None): 3, (4, 50): 3, (4, 5): 2, (4, 0.65): 2}
    for (size, drawn), n in told.items():
        assert windows.n_batches(size, drawn) == n
        assert len(list(windows.batches(size, drawn))) == n
    assert sum(len(batch.labels) for batch in windows.batches(4, 0.65)) == 8  # of 7.8


def test_one_generator_decides_order_and_augmentation():
    windows, _ = labelled()

    def draw(seed, augment):
        generator = torch.Generator().manual_seed(seed)
        (batch,) = windows.batches(12, None, generator, augment)
        return batch.cuts

    before = torch.get_rng_state()
    first, again, other = (draw(seed, ("sign", "reverse")) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    for mine, same, different in zip(first, again, other, strict=True):
        assert torch.equal(mine, same)
        assert mine is first.lengths or not torch.equal(mine, different)
    turned = draw(0, ("reverse", "sign"))
    assert all(map(torch.equal, first, turned))


def test_a_window_of_one_point_has_a_target_only_where_nothing_is_generated():
    rows = check_sequences(numbered(6, 1, 6))
    windows = LabelledWindows(rows, np.array([0, 1, -1]), np.arange(3), np.ones(3))
    (batch,) = windows.batches(3)
    assert [batch.counts(horizon) for horizon in (0, 1)] == [(2, 3), (2, 2)]


def test_each_window_brings_the_weight_of_its_class():
    windows, batches = labelled()
    of_label = dict(zip(windows.labels.tolist(), windows.weights.tolist(), strict=True))
    assert len(set(of_label.values())) == 3
    for part in batches:
        expected = [of_label[label] for label in part.labels.tolist()]
        np.testing.assert_allclose(part.weights, expected, rtol=1e-6)


@pytest.mark.parametrize("augment", [(), ("sign",), ("reverse",), ("reverse", "sign")])
def test_windows_are_read_in_all_ways_that_training_draws(augment):
    points = torch.arange(24.0).reshape(4, 2, 3)
    expected = [points]
    if "reverse" in augment:
        expected = [points, points[[3, 2, 1, 0]]]
    if "sign" in augment:
        expected = [*expected, *(-way for way in expected)]
    ways = ways_to_read(points, augment)
    assert len(ways) == len(expected)
    assert all(map(torch.equal, ways, expected))
