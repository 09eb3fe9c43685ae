"""Segments of one file are read together, in order, by several threads."""

import io
import threading

import numpy as np
import pytest

from skaudeep.audio import read_audio
from skaudeep.exceptions import AudioError
from skaudeep.spectrogram._reading import plan
from skaudeep.spectrogram.inputs import FileObject, FileSource, WaveformSource

RATE = 8000


def test_plan_keeps_the_order_of_files_and_sorts_segments():
    sources = [
        FileSource("b", 2.0),
        FileSource("a"),
        WaveformSource("waveform 2", np.zeros((1, 3))),
        FileSource("b", None, 1.0),
        WaveformSource("waveform 4", np.zeros((1, 3))),
        FileSource("b", 0.5),
        FileSource("a", 1.0),
    ]
    readers, order = plan(sources, range(7), 0)
    assert order == [3, 5, 0, 1, 6, 2, 4]
    assert [readers.index(reader) for reader in readers] == [0, 0, 0, 3, 3, 5, 6]
    assert plan(sources, [0, 6], 0)[1] == [0, 6]


def test_objects_are_told_apart_by_identity():
    one, other = io.BytesIO(b"1"), io.BytesIO(b"1")
    sources = [FileSource(FileObject(file, row), float(-row)) for row, file in enumerate([one, other, one])]
    assert plan(sources, range(3), 0)[1] == [2, 0, 1]
    assert sources[0].name == "<BytesIO> (row 0) (0 s to its end)"


@pytest.mark.parametrize("name", ["a.flac", "a.wav"])
def test_each_source_is_taken_once(make_recording, name):
    path = make_recording(name, 4)
    start = np.random.default_rng(0).permutation(np.arange(0, 3.5, 0.05))
    sources = [FileSource(path, begin, begin + 0.5) for begin in start]
    readers, _ = plan(sources, range(len(sources)), 0)
    found, lock = {}, threading.Lock()

    def work():
        for reader in readers[: len(readers) // 2]:
            row, source, (samples, rate) = reader.take()
            assert source is sources[row] and rate == RATE
            with lock:
                found[row] = samples

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(len(sources)))
    for row, samples in found.items():
        expected, _ = read_audio(path, start=start[row], end=start[row] + 0.5)
        np.testing.assert_array_equal(samples, expected)


def test_errors_are_those_of_the_segments(make_recording):
    path = make_recording("a.flac", 10)
    with open(path, "r+b") as file:
        file.seek(90_000)  # in the middle
        file.write(bytes(2000))
    segments = [(0, 1), (4, 9), (4, 4.2), (4.1, 4.3), (7, 8), (12, 13), (9, 10), (2, 2)]
    sources = [FileSource(path, start, end) for start, end in segments]
    readers, _ = plan(sources, range(len(sources)), 0)
    n_errors = 0
    for _, source, found in (reader.take() for reader in readers):
        try:
            expected = source.read()
        except AudioError as error:
            n_errors += 1
            assert isinstance(found, AudioError)
            assert str(found).split(",")[0] == str(error).split(",")[0]
        else:
            np.testing.assert_array_equal(found[0], expected[0])
    assert n_errors == 5


def test_a_missing_file_is_the_error_of_each_segment():
    readers, order = plan([FileSource("missing.flac", start) for start in range(3)], range(3), 0)
    taken = [reader.take() for reader in readers]
    assert [row for row, _, _ in taken] == order
    assert {type(found) for _, _, found in taken} == {FileNotFoundError}
