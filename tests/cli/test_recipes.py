"""``skaudeep recipes``."""

import pytest

from skaudeep.experiment._config import read_experiment
from skaudeep.experiment._recipes import list_recipes, read_recipe


def test_lists_them(skaudeep):
    done = skaudeep("recipes")
    assert done.status == 0
    assert done.err == ""
    for name in list_recipes():
        corpus = read_experiment(name).corpus
        for text in (f"{name}\n", corpus["name"], corpus["about"], corpus["layout"]):
            assert text in done.out
    assert [line for line in done.out.split("\n") if line in list_recipes()] == list_recipes()


def test_lists_them_for_machines(skaudeep):
    assert skaudeep("recipes", "-q").out.split() == list_recipes()
    listed = skaudeep("recipes", "--json").json
    assert [recipe["recipe"] for recipe in listed] == list_recipes()
    assert all(recipe[key] for recipe in listed for key in ("about", "corpus", "from", "layout"))


@pytest.mark.parametrize("options", [[], ["-q"]])
@pytest.mark.parametrize("name", list_recipes())
def test_prints_one_to_begin_with(skaudeep, name, options, tmp_path):
    done = skaudeep("recipes", name, *options)
    assert done.out == read_recipe(name)
    (tmp_path / "mine.toml").write_text(done.out)
    mine, recipe = read_experiment(tmp_path / "mine.toml").to_dict(), read_experiment(name).to_dict()
    assert mine == recipe


def test_prints_one_for_machines(skaudeep):
    assert skaudeep("recipes", "gtzan", "--json").json == read_experiment("gtzan").to_dict()


def test_unknown(skaudeep):
    done = skaudeep("recipes", "esc-1")
    assert done.status == 1
    assert done.err == "skaudeep: error: 'esc-1' is not a recipe; did you mean esc-10?\n"
    assert done.out == ""
    assert skaudeep("recipes", "esc-10", "gtzan").status == 2
