"""A report of an experiment with two settings, three classes of evil names, and a tiny trained autoencoder."""

import html.parser
import json
import pathlib
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pytest

from skaudeep import Seq2SeqAutoencoderEmbedder
from skaudeep.datasets import make_dataset
from skaudeep.experiment._train import train_autoencoder
from skaudeep.io import write_netcdf
from skaudeep.pages import write_report

CLASSES = [
    '"><img src=x onerror="alert(1)">',
    "</script><script>alert(2)</script>",
    "<b>$\\frac{</b> \N{DOG FACE} " + "x" * 200,
]
TITLE = "<h1>&amp; {{ 7 * 7 }}"
CONFIGURATION = {
    "title": TITLE,
    "seed": 0,
    "corpus": {"path": "sounds", "folds": None},
    "spectrograms": {"clip_below": [-30, None], "center_fixed": True},
    "autoencoders": [{"kind": "t-rae", "max_epochs": 2}],
    "classifiers": [{"kind": "mlp", "repeats": 2}, {"kind": "svm", "C": 0.01}],
    "fusion": {},
}
# accuracy by features and classifier: of two repeats and two folds, or of one repeat
SCORES = {
    ("30dB", "mlp"): [[0.5, 0.7], [0.6, 0.8]],
    ("30dB", "svm"): [[0.4, 0.6]],
    ("unclipped", "mlp"): [[0.9, 0.8], [0.7, 0.8]],
}


