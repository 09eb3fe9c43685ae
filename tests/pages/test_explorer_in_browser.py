"""The explorer in a browser: points, cards, sounds, colours, search, keyboard; nothing is asked of the network."""

import numpy as np
import pytest

from skaudeep.datasets import make_dataset
from skaudeep.pages import write_explorer

HOSTILE = ['"><img src=x onerror="alert(1)">', "<b>x</b>", "</script><script>alert(1)</script>", "😀 " + "long " * 40]
#: Where a point is in the window.
PLACE = """i => {
    const chart = document.getElementById("chart"), {xaxis, yaxis} = chart._fullLayout;
    const {left, top} = chart.getBoundingClientRect();
    const {x, y} = JSON.parse(document.getElementById("data").textContent).projections[
        document.getElementById("projection").value];
    return [left + xaxis._offset + xaxis.l2p(x[i]), top + yaxis._offset + yaxis.l2p(y[i])];
}"""
NO_WEBGL = """
const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return kind.startsWith("webgl") ? null : real.call(this, kind, ...more);
};"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with recordings for all but the last of 12 files, and pages."""
    import soundfile

    folder = tmp_path_factory.mktemp("explorer")
    (folder / "sounds & more").mkdir()
    for i in range(11):
        noise = np.random.default_rng(i).uniform(-0.1, 0.1, 8000 + 800 * i)
        soundfile.write(folder / "sounds & more" / f"#{i} é.wav", noise, 8000)
    return folder


