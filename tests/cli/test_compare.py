"""``skaudeep evaluate compare``: what it prints, writes and refuses."""

import numpy as np
import pytest

from skaudeep.datasets import add_folds
from skaudeep.evaluation import compare_datasets
from skaudeep.io import read_netcdf, write_netcdf


@pytest.fixture
def files(write_dataset, tmp_path, monkeypatch):
    """Features with folds, and others that are nothing but noise."""
    monkeypatch.chdir(tmp_path)
    ds = read_netcdf(write_dataset("good.nc", n=12))
    features = ds["features"] + 3 * (ds["label_nominal"] == "dog")
    write_netcdf(add_folds(ds.assign(features=features), 3, random_state=0), "good.nc")
    write_dataset("noise.nc", n=12)
    return ["good.nc", "--control", "noise.nc"]


def test_prints_table_and_differences(skaudeep, files):
    done = skaudeep("evaluate", "compare", *files)
    assert done.status == 0
    datasets = {name: read_netcdf(name) for name in ("good.nc", "noise.nc")}
    assert done.out.rstrip("\n") == str(compare_datasets(datasets, controls=["noise.nc"]))
    assert "Comparing: 9 fits" in done.err


def test_short_and_as_json(skaudeep, files):
    done = skaudeep("evaluate", "compare", *files, "-q")
    names, recalls = zip(*(line.split("\t") for line in done.out.splitlines()), strict=True)
    assert names == ("good.nc", "noise.nc", "majority")
    assert done.err == ""
    found = skaudeep("evaluate", "compare", *files, "--json").json
    np.testing.assert_allclose([row["recall"] for row in found["table"]], np.array(recalls, float), atol=1e-6)
    assert [row["reference"] for row in found["differences"]] == ["noise.nc", "majority"]
    assert found["table"][0]["recall_std_seeds"] is None


def test_writes_a_page(skaudeep, files, tmp_path):
    done = skaudeep("evaluate", "compare", *files, "--output", "pages/comparison.html")
    assert done.status == 0 and done.out.endswith("pages/comparison.html: the same as a page\n")
    assert "features that were given as a control" in (tmp_path / "pages/comparison.html").read_text()


def test_refusals(skaudeep, files):
    done = skaudeep("evaluate", "compare", "good.nc", "good.nc")
    assert (done.status, "a data set is named twice" in done.err) == (2, True)
    done = skaudeep("evaluate", "compare", *files, "--output", "good.nc")
    assert done.status == 1 and "good.nc" in done.err
    done = skaudeep("evaluate", "compare", "noise.nc")
    assert done.status == 1
    assert "noise.nc has no folds and no partitions; add some: skaudeep modify --input noise.nc --add-cv" in done.err
