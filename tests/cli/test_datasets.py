"""Commands that make one data set of others: what they write, what they say, what they refuse."""

import json

import numpy as np
import pytest
import xarray as xr

from skaudeep import datasets
from skaudeep.io import read_netcdf, write_netcdf

CONVERSIONS = {
    "modify": ["--add-cv-setup", "3", "--seed", "1"],
    "upsample": ["--seed", "1"],
    "fuse chunks": [],
}


@pytest.mark.parametrize("command", CONVERSIONS)
class TestConversions:
    def convert(self, skaudeep, command, source, target, *options):
        return skaudeep(*command.split(), "--input", source, "--output", target, *CONVERSIONS[command], *options)

    def test_results_on_standard_output(self, command, skaudeep, write_dataset, tmp_path):
        source, target = write_dataset(), tmp_path / "new.nc"
        done = self.convert(skaudeep, command, source, target)
        assert (done.status, done.err) == (0, "")
        n = read_netcdf(target).sizes["instance"]
        assert done.out.startswith(f"{target}: {n} instances, ")
        done = self.convert(skaudeep, command, source, target, "-q")
        assert (done.status, done.out, done.err) == (0, f"{target}\n", "")
        done = self.convert(skaudeep, command, source, target, "--json")
        assert json.loads(done.out)["sizes"]["instance"] == n

    def test_bad_files(self, command, skaudeep, bad_dataset, tmp_path):
        source, message = bad_dataset
        done = self.convert(skaudeep, command, source, tmp_path / "new.nc")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("skaudeep: error: ")
        assert message in done.err and str(source) in done.err and done.err.count("\n") == 1
        assert not (tmp_path / "new.nc").exists()

    def test_a_place_that_cannot_be_written_is_found_before_the_work(self, command, skaudeep, write_dataset, tmp_path):
        source = write_dataset()
        for target in (tmp_path, source / "new.nc"):
            done = self.convert(skaudeep, command, source, target)
            assert (done.status, done.out) == (1, "")
            assert str(target) in done.err

    def test_folders_are_made(self, command, skaudeep, write_dataset, tmp_path):
        target = tmp_path / "new" / "folder" / "new.nc"
        assert self.convert(skaudeep, command, write_dataset(), target).status == 0
        read_netcdf(target)

    def test_a_file_may_take_the_place_of_its_source(self, command, skaudeep, write_dataset):
        source = write_dataset()
        assert self.convert(skaudeep, command, source, source).status == 0
        read_netcdf(source)


class TestModify:
    def test_folds(self, skaudeep, write_dataset, tmp_path):
        source, target = write_dataset(), tmp_path / "folds.nc"
        assert skaudeep("modify", "--input", source, "--add-cv-setup", 3, "--seed", 5, "--output", target).status == 0
        expected = datasets.add_folds(read_netcdf(source), 3, random_state=5)
        xr.testing.assert_identical(read_netcdf(target), expected)
        again = skaudeep("modify", "--input", target, "--add-cv-setup", 3, "--output", target)
        assert again.status == 1 and "take them away with --remove-cv-setup first" in again.err
        assert skaudeep("modify", "--input", target, "--remove-cv-setup", "--output", target).status == 0
        xr.testing.assert_identical(read_netcdf(target), read_netcdf(source))

    def test_partitions(self, skaudeep, write_dataset, tmp_path):
        source, target = write_dataset(), tmp_path / "parts.nc"
        words = ["--add-partitioning", "TRAIN", "test", "--seed", 5]
        assert skaudeep("modify", "--input", source, "--output", target, *words).status == 0
        expected = datasets.add_partitions(read_netcdf(source), ["train", "test"], random_state=5)
        xr.testing.assert_identical(read_netcdf(target), expected)
        assert skaudeep("modify", "--input", target, "--remove-partitioning", "--output", target).status == 0
        xr.testing.assert_identical(read_netcdf(target), read_netcdf(source))

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ([], "one of the arguments"),
            (["--add-cv-setup", "1"], "'1' is not a whole number of at least 2"),
            (["--add-cv-setup", "3", "--remove-cv-setup"], "not allowed with"),
            (["--add-partitioning", "trian"], "did you mean train?"),
        ],
    )
    def test_wrong_usage(self, skaudeep, write_dataset, words, message):
        done = skaudeep("modify", "--input", write_dataset(), *words)
        assert (done.status, done.out) == (2, "")
        assert message in done.err

    def test_more_folds_than_files(self, skaudeep, write_dataset, tmp_path):
        target = tmp_path / "new.nc"
        done = skaudeep("modify", "--input", write_dataset(), "--add-cv-setup", 9, "--output", target)
        assert done.status == 1 and "error: --add-cv-setup 9: " in done.err and not target.exists()


