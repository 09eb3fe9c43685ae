"""The page about a comparison, of candidates with evil names that need no training."""

import html.parser

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from skaudeep.evaluation import compare
from skaudeep.pages import write_comparison

EVIL = '"><img src=x onerror="alert(1)">{{ 7 * 7 }} $\\frac{'
GOOD = "</style><script>alert(2)</script>"


class Text(html.parser.HTMLParser):
    """Rows of text of each table, and the tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self.words, self._hidden, self._in_cell = [], [], [], False, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._hidden = tag == "style"
        if tag == "tr":
            self.rows.append([])
        self._in_cell = tag in ("th", "td")
        if self._in_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self._hidden = self._in_cell = False

    def handle_data(self, data):
        if not self._hidden:
            self.words.append(" ".join(data.split()))
            if self._in_cell:
                self.rows[-1][-1] += data.strip()

    @property
    def text(self):
        return " ".join(self.words)


def make(cv=3, **options):
    y = np.repeat(["a", "b"], [18, 12])
    candidates = {EVIL: FunctionTransformer(np.zeros_like), GOOD: FunctionTransformer()}
    X = (y == "a")[:, None] * np.ones((30, 2))
    return compare(candidates, X, y, cv=cv, seeds=1, classifier=LinearSVC(random_state=0), **options)


@pytest.fixture(scope="module")
def comparison():
    return make()


@pytest.fixture(scope="module")
def page(comparison, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    assert write_comparison(comparison, str(path), title=GOOD) == path
    return Text(path.read_text())


def test_names_are_text(page):
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags and tags.count("img") == 1
    assert page.text.count(EVIL) == 4  # in the note, among the scores, in two tables of differences
    assert "49" not in page.text
    assert ("h1", {}) in page.tags and GOOD in page.text


def test_scores_and_differences(page):
    by_name = [row for row in page.rows if row and row[0].startswith((EVIL, GOOD, "majority"))]
    dash = "\N{EN DASH}"
    # one seed and folds that are alike
    assert by_name[:3] == [
        [EVIL, "50.0", dash, "0.0", "60.0", dash, "0.0"],
        [GOOD, "100.0", dash, "0.0", "100.0", dash, "0.0"],
        ["majority (control)", "50.0", dash, "0.0", "60.0", dash, "0.0"],
    ]
    assert by_name[3] == [EVIL, "majority", "transductive", "+0.0", "+0.0 to +0.0", "1.000", "not told apart"]
    assert by_name[4][3:] == ["+50.0", "+50.0 to +50.0", "< 0.001", "above"]
    assert by_name[6][3:] == by_name[4][3:]  # by the bootstrap
    assert by_name[-1][0] == "majority" and "always the most frequent class" in by_name[-1][1]
    words = [word for word in page.words if word]
    at = words.index("Controls that are ahead of a candidate, or equal to it:")
    assert words[at + 1 : at + 3] == [f"{EVIL}: majority", "Results"]


def test_nothing_is_asked_for_from_the_network(page):
    ((_, image),) = [tag for tag in page.tags if tag[0] == "img"]
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert not [attributes for _, attributes in page.tags if "http" in str(attributes.get("href"))]
    policy = [attributes for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes]
    assert "default-src 'none'" in policy[0]["content"]


def test_the_same_gives_the_same(comparison, tmp_path):
    pages = [write_comparison(comparison, tmp_path / f"{i}.html").read_bytes() for i in range(2)]
    assert pages[0] == pages[1]


def test_protocols_and_a_single_fold(tmp_path):
    rows = np.arange(30)
    split = [(rows[::2], rows[1::2])]
    path = write_comparison(make(split, protocols=("transductive", "inductive")), tmp_path / "x.html")
    text = Text(path.read_text()).text
    assert "Transductive: the embedders have heard all recordings" in text
    assert "Inductive: embedders and classifiers have heard the training folds only" in text
    assert f"{EVIL} (inductive): majority" in text
    assert "bootstrap of samples" in text and "t-test" not in text


def test_a_path_is_needed(comparison):
    with pytest.raises(TypeError, match="path=3: give the path of a file"):
        write_comparison(comparison, 3)


def test_it_looks_right_in_a_browser(comparison, tmp_path, visit):
    seen = visit(write_comparison(comparison, tmp_path / "comparison.html"))
    assert not seen.complaints
    assert len(seen.requests) == 1 or all(url.startswith(("data:", "file:")) for url in seen.requests)
    assert seen.page.evaluate("document.images[0].naturalWidth") > 0
