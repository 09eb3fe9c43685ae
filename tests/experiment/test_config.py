"""Configurations of experiments: files, recipes, overrides, and what estimators they make."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from skaudeep import ContrastiveEmbedder, FrequencyAutoencoderEmbedder
from skaudeep.experiment._config import Experiment, parse_overrides, read_experiment
from skaudeep.experiment._schema import _TABLES, ARRAYS

EXAMPLE = Path(__file__).parents[2] / "examples" / "experiment.toml"


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


SMALL = '[[autoencoders]]\nkind = "t-rae"\n'


def test_reads_a_file(write, tmp_path):
    path = write('[corpus]\npath = "sub/corpus"\n[spectrograms]\nn_mels = 40\n' + SMALL)
    experiment = read_experiment(path)
    assert (experiment.name, experiment.title) == ("mine", "mine")
    assert experiment.corpus["path"] == str(tmp_path / "sub" / "corpus")
    assert experiment.spectrograms["n_mels"] == 40
    assert isinstance(experiment, Experiment)


def test_is_as_plain_as_json(write):
    experiment = read_experiment(write(SMALL))
    assert json.loads(json.dumps(experiment.to_dict())) == experiment.to_dict()
    assert list(experiment.to_dict()) == [
        *("title", "about", "seed", "corpus", "labels", "spectrograms", "autoencoders"),
        *("fusion", "classifiers", "regressors", "evaluation", "export", "report"),
    ]


def test_makes_a_transformer_of_every_combination(write):
    text = "[spectrograms]\nclip_below = [-30, 'none']\nchannels = ['left', 'right']\nn_mels = 40\n" + SMALL
    made = read_experiment(write(text)).make_transformers()
    assert [(t.clip_below, t.channels) for t in made] == [
        *((-30, "left"), (-30, "right"), (None, "left"), (None, "right")),
    ]
    assert {t.n_mels for t in made} == {40}


def test_makes_a_seeded_embedder(write):
    text = 'seed = 7\n[[autoencoders]]\nkind = "f-rae"\nname = "f"\nn_units = 3\ncell = "lstm"\n'
    experiment = read_experiment(write(text))
    embedder = experiment.make_embedder(experiment.autoencoders[0])
    assert type(embedder) is FrequencyAutoencoderEmbedder
    assert (embedder.n_units, embedder.cell, embedder.random_state) == (3, "lstm", 7)
    expected = FrequencyAutoencoderEmbedder(n_units=3, cell="lstm", random_state=7).get_params()
    assert {**embedder.get_params(), "statistics": tuple(embedder.statistics)} == expected


def test_the_example_tells_of_every_key_of_our_own():
    text = EXAMPLE.read_text()
    assert read_experiment(EXAMPLE).title == "An experiment"
    # what is not for every corpus is a comment
    tables = tomllib.loads(
        re.sub(r'^# (train|test|\[\[regressors|(kind|name) = "ridge|alpha|repeats)', r"\1", text, flags=re.M)
    )
    for table, keys in _TABLES.items():
        absent = set(keys) - set(tables[table]) - {"name", "about", "layout"}
        assert not absent, table
    for array, keys in ARRAYS.items():
        assert set(keys) <= set().union(*tables[array])


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("esc10", FileNotFoundError, "neither a file nor a recipe; did you mean esc-10"),
        ("missing.toml", FileNotFoundError, "the recipes are esc-10, esc-10-contrastive, esc-50, "),
        (".", IsADirectoryError, "is a folder; give a configuration"),
        (3, TypeError, "path=3"),
    ],
)
def test_what_is_no_configuration(path, kind, message):
    with pytest.raises(kind, match=message):
        read_experiment(path)


@pytest.mark.parametrize("content", ["[corpus\n", b"\xff\xfe\x00", "a = 1\na = 2\n", b"RIFF\x00\x01\x02"])
def test_what_is_no_toml(write, content):
    path = write(content)
    with pytest.raises(ValueError, match="is not TOML") as caught:
        read_experiment(path)
    assert str(path) in str(caught.value)


def test_a_file_comes_before_a_recipe_of_its_name(write, monkeypatch, tmp_path):
    write(SMALL + "n_units = 3\n", "esc-10")
    monkeypatch.chdir(tmp_path)
    assert read_experiment("esc-10").autoencoders[0]["n_units"] == 3


def test_embedders_are_autoencoders(write):
    path = write('[[embedders]]\nkind = "contrastive"\nname = "c"\n')
    experiment = read_experiment(path, overrides={"embedders.c.n_units": 3})
    assert [(entry["kind"], entry["n_units"]) for entry in experiment.autoencoders] == [("contrastive", 3)]
    with pytest.raises(ValueError, match=r"\[\[embedders\]\] are the same as \[\[autoencoders\]\]"):
        read_experiment(write('[[embedders]]\nkind = "contrastive"\n' + SMALL))


def test_a_contrastive_embedder_has_its_parameters(write):
    lines = ('kind = "contrastive"', "conv_channels = [2, 3]", "conv_strides = [[2, 1], [1, 2]]", "max_tilt = 0")
    experiment = read_experiment(write("\n".join(["[[autoencoders]]", *lines])))
    embedder = experiment.make_embedder(experiment.autoencoders[0])
    assert type(embedder) is ContrastiveEmbedder
    expected = ContrastiveEmbedder(conv_channels=[2, 3], conv_strides=[[2, 1], [1, 2]], max_tilt=0, random_state=0)
    for name in ("conv_kernel", "statistics"):
        expected.set_params(**{name: list(getattr(expected, name))})
    assert embedder.get_params() == expected.get_params()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("conv_channels = [0]", "whole numbers of at least 1"),
        ("conv_kernel = [3]", "two whole numbers of at least 1"),
        ("conv_strides = [[1, 2], [1]]", "two whole numbers of at least 1, or such a pair for each convolution"),
        ("conv_strides = [1, 2.5]", "two whole numbers of at least 1, or such a pair for each convolution"),
        ("max_gain = -1", "a float in the range"),
        ("mask_silence = true", "the key 'mask_silence' is unknown"),
    ],
)
def test_wrong_parameters_of_a_contrastive_embedder(write, line, expected):
    with pytest.raises(ValueError, match=re.escape(expected)):
        read_experiment(write(f'[[autoencoders]]\nkind = "contrastive"\n{line}\n'))


class TestOverrides:
    TEXT = """
    [[autoencoders]]
    kind = "t-rae"
    name = "t"
    [[autoencoders]]
    kind = "f-rae"
    name = "f"
    [[classifiers]]
    kind = "mlp"
    [[classifiers]]
    kind = "svm"
    """

    def read(self, write, *texts):
        return read_experiment(write(self.TEXT), overrides=parse_overrides(texts))

    def test_go_to_all_that_have_the_key(self, write):
        experiment = self.read(write, "autoencoders.n_units=3", "autoencoders.window_width=5", "classifiers.C=0.5")
        assert [entry["n_units"] for entry in experiment.autoencoders] == [3, 3]
        assert experiment.autoencoders[1]["window_width"] == 5
        assert "window_width" not in experiment.autoencoders[0]
        assert experiment.classifiers[1]["C"] == 0.5

    def test_go_to_one_by_its_name(self, write):
        experiment = self.read(write, "autoencoders.f.n_units=3", "classifiers.mlp.max_epochs=2")
        assert [entry["n_units"] for entry in experiment.autoencoders] == [256, 3]
        assert experiment.classifiers[0]["max_epochs"] == 2

    def test_make_tables(self, write):
        experiment = self.read(write, "seed=4", "corpus.folds=3", "corpus.options.label=V_cat", "evaluation.test=test")
        assert experiment.seed == 4
        assert experiment.corpus["folds"] == 3
        assert experiment.corpus["options"] == {"label": "V_cat"}
        assert experiment.evaluation["test"] == ["test"]

    def test_a_path_is_from_here_and_not_from_the_file(self, write, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "sub").mkdir()
        path = write(self.TEXT, "sub/mine.toml")
        assert read_experiment(path, overrides={"corpus.path": "c"}).corpus["path"] == str(tmp_path / "c")

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("autoencoders.x.n_units=3", "no entry of .* is called 'x'; they are t, f"),
            ("autoencoders.n_unit=3", "'n_unit' is unknown; did you mean 'n_units'"),
            ("autoencoders.t.n_units.x=3", "write autoencoders.KEY or autoencoders.NAME.KEY"),
            ("classifiers.D=3", "'D' is unknown"),
            ("corpus.folds.x=3", "folds = {'x': 3}: expected an int"),
            ("autoencoders=3", "expected tables"),
        ],
    )
    def test_that_fit_nowhere_are_refused(self, write, override, message):
        with pytest.raises(ValueError, match=message):
            self.read(write, override)

    def test_of_an_array_that_is_not_there_are_refused(self, write):
        with pytest.raises(ValueError, match=r"classifiers\.C cannot be set, as there are no \[\[classifiers\]\]"):
            read_experiment(write(SMALL), overrides={"classifiers.C": 1})

    def test_are_written_as_in_toml_or_as_plain_text(self):
        texts = ["a=1", "b.c = 1e-3", "d=true", "e=[1, 'none']", "f=esc", "g='esc'", "h=x=y", "a=2", "i={train=1}"]
        assert parse_overrides(texts) == {
            **{"a": 2, "b.c": 1e-3, "d": True, "e": [1, "none"], "f": "esc", "g": "esc", "h": "x=y"},
            "i": {"train": 1},
        }

    @pytest.mark.parametrize("text", ["a", "=1", "a=", "a.b", ""])
    def test_of_another_form_are_refused(self, text):
        with pytest.raises(ValueError, match="write KEY=VALUE, for example autoencoders.max_epochs=2"):
            parse_overrides([text])

    def test_cannot_bring_in_further_keys(self):
        assert parse_overrides(["a=1\nb=2"]) == {"a": "1\nb=2"}