class TestUpsample:
    def test_within_partitions(self, skaudeep, write_dataset, tmp_path):
        source = write_dataset(partition=np.repeat([0, 0, 0, 2, 2, 2], 2))
        target = tmp_path / "new.nc"
        words = ["--partitions", "train", "--seed", 3, "--output", target]
        assert skaudeep("upsample", "--input", source, *words).status == 0
        expected = datasets.upsample(read_netcdf(source), partitions=["train"], random_state=3)
        xr.testing.assert_identical(read_netcdf(target), expected)


class TestFuse:
    def test_the_fused_data_set_of_the_original(self, skaudeep, shared, tmp_path):
        fused = read_netcdf(shared / "reference" / "datasets" / "fused.nc")
        inputs = [tmp_path / "1.nc", tmp_path / "2.nc"]  # the one is known, the other in another order
        write_netcdf(read_netcdf(shared / "reference" / "models" / "t-rae-gru" / "representation.nc"), inputs[0])
        write_netcdf(fused.isel(generated=slice(32, None), instance=slice(None, None, -1)), inputs[1])
        assert skaudeep("fuse", "--input", *inputs, "--output", tmp_path / "fused.nc").status == 0
        assert read_netcdf(tmp_path / "fused.nc").identical(fused)

    def test_the_fused_chunks_of_the_original(self, skaudeep, shared, tmp_path):
        folder, target = shared / "reference" / "datasets", tmp_path / "fused.nc"
        assert skaudeep("fuse", "chunks", "--input", folder / "chunks-rep.nc", "--output", target).status == 0
        expected = read_netcdf(folder / "chunks-fused.nc").sortby("filename")
        fused = read_netcdf(target)
        assert fused["filename"].values.tolist() == expected["filename"].values.tolist()
        np.testing.assert_array_equal(fused["features"].values, expected["features"].values)

    def test_another_dimension(self, skaudeep, write_dataset, tmp_path):
        one, other, target = write_dataset("1.nc"), write_dataset("2.nc"), tmp_path / "fused.nc"
        done = skaudeep("fuse", "--input", one, other, "--dimension", "time", "--output", target)
        assert done.status == 1
        assert "--dimension time: the features have the dimensions generated" in done.err

    def test_metadata_that_differ(self, skaudeep, write_dataset, tmp_path):
        inputs = write_dataset("1.nc"), write_dataset("2.nc", label_nominal=["rain"] * 12)
        done = skaudeep("fuse", "--input", *inputs, "--output", tmp_path / "fused.nc")
        assert done.status == 1 and "label" in done.err

    def test_folds_that_differ(self, skaudeep, write_dataset, tmp_path):
        inputs = write_dataset("1.nc"), write_dataset("2.nc", cv_folds=[[0, 1]] * 12)
        done = skaudeep("fuse", "--input", *inputs, "--output", tmp_path / "fused.nc")
        message = f"cv_folds has shape (12, 0) in {inputs[0]}, but (12, 2) in {inputs[1]}"
        assert done.status == 1 and message in done.err

    @pytest.mark.parametrize(
        "words", [["one.nc"], ["chunk", "--input", "a.nc", "b.nc"], ["chunks", "--input", "a", "b"]]
    )
    def test_wrong_usage(self, skaudeep, words):
        words = words if "--input" in words else ["--input", *words]
        assert skaudeep("fuse", *words).status == 2


