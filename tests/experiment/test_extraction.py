"""Extraction of a corpus: numbers, failures, interruptions, and what several settings share."""

import contextlib
import io
import itertools
import os
import pathlib
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
import xarray as xr

from skaudeep import SpectrogramTransformer, audio
from skaudeep.datasets import load_folder, load_table, make_bunch, make_dataset
from skaudeep.exceptions import AudioError, DataSetError
from skaudeep.experiment import extraction
from skaudeep.experiment.extraction import extract_spectrograms, preview_spectrograms, setting_names
from skaudeep.io import NetCDFWriter, read_netcdf
from skaudeep.spectrogram import extract_branches

N = 6


@pytest.fixture
def sounds(make_recording, tmp_path):
    """A folder with recordings of two classes; the names of files count them."""
    for i in range(N):
        (tmp_path / "sounds" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        make_recording(f"sounds/{'ab'[i % 2]}/{i}.wav", 0.3, channels=2)
    return tmp_path / "sounds"


@pytest.fixture
def corpus(sounds):
    return load_folder(sounds)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spectrograms.nc"


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files that were decoded, in order."""
    names, read_audio = [], audio.read_audio

    def note(file, **segment):
        names.append(pathlib.Path(file).name)
        return read_audio(file, **segment)

    monkeypatch.setattr(audio, "read_audio", note)
    return names


@pytest.fixture
def tiny_batches(monkeypatch):
    """Every recording is on disk before the next one comes."""
    monkeypatch.setattr(extraction, "_BATCH_BYTES", 1)


def transformer(**parameters):
    return SpectrogramTransformer(**{"window_width": 0.04, "window_overlap": 0.02, "n_mels": 8} | parameters)


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


# --- names ---


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([{}], ["spectrograms"]),
        ([{"clip_below": -30, "channels": "left"}], ["spectrograms"]),
        ([{"clip_below": -30}, {"clip_below": -45.5}, {}], ["30dB", "45.5dB", "unclipped"]),
        ([{"channels": "mean"}, {"channels": "diff"}], ["mean", "diff"]),
        (
            [{"clip_below": -30}, {"clip_below": -30, "channels": "left"}, {"channels": "left"}],
            ["30dB-mean", "30dB-left", "unclipped-left"],
        ),
        ([{"clip_below": -30, "n_jobs": 2}, {"verbose": 1}], ["30dB", "unclipped"]),
    ],
)
def test_settings_are_named_after_what_they_differ_in(settings, expected):
    assert setting_names([SpectrogramTransformer(**setting) for setting in settings]) == expected


def test_settings_that_names_cannot_tell_apart():
    with pytest.raises(ValueError, match=r"the same \(clip_below=None, channels='mean'\)"):
        setting_names([transformer(), transformer(n_jobs=2)])
    with pytest.raises(ValueError, match=r"n_mels=8, 9: settings of one corpus may differ in clip_below"):
        setting_names([transformer(), transformer(n_mels=9)])


# --- numbers ---

SETTINGS = {
    "30dB.nc": {"clip_below": -30},
    "left.nc": {"channels": "left", "scale": None},
    "chunks.nc": {"chunk_length": 0.1, "chunk_count": 2},
    "slow.nc": {"sample_rate": 4000, "n_mels": None},
}


def settings_of(branch, corpus):
    return branch.fit(corpus.data).settings_


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_files_hold_what_transformers_give_and_each_recording_is_decoded_once(corpus, tmp_path, decoded, n_jobs):
    outputs = {tmp_path / name: transformer(**setting) for name, setting in SETTINGS.items()}
    failed = extract_spectrograms(corpus, outputs, n_jobs=n_jobs)
    assert failed.columns.tolist() == ["file", "reason"] and failed.empty
    assert sorted(decoded) == [f"{i}.wav" for i in range(N)]
    branches = extract_branches(list(outputs.values()), corpus.data)
    for (path, branch), expected in zip(outputs.items(), branches, strict=True):
        metadata = dict(corpus.metadata)
        if path.stem == "chunks":
            metadata = {
                name: values if values is None or name == "label_map" else np.repeat(values, 2)
                for name, values in metadata.items()
            }
            metadata["chunk_nr"] = [0, 1] * N
            expected = expected.reshape(-1, *expected.shape[2:])
        xr.testing.assert_identical(
            read_netcdf(path), make_dataset(expected, **metadata, spectrogram_settings=settings_of(branch, corpus))
        )
    assert names_in(tmp_path) == sorted([*SETTINGS, "sounds"])


def test_segments_in_any_order_and_in_objects(make_recording, tmp_path):
    flac = make_recording("a.flac", 2)
    start = np.array([1.5, 0.0, 0.7, 0.2, 1.0])
    with open(make_recording("b.mp3", 2), "rb") as file:
        held = io.BytesIO(file.read())
    recordings = [flac, held, flac, held, flac]
    data = pd.DataFrame({"file": recordings, "start": start, "end": start + 0.3})
    corpus = make_bunch(data, [f"{row}" for row in range(5)])
    for name in ("first.nc", "second.nc"):
        extract_spectrograms(corpus, {tmp_path / name: transformer()}, n_jobs=2)
        ds = read_netcdf(tmp_path / name)
        assert ds["filename"].values.tolist() == corpus.filenames.tolist()
        np.testing.assert_array_equal(ds["features"].values, transformer().fit_transform(data))


def test_objects_are_never_taken_for_what_was_extracted_before(make_recording, path, monkeypatch):
    def corpus_of(seconds):
        with open(make_recording("a.wav", seconds), "rb") as file:
            data = pd.DataFrame({"file": [io.BytesIO(file.read())] * 2, "start": [0.0, 0.1], "end": [0.2, 0.3]})
        return make_bunch(data, ["a", "b"])

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(NetCDFWriter, "complete", fail)
        extract_spectrograms(corpus_of(0.5), {path: transformer()})
    corpus = corpus_of(0.4)  # other noise
    extract_spectrograms(corpus, {path: transformer()})
    np.testing.assert_array_equal(read_netcdf(path)["features"].values, transformer().fit_transform(corpus.data))


def fail(writer):
    raise OSError("the disk is full")


def test_golden_file(shared, path):
    golden = read_netcdf(shared / "reference/datasets/esc20-mel128.nc")
    folder = shared / "data" / "ESC-10"
    names = golden["filename"].values
    corpus = make_bunch([next(folder.glob(f"*/{name}")) for name in names], names)
    settings = SpectrogramTransformer(fixed_length=5, center_fixed=True, clip_below=-60, pre_emphasis=0.95)
    extract_spectrograms(corpus, {path: settings}, n_jobs=2)
    ds = read_netcdf(path)
    assert ds["filename"].values.tolist() == names.tolist()
    assert ds["features"].dims == golden["features"].dims
    np.testing.assert_allclose(ds["features"], golden["features"], rtol=0, atol=1e-5)


def test_all_that_is_known_of_recordings_is_kept(corpus, path):
    known = {
        "folds": np.array([[0, 1], [1, 0]] * (N // 2), dtype=float),
        "partition": [0, 1, 2, 0, 1, np.nan],
        "groups": list("xxyyzz"),
    }
    full = make_bunch(
        corpus.data, corpus.filenames, target=[0, 2, -1] * 2, target_names=["dog", "never", "rain"], **known
    )
    extract_spectrograms(full, {path: transformer()})
    spectrograms = extract_branches([transformer()], corpus.data)[0]
    settings = settings_of(transformer(), corpus)
    expected = make_dataset(spectrograms, **full.metadata, spectrogram_settings=settings)
    xr.testing.assert_identical(read_netcdf(path), expected)
    assert '"never", 1' in expected.attrs["label_map"]


def test_recordings_without_labels(sounds, path):
    extract_spectrograms(load_folder(sounds, classes=False), {path: transformer()})
    ds = read_netcdf(path)
    assert "label_map" not in ds.attrs and np.isnan(ds["label_numeric"]).all()


def test_batches_do_not_show(corpus, path, tmp_path, monkeypatch):
    extract_spectrograms(corpus, {path: transformer()})
    for name, constant in (("bytes.nc", "_BATCH_BYTES"), ("seconds.nc", "_BATCH_SECONDS")):
        with monkeypatch.context() as patch:
            patch.setattr(extraction, constant, 0)
            extract_spectrograms(corpus, {tmp_path / name: transformer(verbose=1, on_error="warn")})
        assert (tmp_path / name).read_bytes() == path.read_bytes()


def test_segments_are_instances(sounds, path, tmp_path):
    table = tmp_path / "segments.csv"
    table.write_text(
        "path,label,start,end\nsounds/a/0.wav,x,0,0.1\nsounds/a/0.wav,y,0.15,0.25\nsounds/b/1.wav,x,0.1,0.2\n"
    )
    corpus = load_table(table)
    extract_spectrograms(corpus, {path: transformer()})
    ds = read_netcdf(path)
    names = ["sounds/a/0.wav#t=0,0.1", "sounds/a/0.wav#t=0.15,0.25", "sounds/b/1.wav#t=0.1,0.2"]
    assert ds["filename"].values.tolist() == names
    assert ds["label_nominal"].values.tolist() == ["x", "y", "x"]
    samples, rate = soundfile.read(sounds / "a" / "0.wav")
    (expected,) = transformer(sample_rate=rate).fit_transform([samples[1200:2000].T])
    np.testing.assert_allclose(ds["features"][1], expected, atol=1e-6)


# --- recordings that cannot be analysed ---


@pytest.fixture
def broken(corpus, bad_recordings):
    """A corpus with good recordings and others between them."""
    bad = [bad_recordings[what] for what in ("missing", "text", "no samples", "not finite")]
    files = [bad[0], *corpus.data[:2], *bad[1:3], *corpus.data[2:], bad[3]]
    return make_bunch(files, [f"{i:02}" for i in range(len(files))])


def test_all_are_tried_before_an_error_and_warnings_name_those_that_fail(broken, path, decoded, caplog):
    path.write_text("old")
    with pytest.raises(AudioError) as caught:
        extract_spectrograms(broken, {path: transformer()})
    message = str(caught.value)
    assert message.startswith(f"4 of 10 recordings cannot be analysed: {broken.data[0]}: there is no such file; check")
    assert ", and 3 more, each of which has a warning. Replace" in message
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    reasons = dict(record.getMessage().split(": ", 1) for record in caplog.records)
    assert [pathlib.Path(file).name for file in reasons] == ["missing.wav", "text.wav", "no_samples.wav", "nan.wav"]
    assert [re.split(r" \(|[;:]", reason)[0] for reason in reasons.values()] == [
        "there is no such file",
        "cannot be decoded",
        "holds no samples",
        "holds a sample that is not finite",
    ]
    assert "on_error='skip'" in message and "other 6 is kept" in message and f"{path}.part" in message
    assert len(decoded) == len(broken.data)
    assert path.read_text() == "old"


def test_mended_files_finish_what_is_there(broken, path, decoded, make_recording):
    with pytest.raises(AudioError):
        extract_spectrograms(broken, {path: transformer()})
    decoded.clear()
    for name in ("missing.wav", "text.wav", "no_samples.wav", "nan.wav"):
        make_recording(name, 0.3)
    assert extract_spectrograms(broken, {path: transformer()}).empty
    assert decoded == ["missing.wav", "text.wav", "no_samples.wav", "nan.wav"]
    ds = read_netcdf(path).sortby("filename")
    assert ds["filename"].values.tolist() == broken.filenames.tolist()
    np.testing.assert_array_equal(ds["features"], transformer().fit_transform(broken.data))


def test_skipping_finishes_what_is_there(broken, path, tmp_path, decoded):
    other = tmp_path / "other.nc"
    table = extract_spectrograms(broken, {other: transformer()}, on_error="skip", n_jobs=2)
    assert [pathlib.Path(file).name for file in table["file"]] == [
        "missing.wav",
        "text.wav",
        "no_samples.wav",
        "nan.wav",
    ]
    assert table["reason"][0].startswith("there is no such file")
    ds = read_netcdf(other)
    assert ds["filename"].values.tolist() == ["01", "02", "05", "06", "07", "08"]
    with pytest.raises(AudioError):
        extract_spectrograms(broken, {path: transformer()})
    decoded.clear()
    pd.testing.assert_frame_equal(extract_spectrograms(broken, {path: transformer()}, on_error="skip"), table)
    assert len(decoded) == 4
    assert path.read_bytes() == other.read_bytes()


def test_many_failures_are_all_named_and_the_error_is_one_line(corpus, tmp_path, path, caplog):
    missing = [tmp_path / f"missing{i:02}.wav" for i in range(13)]
    many = make_bunch([corpus.data[0], *missing], [str(i) for i in range(14)])
    with pytest.raises(AudioError, match=r"^13 of 14 .*missing00\.wav: there is no such .*, and 12 more") as caught:
        extract_spectrograms(many, {path: transformer()})
    assert "missing01" not in str(caught.value) and "\n" not in str(caught.value)
    named = [record.getMessage() for record in caplog.records]
    assert all(name.startswith(f"{file}: there is no") for name, file in zip(named, missing, strict=True))


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_nothing_can_be_analysed(bad_recordings, make_recording, path, on_error):
    short = make_recording("short.wav", 0.01)
    for files in ([bad_recordings["text"], bad_recordings["missing"]], [bad_recordings["no samples"], short]):
        corpus = make_bunch(files, ["a", "b"])
        with pytest.raises(AudioError, match=r"none of 2 recordings can be|cannot be decoded"):
            extract_spectrograms(corpus, {path: transformer()}, on_error=on_error)
    assert "spectrograms.nc" not in names_in(path.parent) and "spectrograms.nc.part" not in names_in(path.parent)


def test_what_fails_for_one_setting_is_left_out_of_all(corpus, make_recording, tmp_path):
    files = make_bunch([*corpus.data, make_recording("mono.wav", 0.3)], [*corpus.filenames, "mono"])
    outputs = {tmp_path / f"{name}.nc": transformer(channels=name) for name in ("mean", "right")}
    table = extract_spectrograms(files, outputs, on_error="skip")
    assert table["reason"].str.contains("needs two channels").tolist() == [True]
    for path in outputs:
        assert read_netcdf(path)["filename"].values.tolist() == corpus.filenames.tolist()


def test_a_recording_that_was_extracted_and_cannot_be_any_more(corpus, path, tmp_path, monkeypatch):
    outputs = {path: transformer(), tmp_path / "other.nc": transformer(clip_below=-30)}
    half_done(corpus, outputs, monkeypatch)
    before = os.stat(corpus.data[0])
    pathlib.Path(corpus.data[0]).write_bytes(b"x" * before.st_size)
    os.utime(corpus.data[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DataSetError, match=r"0\.wav has been extracted to .* resume=False"):
        extract_spectrograms(corpus, outputs, on_error="skip")


@pytest.mark.parametrize("change", ["content", "time", "gone", "[", "[]"])
def test_a_recording_that_was_extracted_and_has_changed(broken, path, decoded, make_recording, caplog, change):
    outputs = {path: transformer()}
    with pytest.raises(AudioError):
        extract_spectrograms(broken, outputs)
    extracted = pathlib.Path(broken.data[1])
    if change == "content":
        make_recording(extracted.relative_to(path.parent), 0.3, channels=1)
    elif change == "time":
        os.utime(extracted, ns=(5, 5))
    elif change == "gone":
        extracted.unlink()
    else:
        (path.parent / "spectrograms.nc.part/recordings.json").write_text(change)
    decoded.clear()
    caplog.clear()
    extract_spectrograms(broken, outputs, on_error="skip")
    assert len(decoded) == len(broken.data)
    assert caplog.messages[0] == "01 has changed since it was extracted: beginning anew."
    ds = read_netcdf(path)
    good = [i for i in (1, 2, 5, 6, 7, 8) if change != "gone" or i != 1]
    np.testing.assert_array_equal(ds["features"], transformer().fit_transform(broken.data[good]))
    assert names_in(path.parent).count("spectrograms.nc.part") == 0


# --- recordings that do not go together ---


@pytest.fixture
def unequal(make_recording):
    lengths = [0.3, 0.5, 0.2, 0.3]
    return make_bunch([make_recording(f"{i}.wav", length) for i, length in enumerate(lengths)], list("abcd"))


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize("parameters", [{}, {"chunk_length": 0.1}, {"sample_rate": 4000}])
def test_unequal_lengths_are_found_before_anything_is_decoded(unequal, path, decoded, on_error, parameters):
    with pytest.raises(AudioError, match=r"2\.wav has 0\.2 s and .*1\.wav has 0\.5 s\. .*fixed_length.*chunk_count"):
        extract_spectrograms(unequal, {path: transformer(**parameters)}, on_error=on_error)
    assert not decoded and "spectrograms.nc.part" not in names_in(path.parent)


@pytest.mark.parametrize("parameters", [{"fixed_length": 0.4}, {"chunk_length": 0.1, "chunk_count": 1}])
def test_unequal_lengths_are_made_equal(unequal, path, parameters):
    extract_spectrograms(unequal, {path: transformer(**parameters)})
    assert read_netcdf(path).sizes["instance"] == 4


def test_lengths_that_make_no_difference(make_recording, path):
    files = [make_recording(f"{i}.wav", samples=np.zeros(2400 + 20 * i)) for i in range(3)]
    extract_spectrograms(make_bunch(files, list("abc")), {path: transformer()})
    assert read_netcdf(path).sizes["time"] == 14


def test_a_recording_shorter_than_a_window_fails_alone(corpus, make_recording, path):
    short = make_recording("short.wav", 0.01)
    table = extract_spectrograms(
        make_bunch([*corpus.data, short], [*corpus.filenames, "short"]), {path: transformer()}, on_error="skip"
    )
    assert table["file"].tolist() == [short]


def test_unequal_lengths_that_headers_do_not_tell(make_recording, path):
    files = [make_recording(f"{i}.mp3", 0.5 + 0.5 * i) for i in range(2)]
    with pytest.raises(AudioError, match=r"0\.mp3 has spectrograms of shape .*1\.mp3 has .*fixed_length"):
        extract_spectrograms(make_bunch(files, ["a", "b"]), {path: transformer()}, on_error="skip")


@pytest.fixture
def mixed(make_recording):
    rates = [8000, 16000, 8000, 8000]
    return make_bunch([make_recording(f"{i}.wav", 0.3, rate=rate) for i, rate in enumerate(rates)], list("abcd"))


@pytest.mark.parametrize("parameters", [{}, {"fixed_length": 0.3}, {"n_mels": None, "fixed_length": 0.3}])
def test_mixed_sample_rates_are_found_before_anything_is_decoded(mixed, path, decoded, parameters):
    expected = r"8,000 Hz \(such as .*0\.wav\) and 16,000 Hz \(such as .*1\.wav\)\. Resample all with sample_rate=8000"
    with pytest.raises(AudioError, match=expected):
        extract_spectrograms(mixed, {path: transformer(**parameters)})
    assert not decoded


def test_a_few_other_sample_rates_are_failures(mixed, path, monkeypatch):
    monkeypatch.setattr(extraction, "_SAMPLE", 1)
    settings = transformer(fixed_length=0.3)
    with pytest.raises(
        AudioError, match=r"(?s)1 of 4 .*1\.wav: has 16000 Hz and .*0\.wav has 8000 Hz.*sample_rate=8000"
    ):
        extract_spectrograms(mixed, {path: settings})
    table = extract_spectrograms(mixed, {path: settings}, on_error="skip")
    assert len(table) == 1 and read_netcdf(path).sizes["instance"] == 3


def test_mixed_sample_rates_are_resampled(mixed, path):
    extract_spectrograms(mixed, {path: transformer(sample_rate=8000)})
    assert read_netcdf(path).sizes["instance"] == 4


# --- interruptions ---

KILLED = """
import itertools, os, signal, sys
from skaudeep import SpectrogramTransformer
from skaudeep.datasets import load_folder
from skaudeep.experiment import extraction

append, calls = extraction.NetCDFWriter.append, itertools.count()

def until(writer, *arguments, **metadata):
    if next(calls) == 5:  # the third time for the second file
        os.kill(os.getpid(), signal.SIGKILL)
    append(writer, *arguments, **metadata)

extraction.NetCDFWriter.append, extraction._BATCH_BYTES = until, 1
settings = [SpectrogramTransformer(window_width=0.04, window_overlap=0.02, n_mels=8, clip_below=c) for c in (-3, -6)]
extraction.extract_spectrograms(load_folder(sys.argv[1]), dict(zip(sys.argv[2:], settings)))
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a signal of POSIX systems")
def test_goes_on_after_a_process_that_was_killed(sounds, corpus, tmp_path, decoded):
    settings = [transformer(clip_below=level) for level in (-3, -6)]
    whole, parts = ([tmp_path / f"{kind}{i}.nc" for i in range(2)] for kind in ("whole", "part"))
    extract_spectrograms(corpus, dict(zip(whole, settings, strict=True)))
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(extraction.__file__).parents[2])}
    command = [sys.executable, "-c", KILLED, str(sounds), *map(str, parts)]
    done = subprocess.run(command, check=False, capture_output=True, env=environment, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert names_in(tmp_path) == ["part0.nc.part", "part1.nc.part", "sounds", "whole0.nc", "whole1.nc"]
    decoded.clear()
    extract_spectrograms(corpus, dict(zip(parts, settings, strict=True)))
    assert len(decoded) == N - 2
    for part, expected in zip(parts, whole, strict=True):
        assert part.read_bytes() == expected.read_bytes()


def test_goes_on_after_ctrl_c(corpus, path, tmp_path, decoded, tiny_batches, monkeypatch):
    extract_spectrograms(corpus, {tmp_path / "whole.nc": transformer()})
    append, calls = NetCDFWriter.append, itertools.count()

    def interrupted(writer, *arguments, **metadata):
        if next(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        append(writer, *arguments, **metadata)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(NetCDFWriter, "append", interrupted)
        extract_spectrograms(corpus, {path: transformer()})
    assert not path.exists()
    decoded.clear()
    extract_spectrograms(corpus, {path: transformer()})
    assert len(decoded) == N - 4  # also what was being appended
    assert path.read_bytes() == (tmp_path / "whole.nc").read_bytes()


def test_what_was_not_yet_appended_survives_ctrl_c(corpus, path, tmp_path, decoded, monkeypatch, caplog):
    extract_spectrograms(corpus, {tmp_path / "whole.nc": transformer()})
    advanced = itertools.count(1)

    @contextlib.contextmanager
    def progress(*arguments, **options):
        yield lambda **note: signal.raise_signal(signal.SIGINT) if next(advanced) == 3 else None

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(extraction, "progress", progress)
        extract_spectrograms(corpus, {path: transformer()})
    assert "what has been extracted is kept" in caplog.text
    decoded.clear()
    extract_spectrograms(corpus, {path: transformer()})
    assert len(decoded) == N - 3
    assert path.read_bytes() == (tmp_path / "whole.nc").read_bytes()


def half_done(corpus, outputs, monkeypatch):
    """Let the process end after a batch has been appended to the first of two files and not to the second."""
    append = NetCDFWriter.append

    def fail(writer, *arguments, **metadata):
        if writer.path == list(outputs)[1]:
            raise MemoryError
        append(writer, *arguments, **metadata)

    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(NetCDFWriter, "append", fail)
        extract_spectrograms(corpus, outputs)


def test_goes_on_where_one_file_is_ahead_of_the_other(corpus, path, tmp_path, monkeypatch, tiny_batches, decoded):
    outputs = {path: transformer(), tmp_path / "other.nc": transformer(clip_below=-30)}
    half_done(corpus, outputs, monkeypatch)
    decoded.clear()
    extract_spectrograms(corpus, outputs)
    assert len(decoded) == N
    branches = extract_branches(list(outputs.values()), corpus.data)
    for (file, branch), expected in zip(outputs.items(), branches, strict=True):
        made = make_dataset(expected, **corpus.metadata, spectrogram_settings=settings_of(branch, corpus))
        xr.testing.assert_identical(read_netcdf(file), made)


def test_a_full_disk_at_the_end_costs_nothing(corpus, path, decoded, monkeypatch):
    def full(writer):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(NetCDFWriter, "complete", full)
        extract_spectrograms(corpus, {path: transformer()})
    decoded.clear()
    extract_spectrograms(corpus, {path: transformer()})
    assert not decoded and read_netcdf(path).sizes["instance"] == N


def test_parts_of_other_settings_or_recordings_are_refused_or_removed(broken, corpus, path, decoded):
    with pytest.raises(AudioError):
        extract_spectrograms(broken, {path: transformer()})
    relabelled = make_bunch(broken.data, broken.filenames, target=[0] * 10, target_names=["x"])
    for other, settings in (
        (broken, transformer(clip_below=-30)),
        (corpus, transformer()),
        (relabelled, transformer()),
    ):
        decoded.clear()
        with pytest.raises(DataSetError, match=r"spectrograms\.nc\.part.*resume=False"):
            extract_spectrograms(other, {path: settings})
        assert not decoded
    extract_spectrograms(corpus, {path: transformer(clip_below=-30)}, resume=False)
    assert read_netcdf(path)["filename"].values.tolist() == corpus.filenames.tolist()


def test_says_that_it_goes_on(broken, path, caplog):
    with pytest.raises(AudioError):
        extract_spectrograms(broken, {path: transformer()})
    caplog.clear()
    with caplog.at_level("INFO", "skaudeep"):
        extract_spectrograms(broken, {path: transformer()}, on_error="skip")
    assert caplog.messages == ["Going on: 6 of 10 recordings have been extracted before."]


def test_progress_counts_what_is_left(broken, path, capsys):
    with pytest.raises(AudioError):
        extract_spectrograms(broken, {path: transformer()}, verbose=1)
    assert re.fullmatch(r"Extracting spectrograms: 10 files in [\d.]+ s, \d+ per second\n", capsys.readouterr().err)
    extract_spectrograms(broken, {path: transformer()}, on_error="skip", verbose=1)
    assert capsys.readouterr().err.startswith("Extracting spectrograms: 4 files")


# --- wrong arguments ---


@pytest.mark.parametrize(
    ("outputs", "error", "message"),
    [
        ({}, ValueError, "outputs={}"),
        ({"x.nc": "mel"}, TypeError, r"outputs\['x\.nc'\] is 'mel'; expected a SpectrogramTransformer"),
        ({3: transformer()}, TypeError, "path=3"),
        ({"nowhere/x.nc": transformer()}, FileNotFoundError, r"folder '.*nowhere' does not exist"),
        ({"./x.nc": transformer(), "x.nc": transformer()}, ValueError, r"two of the files are .*x\.nc"),
        ({"x.nc": transformer(n_mels=-1)}, ValueError, "n_mels"),
        ({"x.nc": transformer(window_overlap=0.5)}, ValueError, "window_overlap"),
        ({"x.nc": transformer(f_max=9000)}, AudioError, "f_max"),
    ],
)
def test_wrong_outputs(corpus, tmp_path, monkeypatch, decoded, outputs, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        extract_spectrograms(corpus, outputs)
    assert not decoded and names_in(tmp_path) == ["sounds"]


@pytest.mark.parametrize("wrong", [{"on_error": "ignore"}, {"n_jobs": "all"}, {"resume": "no"}, {"verbose": "yes"}])
def test_wrong_parameters(corpus, path, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        extract_spectrograms(corpus, {path: transformer()}, **wrong)


def test_wrong_corpora(corpus, path):
    with pytest.raises(DataSetError, match="lacks metadata"):
        extract_spectrograms({"data": corpus.data}, {path: transformer()})
    with pytest.raises(DataSetError, match="metadata are of 6 recordings, data of 2"):
        extract_spectrograms(corpus | {"data": corpus.data[:2]}, {path: transformer()})
    with pytest.raises(DataSetError, match="data are waveforms"):
        extract_spectrograms(corpus | {"data": np.ones((6, 900))}, {path: transformer(sample_rate=8000)})
    with pytest.raises(ValueError, match="corpus"):
        extract_spectrograms(corpus.data, {path: transformer()})
    assert names_in(path.parent) == ["sounds"]


# --- to look at ---


def test_preview(corpus):
    settings = [transformer(clip_below=-5, chunk_length=0.1), transformer(channels="left", n_mels=None)]
    spectrograms, axes = preview_spectrograms(corpus, settings, 3)
    expected = transformer(clip_below=-5, scale=None).fit_transform([corpus.data[3]])[0]
    np.testing.assert_array_equal(spectrograms[0], expected)
    assert spectrograms[0].min() == -5 and spectrograms[0].max() == 0
    assert spectrograms[1].shape == (14, 161)
    assert [len(frequencies) for frequencies, _ in axes] == [8, 161]
    assert [hop for _, hop in axes] == [0.02, 0.02]
    for index in (-1, N):
        with pytest.raises(IndexError, match="recordings 0 to 5"):
            preview_spectrograms(corpus, settings, index)


def test_preview_of_a_segment(sounds):
    table = sounds / "metadata.csv"
    table.write_text("path,start,end\na/0.wav,0,0.1\na/2.wav,0.1,0.3\n")
    (spectrogram,), _ = preview_spectrograms(load_table(table), [transformer()], 1)
    assert spectrogram.shape == (9, 8)


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_no_recording_is_replaced(corpus, sounds, path, link):
    recording = sounds / "a" / "0.wav"
    before = recording.read_bytes()
    getattr(path, link)(recording)
    with pytest.raises(
        ValueError, match=r"spectrograms\.nc': it is a recording of the corpus \(.*0\.wav\), which would"
    ):
        extract_spectrograms(corpus, {path: transformer()})
    assert recording.read_bytes() == before
    assert sorted(names_in(path.parent)) == sorted(["sounds", path.name])