class Page(html.parser.HTMLParser):
    """Text and images of a page, as a browser would understand it."""

    def __init__(self, text):
        super().__init__()
        self.words, self.images, self.tags, self._hidden = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))
        self._hidden = tag if tag in ("style", "script") else self._hidden

    def handle_endtag(self, tag):
        self._hidden = None if tag == self._hidden else self._hidden

    def handle_data(self, data):
        if not self._hidden and data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self):
        return " ".join(self.words)


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def stage(name, outputs, seconds):
    """The record of a stage."""
    known = {"digest": "", "own": "", "needs": {}, "parts": {}, "finished": "2025-01-02T03:04:05"}
    files = [None for _ in outputs]
    return {"name": name, "kind": name.split()[0], "outputs": outputs, "files": files, "seconds": seconds, **known}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of the experiment; not to be changed."""
    out = tmp_path_factory.mktemp("made") / "out"
    rng = np.random.default_rng(0)
    (out / "spectrograms").mkdir(parents=True)
    files = [f"{i}.wav" for i in range(6)]
    stages = [stage("extract", ["corpus.json"], 61.0)]
    for name in ("30dB", "unclipped"):
        ds = make_dataset(rng.uniform(-1, 1, (6, 8, 5)), files, label_nominal=CLASSES * 2)
        write_netcdf(ds, out / f"spectrograms/{name}.nc")
        stages[0]["outputs"].append(f"spectrograms/{name}.nc")
        stages[0]["files"].append(None)
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=2, random_state=0)
    train_autoencoder(embedder, out / "spectrograms/30dB.nc", out / "models/30dB")
    stages.append(stage("train 30dB", ["models/30dB"], 2.0))
    for (features, classifier), scores in SCORES.items():
        path = f"evaluations/{features}-{classifier}.json"
        evaluation = {"features": features, "classifier": classifier, "settings": {}, "classes": CLASSES}
        evaluation |= {"splits": ["fold 1", "fold 2"], "accuracy": scores, "recall": (np.array(scores) - 0.1).tolist()}
        write_json(out / path, evaluation | {"confusion": [[4, 1, 0], [0, 2, 0], [3, 0, 5]], "seconds": 1.0})
        stages.append(stage(f"evaluate {features} {classifier}", [path], 0.0))
    corpus = {"n_recordings": 1200, "n_files": 1200, "labels": dict.fromkeys(CLASSES, 400), "n_unlabelled": 0}
    corpus |= {"durations": {"total": 6000.0, "min": 4.0, "median": 5.0, "max": 6.0}, "sample_rates": {"44100": 1200}}
    corpus |= {"folds": [{"fold": 1, "training": 600, "validation": 600, "neither": 0}], "partitions": {}}
    corpus |= {"failed": [["bad.wav", "is truncated"]], "unreadable": [{"file": "bad.wav", "reason": "is truncated"}]}
    write_json(out / "corpus.json", corpus | {"path": "sounds", "parser": "folder", "targets": None})
    record = {"format": 1, "skaudeep": "0.0.1", "title": TITLE, "configuration": CONFIGURATION, "stages": stages}
    write_json(out / "experiment.json", record)
    return out


@pytest.fixture
def experiment(made, tmp_path):
    """A copy of the experiment, which may be changed."""
    return shutil.copytree(made, tmp_path / "out")


@pytest.fixture(scope="module")
def report(made, tmp_path_factory):
    """The page about the experiment as it is: its path."""
    return write_report(made, tmp_path_factory.mktemp("report") / "page.html")


@pytest.fixture(scope="module")
def page(report):
    """The same, parsed."""
    return Page(report.read_text())


def test_scores_are_those_of_the_evaluations(page):
    # repeats are averaged first: 55 and 75 %
    for text in ("65.0 ± 10.0", "50.0 ± 10.0", "80.0 ± 0.0 ★", "55.0 ± 10.0", "70.0 ± 0.0"):
        assert text in page.text
    assert "Best: 80.0 ± 0.0 % accuracy with unclipped, mlp." in page.text
    assert page.text.count("★") == 3  # in the table, where it is explained, above the confusion matrix
    # 8 of 15 are of one class, and there are 3
    assert "chance 53.3 33.3 53.3 33.3" in page.text
    assert "mean ± standard deviation over 2 folds, of the mean of up to 2 repeats" in page.text
    assert "unclipped, mlp, mean of 2 repeats Split accuracy % UAR % fold 1 80.0 70.0 fold 2 80.0 70.0" in page.text
    assert f"{CLASSES[2]} taken for {CLASSES[0]}: 3 of 8" in page.text


def test_everything_else_is_told(page):
    for text in (
        "1 min 03 s in total",
        "extract 1 min 01 s 2025-01-02 03:04",
        "Recordings 1,200",
        "1 h 40 min 00 s in total; shortest 4 s, median 5 s, longest 6 s",
        "44100 Hz (1,200 files)",
        "bad.wav is truncated",
        "clip_below -30, none",
        "center_fixed yes",
        "Run with skaudeep 0.0.1",
        "8 frames by 5 bins",
        "30dB t-rae 2 0.",
    ):
        assert text in page.text
    assert page.text.count("bad.wav") == 1
    folds = next(i for i, word in enumerate(page.words) if word == "Neither")
    assert page.words[folds + 1 : folds + 5] == ["1", "600", "600", "0"]


def test_all_pictures_are_there_and_described(page):
    # scores, confusion of 3, losses, a pair for each of 3 classes, 2 settings of 3 classes
    assert len(page.images) == 1 + 3 + 1 + 6 + 6
    assert all(image["src"].startswith("data:image/") and len(image["alt"]) > 10 for image in page.images)


def test_names_appear_as_they_are_and_run_nothing(page):
    assert page.words.count(CLASSES[0]) >= 2
    assert TITLE in page.words
    assert "49" not in page.text.split("Best")[0]
    assert "script" not in page.tags
    assert page.tags.count("b") == 0


def test_the_same_folder_gives_the_same_bytes(report, experiment):
    again = write_report(experiment)
    assert again == experiment / "report.html"
    assert again.read_bytes() == report.read_bytes()
    assert report.stat().st_size < 5e6


def test_in_a_browser(visit, report):
    for width in (1280, 400):
        seen = visit(report, width=width)
        assert seen.complaints == []
        assert [url for url in seen.requests if not url.startswith("data:")] == [report.as_uri()]
        assert seen.page.title() == TITLE
        loaded = seen.page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth > 0)")
        assert loaded == [True] * 17
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.page.locator("h1").inner_text() == TITLE
        seen.page.locator("summary").first.click()
        assert seen.page.get_by_text("mean of 2 repeats").first.is_visible()


def test_what_has_not_been_done_is_named(tmp_path):
    write_json(tmp_path / "experiment.json", {"title": "Begun", "configuration": {}, "stages": []})
    page = Page(write_report(tmp_path).read_text())
    for text in (
        "Nothing has been evaluated (yet)",
        "There are no predictions (yet)",
        "No network has been trained (yet)",
        "No spectrograms have been extracted (yet)",
        "The corpus has not been looked at (yet)",
        "No stage has been finished (yet)",
    ):
        assert text in page.text
    assert page.images == []


def test_what_is_lost_or_damaged_is_named(experiment):
    shutil.rmtree(experiment / "evaluations")
    (experiment / "spectrograms/unclipped.nc").write_text("no data set")
    for checkpoint in (experiment / "models/30dB/logs").glob("*.skaudeep"):
        checkpoint.write_text("no model")
    page = Page(write_report(experiment).read_text())
    assert "left out here: evaluations/30dB-mlp.json, " in page.text
    assert "unclipped.nc" in page.text
    assert "No reconstructions: the checkpoint" in page.text
    assert "Nothing has been evaluated" in page.text
    assert len(page.images) == 1 + 3


def test_files_that_no_stage_names_are_no_part_of_it(experiment):
    record = json.loads((experiment / "experiment.json").read_text())
    record["stages"] = [stage for stage in record["stages"] if "svm" not in stage["name"]]
    write_json(experiment / "experiment.json", record)
    page = Page(write_report(experiment).read_text())
    assert "50.0 ± 10.0" not in page.text
    assert "65.0 ± 10.0" in page.text


def test_of_partitions_there_is_no_spread(experiment):
    path = experiment / "evaluations/30dB-svm.json"
    evaluation = json.loads(path.read_text()) | {"splits": ["test"], "accuracy": [[0.5]], "recall": [[0.4]]}
    for other in (experiment / "evaluations").glob("*.json"):
        other.unlink()
    write_json(path, evaluation)
    page = Page(write_report(experiment).read_text())
    assert "In %, on test." in page.text
    assert "Best: 50.0 % accuracy" in page.text


@pytest.mark.parametrize("place", ["", "logs"])
def test_a_single_training_run(experiment, place):
    run = experiment / "models/30dB"
    page = Page(write_report(run / place).read_text())
    assert (run / "report.html").is_file()
    assert "Training of a network, t-rae" in page.text
    assert "n_units 4" in page.text
    assert "evaluated" not in page.text
    assert len(page.images) == 1 + 6 + 3


def test_a_damaged_record_leaves_an_older_page_as_it_was(experiment):
    (experiment / "report.html").write_text("older")
    (experiment / "experiment.json").write_text('{"title": ')
    with pytest.raises(ValueError, match=r"experiment.json' is damaged"):
        write_report(experiment)
    assert (experiment / "report.html").read_text() == "older"


def test_bad_places_are_refused_before_any_work(experiment, monkeypatch):
    monkeypatch.setattr("skaudeep.pages._report.read_experiment_record", None)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        write_report(experiment, experiment)
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        write_report(experiment, experiment / "x" / "page.html")
    with pytest.raises(TypeError, match="folder=3"):
        write_report(3)


def test_nothing_that_is_shown_is_replaced(experiment):
    run = experiment / "models/30dB"
    (spectrograms,) = [pathlib.Path(path) for path in json.loads((run / "training.json").read_text())["inputs"]]
    link = experiment / "link.html"
    link.hardlink_to(spectrograms)
    for folder, page in ((run, spectrograms), (run, link), (run / "logs", run / "training.json")):
        before = page.read_bytes()
        with pytest.raises(ValueError, match="cannot write .* which would be lost"):
            write_report(folder, page)
        assert page.read_bytes() == before
    with pytest.raises(ValueError, match="it is a file of the results, which would be lost"):
        write_report(experiment, experiment / "experiment.json")


def test_a_report_without_models_needs_no_network(tmp_path):
    write_json(tmp_path / "experiment.json", {"title": "Begun", "configuration": {}, "stages": []})
    code = (
        "import sys; from skaudeep.pages import write_report; write_report(sys.argv[1]); "
        "assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, timeout=60)


def test_the_document_of_settings_is_toml(made):
    text = write_report(made, made.parent / "toml.html").read_text()
    document = html.unescape(text.partition("<pre>")[2].partition("</pre>")[0])
    assert tomllib.loads(document) == json.loads(json.dumps(CONFIGURATION).replace("null", '"none"'))