class TestValidate:
    def test_valid(self, skaudeep, shared):
        path = shared / "reference" / "datasets" / "esc20-mel128.nc"
        done = skaudeep("validate", "--input", path)
        assert (done.status, done.out, done.err) == (0, f"{path} is valid: 20 instances obey all rules\n", "")
        assert skaudeep("validate", "--input", path, "-q").out == "valid\n"
        assert skaudeep("validate", "--input", path, "--json").json == {"valid": True, "violations": []}

    def test_violations(self, skaudeep, write_dataset):
        labels = ["rain", "dog"] * 6 + ["rain"] * 2
        path = write_dataset(n=7, label_nominal=labels)
        done = skaudeep("validate", "--input", path)
        assert done.status == 1
        lines = done.out.splitlines()
        assert lines[0].startswith("Rule 1: 0.wav has the nominal labels 'rain', 'dog'")
        assert lines[5] == "... and 1 more of this rule (--detailed shows all)"
        assert lines[-1] == f"{path} is not valid: 12 violations"
        detailed = skaudeep("validate", "--input", path, "--detailed")
        assert detailed.status == 1 and len(detailed.out.splitlines()) == 13
        assert skaudeep("validate", "--input", path, "-q").out == "1\t6\n2\t6\n"
        found = skaudeep("validate", "--input", path, "--json").json
        assert not found["valid"] and found["violations"][0]["instances"] == [0, 1]

    def test_bad_files(self, skaudeep, bad_dataset):
        path, message = bad_dataset
        done = skaudeep("validate", "--input", path)
        assert done.status == 1 and message in done.err


