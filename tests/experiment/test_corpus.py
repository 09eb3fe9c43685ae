import logging

import pytest

from skaudeep.exceptions import DataSetError
from skaudeep.experiment import read_experiment
from skaudeep.experiment._corpus import load_corpus_of


@pytest.fixture
def experiment(tmp_path):
    """An experiment on a corpus of which one recording cannot be read."""
    for name in ("fold_1/dog/1.wav", "fold_1/rain/1.wav", "fold_2/dog/2.wav", "fold_2/rain/2.wma"):
        (tmp_path / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "corpus" / name).touch()
    (tmp_path / "mine.toml").write_text('[corpus]\npath = "corpus"\n[[autoencoders]]\nkind = "t-rae"\n')
    return lambda **overrides: read_experiment(tmp_path / "mine.toml", overrides=overrides)


def test_recordings_that_cannot_be_read_are_refused_or_left_out_as_all_that_fail(experiment, caplog):
    with pytest.raises(DataSetError, match=r"1 of the 4 recordings .*fold_2/rain\."):
        load_corpus_of(experiment())
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        corpus = load_corpus_of(experiment(**{"spectrograms.on_error": "skip"}))
    assert corpus.filenames.tolist() == ["fold_1/dog/1.wav", "fold_1/rain/1.wav", "fold_2/dog/2.wav"]
    (warning,) = caplog.messages
    assert warning == corpus.DESCR
    options = {"corpus.options.on_unreadable": "skip"}
    assert load_corpus_of(experiment(**options)).filenames.tolist() == corpus.filenames.tolist()
