"""The tables of a configuration: unknown keys, wrong values, and that each message names the place and the remedy."""

import math

import pytest

from skaudeep.experiment._schema import check_tables

MINIMAL = {"autoencoders": [{"kind": "t-rae"}]}


def refused(tables):
    with pytest.raises(ValueError, match=r"^e\.toml: ") as caught:
        check_tables(MINIMAL | tables, "e.toml")
    return str(caught.value)


def test_defaults_are_those_of_the_estimators():
    tables = check_tables(
        {"autoencoders": [{"kind": kind, "name": kind} for kind in ("t-rae", "f-rae", "ft-rae")]}
        | {"classifiers": [{"kind": kind} for kind in ("mlp", "svm", "linearsvc")]},
        "e.toml",
    )
    assert tables["seed"] == 0
    assert tables["spectrograms"]["n_mels"] == 128
    time, frequency, both = tables["autoencoders"]
    assert (time["n_layers"], time["n_units"], time["max_epochs"]) == (2, 256, 64)
    assert (frequency["window_width"], frequency["window_overlap"]) == (32, 24)
    assert (both["frequency_n_units"], both["time_n_units"]) == (64, 128)
    mlp, svm, linearsvc = tables["classifiers"]
    assert (mlp["hidden_layer_sizes"], mlp["dropout"], mlp["max_epochs"]) == ([150, 150], 0.4, 400)
    assert svm["solver"] == "l2r_l2loss_svc_dual"
    assert linearsvc["C"] == 1.0
    assert [entry["name"] for entry in tables["classifiers"]] == ["mlp", "svm", "linearsvc"]


def test_what_the_experiment_takes_care_of_is_no_key():
    tables = check_tables(MINIMAL | {"classifiers": [{"kind": "svm"}]}, "e.toml")
    entries = [tables["spectrograms"], *tables["autoencoders"], *tables["classifiers"]]
    for name in ("random_state", "verbose", "n_jobs", "checkpoint_dir", "log_dir", "warm_start"):
        assert not any(name in entry for entry in entries)
    assert tables["autoencoders"][0]["early_stopping"] is False