class TestExportAndImport:
    @pytest.mark.parametrize(("format", "last"), [("CSV", False), ("csv", True), ("arff", False), ("ARFF", True)])
    def test_the_exports_of_the_original(self, skaudeep, shared, tmp_path, format, last):
        source = shared / "reference" / "models" / "t-rae-gru" / "representation.nc"
        words = ["--labels-last", "--name", "repr"] if last else []
        done = skaudeep("export", "--input", source, "--output", tmp_path, "--format", format, *words)
        assert done.status == 0 and done.out.startswith(f"5 {format.upper()} files in {tmp_path}: 20 instances")
        original = shared / "reference" / "exports" / (format.lower() + ("-labels-last" if last else ""))
        files = sorted(path for path in original.rglob("*") if path.is_file())
        assert len(files) == 5
        for file in files:
            assert (tmp_path / file.relative_to(original)).read_bytes() == file.read_bytes()

    @pytest.mark.parametrize("name", [[], ["--name", "features"], ["--name", "features.csv"]])
    def test_round_trip(self, skaudeep, write_dataset, tmp_path, name):
        source, target = write_dataset(), tmp_path / "again.nc"
        done = skaudeep("export", "--input", source, "--output", tmp_path / "out", "-q")
        assert done.out == f"{tmp_path / 'out' / 'features.csv'}\n"
        done = skaudeep("import", "--basedir", tmp_path / "out", *name, "--output", target)
        assert (done.status, done.err) == (0, "")
        assert done.out == f"{target}: 12 instances, 3 generated\n"
        xr.testing.assert_identical(read_netcdf(target), read_netcdf(source))

    def test_other_columns(self, skaudeep, tmp_path):
        (tmp_path / "mine.csv").write_text("file,x,kind\na.wav,0.5,rain\n")
        words = ["--filename-attribute", "file", "--label-nominal-attribute", "kind", "--output", tmp_path / "new.nc"]
        assert skaudeep("import", "--basedir", tmp_path / "mine.csv", *words).status == 0
        ds = read_netcdf(tmp_path / "new.nc")
        assert (ds["filename"].item(), ds["label_nominal"].item(), ds["features"].values.tolist()) == (
            "a.wav",
            "rain",
            [[0.5]],
        )

    def test_columns_that_are_not_there(self, skaudeep, tmp_path):
        (tmp_path / "mine.csv").write_text("file,x\na.wav,0.5\n")
        words = ["import", "--basedir", tmp_path / "mine.csv", "--output", tmp_path / "new.nc"]
        done = skaudeep(*words, "--filename-attribute", "name")
        assert done.status == 1 and "--filename-attribute name: there is no such column" in done.err
        done = skaudeep(*words, "--filename-attribute", "chunk_nr")
        assert done.status == 1 and "error: --filename-attribute chunk_nr, --chunk-nr-attribute chunk_nr" in done.err

    def test_nothing_to_import(self, skaudeep, tmp_path):
        (tmp_path / "empty").mkdir()
        for folder in (tmp_path / "no", tmp_path / "empty"):
            done = skaudeep("import", "--basedir", folder, "--output", tmp_path / "new.nc")
            assert done.status == 1 and str(folder) in done.err and not (tmp_path / "new.nc").exists()

    def test_for_weka(self, skaudeep, write_dataset, tmp_path):
        source = write_dataset(cv_folds=np.arange(12)[:, None] // 2 % 2 == [0, 1])
        done = skaudeep("export", "--input", source, "--output", tmp_path / "out", "--for", "weka", "-q")
        assert done.out.split() == [str(tmp_path / "out" / f"fold_{i}" / "features.arff") for i in (1, 2)]
        words = ["--for", "Weka", "--format", "csv", "--single-file", "--name", "all"]
        assert skaudeep("export", "--input", source, "--output", tmp_path / "out", *words).status == 0
        lines = (tmp_path / "out" / "all.csv").read_text().splitlines()
        assert lines[0] == "feature_0,feature_1,feature_2,label_nominal" and len(lines) == 13
        assert skaudeep("export", "--input", source, "--output", tmp_path, "--for", "excel").status == 2

    def test_formulas(self, skaudeep, write_dataset, tmp_path):
        source = write_dataset(label_nominal=["=1", "a"] * 6, chunk_nr=None, n=12, chunks=1)
        words = ["export", "--input", source, "--output", tmp_path / "out", "--guard-formulas"]
        assert skaudeep(*words).status == 0
        assert "0.wav,0,'=1,0," in (tmp_path / "out" / "features.csv").read_text()
        done = skaudeep(*words, "--format", "arff")
        assert done.status == 1 and "--guard-formulas: spreadsheets read no ARFF files" in done.err

    def test_an_older_export(self, skaudeep, write_dataset, tmp_path):
        source = write_dataset(cv_folds=np.arange(12)[:, None] // 2 % 3 == [0, 1, 2])
        words = ["export", "--output", tmp_path / "out", "--name", "x", "--input"]
        assert skaudeep(*words, source).status == 0
        done = skaudeep(*words, write_dataset("other.nc"))
        assert done.status == 1 and "Have them removed (--overwrite), or choose another directory" in done.err
        assert skaudeep(*words, tmp_path / "other.nc", "--overwrite").status == 0
        assert [path.name for path in (tmp_path / "out").rglob("*.*")] == ["x.csv"]

    def test_the_input_is_not_replaced(self, skaudeep, write_dataset, tmp_path):
        source = write_dataset("features.csv")
        before = source.read_bytes()
        done = skaudeep("export", "--input", source, "--output", tmp_path)
        assert done.status == 1 and "features.csv': it is --input, which would be lost" in done.err
        assert source.read_bytes() == before

    def test_bad_files(self, skaudeep, bad_dataset, tmp_path):
        path, message = bad_dataset
        done = skaudeep("export", "--input", path, "--output", tmp_path / "out")
        assert done.status == 1 and message in done.err
        assert skaudeep("export", "--input", path, "--output", tmp_path, "--format", "xlsx").status == 2
