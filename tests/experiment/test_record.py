"""The folder of an experiment: what may be in it, and that it is of one run."""

import pytest

from skaudeep.experiment._record import claim_folder, read_record
from skaudeep.results.experiment import ExperimentRecord


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_or_new_folder_has_nothing(tmp_path, there):
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
        (folder / ".hidden").touch()
    assert read_record(folder) == ExperimentRecord()


def test_a_folder_of_others_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match="holds other files and no experiment; give a folder that is new"):
        read_record(tmp_path)
    with pytest.raises(NotADirectoryError, match="is a file"):
        read_record(tmp_path / "thesis.tex")


def test_a_folder_is_of_one_run(tmp_path):
    folder = tmp_path / "new" / "out"
    with (
        claim_folder(folder),
        pytest.raises(OSError, match="another run is at work in it; wait for its end"),
        claim_folder(folder),
    ):
        pass
    with claim_folder(folder):
        assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match="cannot make the folder .* give another out"),
        claim_folder(tmp_path / "file/out"),
    ):
        pass