def test_none_is_a_word():
    spectrograms = {"n_mels": "none", "clip_below": [-30, "None"], "fixed_length": "none"}
    tables = check_tables(MINIMAL | {"spectrograms": spectrograms}, "e.toml")
    assert tables["spectrograms"]["n_mels"] is None
    assert tables["spectrograms"]["clip_below"] == [-30, None]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"titel": "x"}, "the table or key 'titel' is unknown; did you mean 'title'?"),
        ({"corpus": {"pth": "x"}}, "[corpus] the key 'pth' is unknown; did you mean 'path'?"),
        ({"corpus": {"zzz": 1}}, "[corpus] the key 'zzz' is unknown; there are name, path, parser"),
        ({"spectrograms": {"n_mel": 3}}, "[spectrograms] the key 'n_mel' is unknown; did you mean 'n_mels'?"),
        ({"autoencoders": [{"kind": "t-rae", "name": "a", "n_unit": 3}]}, "[[autoencoders]] 'a' the key 'n_unit' is"),
        ({"classifiers": [{"kind": "svm", "max_epochs": 3}]}, "[[classifiers]] the key 'max_epochs' is unknown"),
        ({"autoencoders": [{"kind": "t-rae", "window_width": 3}]}, "the key 'window_width' is unknown"),
        ({"autoencoders": [{"kind": "t-rae", "random_state": 3}]}, "the key 'random_state' is unknown"),
    ],
)
def test_unknown_keys_are_refused(tables, message):
    assert message in refused(tables)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"seed": -1}, "seed = -1: expected an int in the range [0, 4294967295]"),
        ({"seed": True}, "seed = true: expected an int"),
        ({"title": 3}, "title = 3: expected an instance of 'str' or none"),
        ({"corpus": {"folds": 1}}, "[corpus] folds = 1: expected an int in the range [2, inf) or none"),
        ({"corpus": {"folds": 2.5}}, "[corpus] folds = 2.5: expected an int"),
        ({"corpus": {"partitions": {"dev": 1}}}, "[corpus] partitions = {'dev': 1}: expected a table with shares"),
        ({"corpus": {"partitions": {"train": True}}}, "expected a table with shares of train, devel, test"),
        ({"corpus": 3}, "corpus = 3: expected a table, which begins with [corpus]"),
        ({"spectrograms": {"window_width": "x"}}, "[spectrograms] window_width = 'x': expected a float in the range"),
        ({"spectrograms": {"fixed_length": math.inf}}, "fixed_length = inf: expected a float"),
        ({"spectrograms": {"window_width": math.nan}}, "window_width = nan: expected a float"),
        ({"spectrograms": {"clip_below": [-30, 5]}}, "[spectrograms] clip_below = 5: expected a float in the range"),
        ({"spectrograms": {"clip_below": []}}, "clip_below = []: expected different values, at least one"),
        ({"spectrograms": {"clip_below": [-30, -30.0]}}, "expected different values, at least one"),
        ({"spectrograms": {"channels": ["mean", "middle"]}}, "channels = 'middle': expected a str among"),
        ({"spectrograms": {"on_error": "warn"}}, "on_error = 'warn': expected 'raise' or 'skip'"),
        ({"autoencoders": [{"kind": "t-rae", "n_units": 0}]}, "n_units = 0: expected an int in the range [1, inf)"),
        ({"autoencoders": [{"kind": "t-rae", "n_units": True}]}, "n_units = true: expected an int"),
        ({"autoencoders": [{"kind": "t-rae", "bidirectional_encoder": 1}]}, "bidirectional_encoder = 1: expected"),
        ({"autoencoders": [{"kind": "t-rae", "statistics": ["median"]}]}, "choose one or more of mean, std"),
        (
            {"autoencoders": [{"kind": "s-rae"}]},
            "kind = 's-rae': expected one of t-rae, f-rae, ft-rae, contrastive; did",
        ),
        ({"autoencoders": [{}]}, "kind = None: expected one of t-rae"),
        ({"autoencoders": []}, "there are no [[autoencoders]]; at least one is needed"),
        ({"autoencoders": {"kind": "t-rae"}}, "autoencoders: expected tables, each of which begins with [["),
        (
            {"autoencoders": [{"kind": "t-rae"}, {"kind": "f-rae", "name": "f"}]},
            "has several entries, of which one has",
        ),
        ({"autoencoders": [{"kind": "t-rae", "name": "a/b"}]}, "name = 'a/b': files are called so; use letters"),
        ({"autoencoders": [{"kind": "t-rae", "name": ".."}]}, "name = '..': files are called so"),
        ({"autoencoders": [{"kind": "t-rae", "name": "X"}, {"kind": "f-rae", "name": "x"}]}, "two entries called 'X'"),
        ({"classifiers": [{"kind": "svm"}, {"kind": "svm"}]}, "two entries called 'svm'; give each a name"),
        ({"classifiers": [{"kind": "mlp", "hidden_layer_sizes": [3, 0]}]}, "expected whole numbers of at least 1"),
        ({"classifiers": [{"kind": "mlp", "hidden_layer_sizes": ["3"]}]}, "expected whole numbers of at least 1"),
        ({"classifiers": [{"kind": "mlp", "repeats": 0}]}, "repeats = 0: expected an int in the range [1, inf)"),
        ({"classifiers": [{"kind": "svm", "C": -1}]}, "C = -1: expected a float in the range (0.0, inf)"),
        ({"evaluation": {"test": ["dev"]}}, "test = ['dev']: expected a list of 'train', 'devel', 'test'"),
        ({"evaluation": {"test": []}}, "test = []: expected a list"),
        (
            {"export": {"formats": ["csv", "csv"]}},
            "formats = ['csv', 'csv']: expected a list of 'csv', 'arff', each at",
        ),
        ({"export": {"formats": [3]}}, "formats = [3]: expected a list"),
        ({"export": {"layout": "r"}}, "[export] layout = 'r': expected a str among"),
        ({"report": {"enabled": "yes"}}, "[report] enabled = 'yes': expected a"),
    ],
)
def test_wrong_values_are_refused(tables, message):
    assert message in refused(tables)


def test_a_word_alone_is_a_list_of_one():
    tables = check_tables(MINIMAL | {"evaluation": {"test": "test"}, "export": {"formats": "arff"}}, "e.toml")
    assert tables["evaluation"]["test"] == ["test"]
    assert tables["export"]["formats"] == ["arff"]


def test_defaults_are_not_shared():
    check_tables(MINIMAL, "e.toml")["export"]["formats"].append("csv")
    assert check_tables(MINIMAL, "e.toml")["export"]["formats"] == []