@pytest.fixture(scope="module")
def hostile(folder):
    """A page of 12 points with unpleasant labels; the last has neither spectrogram nor sound."""
    rng = np.random.default_rng(0)
    files = [f"#{i} é.wav" for i in range(12)]
    ds = make_dataset(
        rng.normal(size=(12, 5)),
        files,
        label_nominal=[*HOSTILE * 2, "plain", "plain", "plain", ""],
        partition=["train", "test"] * 6,
        cv_folds=np.arange(12)[:, None] % 3 == np.arange(3),
    )
    # a spectrogram is loudest in the corner that the number of the file says
    spectrograms = np.zeros((11, 16, 16))
    for i, spectrogram in enumerate(spectrograms):
        spectrogram[8 * (i % 2) :][:8, 8 * (i // 2 % 2) :][:, :8] = 1
    path = folder / "page.html"
    write_explorer(
        ds,
        path,
        spectrograms=make_dataset(spectrograms, files[:11]),
        audio=folder / "sounds & more",
        predictions=dict.fromkeys(files, HOSTILE[0]),
        random_state=0,
        title=HOSTILE[2],
    )
    return path


@pytest.fixture(scope="module")
def many(folder):
    """A page of more points than are drawn as SVG, with a scale of colours and few other things."""
    rng = np.random.default_rng(0)
    values = np.where(np.arange(1500) % 10, rng.normal(size=1500), np.nan)
    ds = make_dataset(rng.normal(size=(1500, 3)), [f"{i}.wav" for i in range(1500)], label_numeric=values)
    write_explorer(ds, folder / "many.html", methods="pca")
    return folder / "many.html"


def point_at(page, i):
    page.mouse.move(5, 5)
    page.mouse.move(*page.evaluate(PLACE, i))


def click_on(page, i):
    point_at(page, i)
    page.mouse.click(*page.evaluate(PLACE, i))


def n_points(page):
    return page.evaluate("document.getElementById('chart').data.slice(0, 2).reduce((n, t) => n + t.x.length, 0)")


def spectrogram_corner(page, card):
    """The corner of the picture in a card that is loudest: right, upper."""
    page.wait_for_function(
        f"(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 < 3 && v > 200))"
        f"(document.querySelector('{card} canvas'))"
    )
    return page.evaluate(
        f"""(canvas => [0.25, 0.75].flatMap(x => [0.25, 0.75].map(y => [x, y, canvas.getContext("2d").getImageData(
            x * canvas.width, y * canvas.height, 1, 1).data[0]])).sort((a, b) => b[2] - a[2])[0].slice(0, 2)
        )(document.querySelector("{card} canvas"))"""
    )


def test_the_page_asks_for_nothing_and_shows_text_as_it_is(hostile, visit):
    seen = visit(hostile)
    page = seen.page
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    assert page.title() == page.inner_text("h1") == HOSTILE[2]
    assert n_points(page) == 12
    names = page.locator("#legend .name").all_text_contents()
    assert sorted(names) == sorted([*HOSTILE, "plain", "unknown"])
    assert names[-1] == "unknown"
    for i in range(4):
        click_on(page, i)
        assert page.inner_text("#hover dd >> nth=0").split() == HOSTILE[i].split()
        assert page.inner_text("#selected dd >> nth=0").split() == HOSTILE[i].split()
    page.fill("#search", "<")
    page.wait_for_selector("#matches button")
    assert page.locator("#matches button").count() == 12  # as all predictions are
    assert page.locator("img").count() == 0
    addresses = {url for url in seen.requests if not url.startswith("data:image/")}
    sounds = hostile.parent / "sounds & more"
    assert addresses == {hostile.as_uri(), *((sounds / f"#{i} é.wav").as_uri() for i in range(4))}
    assert not dialogs
    assert not seen.complaints


def test_nothing_leads_elsewhere(hostile, visit):
    page = visit(hostile).page
    titles = page.eval_on_selector_all(".modebar-btn", "all => all.map(button => button.dataset.title)")
    assert titles == ["Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"]
    assert page.locator("a[href], link, iframe, form").count() == 0
    # nor would the policy of the page let it
    attempts = """() => Promise.all([
        fetch("https://example.org/").then(() => "open", () => "closed"),
        new Promise(done => Object.assign(new Image(), {onload: () => done("open"), onerror: () => done("closed"),
            src: "https://example.org/x.png"})),
    ])"""
    refused = []
    page.on("console", lambda message: refused.append("Content Security Policy" in message.text))
    assert page.evaluate(attempts) == ["closed", "closed"]
    assert len(refused) >= 2
    assert all(refused)


def test_pointing_shows_the_card_of_the_point(hostile, visit):
    page = visit(hostile).page
    assert not page.is_visible("#hover")
    for i in (0, 5, 10):
        point_at(page, i)
        page.wait_for_selector("#hover", state="visible")
        assert page.inner_text("#hover .file") == f"#{i} é.wav"
        terms, texts = (page.locator(f"#hover {name}").all_inner_texts() for name in ("dt", "dd"))
        assert terms == ["Label", "Partition", "Fold", "Prediction", "Right or wrong"]
        assert texts[1:3] == [["train", "test"][i % 2], str(i % 3 + 1)]
        assert texts[4] == ("right" if i == 0 else "wrong")
        right, up = i % 2, i // 2 % 2
        assert spectrogram_corner(page, "#hover") == [0.25 + 0.5 * right, 0.75 - 0.5 * up]
        box = page.locator("#hover").bounding_box()
        assert min(box["x"], box["y"]) >= 0
        assert box["x"] + box["width"] <= 1280
        assert box["y"] + box["height"] <= 800
        page.mouse.move(5, 5)
        page.wait_for_selector("#hover", state="hidden")


def test_clicking_plays_the_recording(hostile, visit):
    page = visit(hostile).page
    assert not page.is_visible("#player")
    click_on(page, 3)
    page.wait_for_function("document.getElementById('player').currentTime > 0")
    assert page.evaluate("document.getElementById('player').duration") == pytest.approx(1.3)
    assert page.get_attribute("#player", "src") == "./sounds%20%26%20more/%233%20%C3%A9.wav"
    assert page.inner_text("#selected .file") == "#3 é.wav"
    assert not page.is_visible("#sound")
    click_on(page, 11)
    assert page.inner_text("#sound") == "The recording was not found."
    assert "no spectrogram" in page.inner_text("#selected .card")
    assert not page.is_visible("#player")


def test_a_recording_that_has_moved(hostile, visit, folder, tmp_path):
    alone = tmp_path / "alone.html"
    alone.write_bytes(hostile.read_bytes())
    page = visit(alone).page
    click_on(page, 3)
    page.wait_for_selector("#sound", state="visible")
    assert "cannot be played. It may have been moved" in page.inner_text("#sound")


def test_sounds_inside_of_the_page(folder, visit, tmp_path):
    ds = make_dataset(np.eye(3), [f"#{i} é.wav" for i in (3, 11, 4)])
    audio = folder / "sounds & more"
    result = write_explorer(ds, tmp_path / "page.html", audio=audio, embed_audio=True, methods="pca")
    assert result.n_sounds == 2
    seen = visit(tmp_path / "page.html")
    click_on(seen.page, 2)
    seen.page.wait_for_function("document.getElementById('player').currentTime > 0")
    assert seen.page.evaluate("document.getElementById('player').duration") == pytest.approx(1.4, abs=0.2)
    click_on(seen.page, 1)
    assert seen.page.inner_text("#sound") == "This recording is not in the page."
    assert all(url.startswith(("data:", "file:///")) and not url.endswith(".wav") for url in seen.requests)
    assert not seen.complaints


def test_segments_play_from_their_start_and_chunks_as_a_whole(folder, visit, tmp_path):
    ds = make_dataset(np.eye(2), ["#3 é.wav#t=0.5,1"] * 2, chunk_nr=[0, 1])
    write_explorer(ds, tmp_path / "page.html", audio=folder / "sounds & more", methods="pca")
    page = visit(tmp_path / "page.html").page
    page.evaluate("document.getElementById('player').play = () => Promise.resolve()")
    click_on(page, 1)
    assert page.get_attribute("#player", "src").endswith("/%233%20%C3%A9.wav#t=0.5,1")
    assert "The whole recording, of which this is a chunk" in page.inner_text("#sound")
    assert page.inner_text("#selected dd >> nth=0") == "1"


def test_projections_and_colours_switch(hostile, visit):
    page = visit(hostile).page
    before = page.evaluate(PLACE, 0)
    assert "Component 1" in page.text_content(".xtitle")
    page.select_option("#projection", label="t-SNE")
    assert page.evaluate(PLACE, 0) != before
    point_at(page, 7)
    assert page.inner_text("#hover .file") == "#7 é.wav"
    for name, values in (("Partition", ["train", "test"]), ("Fold", ["1", "2", "3"])):
        page.select_option("#colour", label=name)
        assert page.inner_text("#legend h2") == name
        assert page.locator("#legend .name").all_text_contents() == values
        colours = page.evaluate("document.getElementById('chart').data[0].marker.color")
        assert colours[: len(values)] == [*dict.fromkeys(colours)]
    assert page.locator("#legend .number").all_text_contents() == ["4", "4", "4"]


def test_the_legend_hides_and_shows(hostile, visit):
    page = visit(hostile).page
    page.select_option("#colour", label="Fold")
    page.click("#legend li >> nth=1 >> input")
    assert n_points(page) == 8
    point_at(page, 2)
    assert page.inner_text("#hover .file") == "#2 é.wav"
    page.hover("#legend li >> nth=1")
    page.click("#legend li >> nth=1 >> button")
    assert n_points(page) == 4
    assert page.locator("#legend input:checked").count() == 1
    page.click("#none")
    assert n_points(page) == 0
    page.click("#all")
    assert n_points(page) == 12


def test_search(hostile, visit):
    page = visit(hostile).page
    page.fill("#search", "  #1")
    page.wait_for_selector("#matches button")
    assert page.inner_text("#count") == "3 of 12 found"
    assert [text.split(" é")[0] for text in page.locator("#matches button").all_inner_texts()] == ["#1", "#10", "#11"]
    opacity = page.evaluate("document.getElementById('chart').data[0].marker.opacity")
    assert [i for i, value in enumerate(opacity) if value == 1] == [1, 10, 11]
    page.click("#matches button >> nth=1")
    assert page.inner_text("#selected .file") == "#10 é.wav"
    page.fill("#search", "nowhere")
    page.wait_for_function("document.getElementById('count').textContent === '0 of 12 found'")
    page.fill("#search", "")
    page.wait_for_selector("#found", state="hidden")


def test_the_keyboard_goes_from_point_to_point(hostile, visit):
    page = visit(hostile).page
    page.focus("#chart")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#selected .file") == "#0 é.wav"
    here = page.evaluate(PLACE, 0)
    page.keyboard.press("ArrowLeft")
    i = int(page.inner_text("#selected .file").partition(" ")[0][1:])
    assert page.evaluate(PLACE, i)[0] <= here[0]
    assert page.evaluate("document.getElementById('player').paused")
    page.keyboard.press("Enter")
    page.wait_for_function("!document.getElementById('player').paused")


@pytest.mark.parametrize("script", [None, NO_WEBGL])
def test_many_points_with_and_without_a_graphics_card(many, visit, script):
    seen = visit(many, script=script)
    page = seen.page
    has_webgl = script is None and page.evaluate("!!document.createElement('canvas').getContext('webgl')")
    assert page.evaluate("document.getElementById('chart').data[0].type") == ("scattergl" if has_webgl else "scatter")
    assert n_points(page) == 1500
    assert page.evaluate("document.getElementById('chart').data[1].x.length") == 150
    assert page.inner_text("#legend h2") == "Label"
    assert page.locator("#legend li").all_inner_texts() == ["unknown\n150"]
    assert not page.is_visible("#legend .buttons")
    # the leftmost, which is above all others
    x = page.evaluate("JSON.parse(document.getElementById('data').textContent).projections[0].x")
    i = int(np.argmin(x))
    click_on(page, i)
    assert page.inner_text("#selected .file") == f"{i}.wav"
    assert not seen.complaints


def test_targets_that_are_numbers(folder, visit):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 2))
    values[3, 1] = np.nan
    ds = make_dataset(rng.normal(size=(40, 3)), [f"{i}.wav" for i in range(40)], partition=[0, 1] * 20)
    ds = ds.assign(targets=(("instance", "target"), values), target=["<b>a</b> & b", "valence"])
    write_explorer(ds, folder / "targets.html", methods="pca")
    seen = visit(folder / "targets.html")
    page = seen.page
    assert page.locator("#colour option").all_text_contents() == ["<b>a</b> & b", "valence", "Partition"]
    assert page.text_content(".cbtitle text") == "<b>a</b> & b"
    colours = page.evaluate("document.getElementById('chart').data[0].marker.color")
    np.testing.assert_allclose(colours, values[:, 0], rtol=1e-5)
    assert not page.is_visible("#legend")  # all are known
    point_at(page, 5)
    texts = page.locator("#hover dd").all_inner_texts()
    assert [float(text) for text in texts[:2]] == pytest.approx(values[5], rel=1e-5)
    page.select_option("#colour", label="valence")
    assert page.text_content(".cbtitle text") == "valence"
    assert page.locator("#legend li").all_inner_texts() == ["unknown\n1"]
    x, *more = page.evaluate("document.getElementById('chart').data[1].x")
    assert not more
    assert x == page.evaluate("JSON.parse(document.getElementById('data').textContent).projections[0].x[3]")
    point_at(page, 3)
    assert page.inner_text("#hover dd >> nth=1") == "unknown"
    page.select_option("#colour", label="Partition")
    assert page.is_visible("#legend .buttons")
    assert page.locator("#legend li").count() == 2
    assert not seen.complaints


def test_a_narrow_window(hostile, visit):
    page = visit(hostile, width=400, height=800).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.locator("#chart").bounding_box()["width"] >= 350
    click_on(page, 3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
