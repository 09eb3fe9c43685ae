import pytest
from matplotlib import pyplot as plt

from skaudeep import plotting


@pytest.fixture
def options(monkeypatch):
    """Note what is asked of t-SNE, and place the points without it."""
    plt.switch_backend("Agg")
    seen = []

    def draw(X, labels, **options):
        seen.append(options)
        return plotting.EmbeddingDisplay.from_projection(X[:, :2], labels)

    monkeypatch.setattr(plotting.EmbeddingDisplay, "from_features", draw)
    return seen


def test_the_original_options_and_defaults(skaudeep, write_dataset, tmp_path, options):
    output = tmp_path / "x.png"
    done = skaudeep("visualize", "tsne", "--input", write_dataset(), "--output", output)
    assert (done.status, done.out) == (0, f"{output}\n")
    expected = {"method": "tsne", "perplexity": 50, "learning_rate": 1000, "random_state": None, "label_title": "Label"}
    assert options == [expected]
    skaudeep(
        "visualize",
        "tsne",
        "--input",
        write_dataset(),
        "--perplexity",
        5,
        "--learning-rate",
        20,
        "--seed",
        3,
        "-o",
        output,
    )
    assert options[1] == expected | {"perplexity": 5, "learning_rate": 20, "random_state": 3}


def test_a_real_picture_and_the_same_one_again(skaudeep, write_dataset, tmp_path):
    path = write_dataset()
    arguments = ["visualize", "tsne", "--input", path, "--perplexity", 4, "--learning-rate", 10, "--seed", 0, "-o"]
    assert [skaudeep(*arguments, tmp_path / name).status for name in ("x.svg", "y.svg")] == [0, 0]
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()


def test_too_few_instances_for_the_default(skaudeep, write_dataset, tmp_path):
    done = skaudeep("visualize", "tsne", "--input", write_dataset(), "-o", tmp_path / "x.png")
    assert done.status == 1
    assert "--perplexity 50 must be less than the number of instances, which is 12" in done.err


def test_bad_data_sets(skaudeep, bad_dataset, tmp_path):
    path, message = bad_dataset
    done = skaudeep("visualize", "tsne", "--input", path, "-o", tmp_path / "x.png")
    assert (done.status, message in done.err) == (1, True)


@pytest.mark.parametrize("option", [["--perplexity", "0"], ["--learning-rate", "x"]])
def test_wrong_usage(skaudeep, write_dataset, option):
    assert skaudeep("visualize", "tsne", "--input", write_dataset(), *option).status == 2
