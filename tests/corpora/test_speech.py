import pytest

from skaudeep.corpora._speech import load_speech_commands
from skaudeep.corpora.kinds import load_corpus
from skaudeep.exceptions import DataSetError

WORDS = [
    "no/a1_nohash_0.wav",
    "yes/a1_nohash_0.wav",
    "yes/b2_nohash_0.wav",
    "yes/b2_nohash_1.wav",
    "yes/c3_nohash_0.wav",
]
LISTS = {
    "validation_list.txt": "yes/b2_nohash_0.wav\nyes/b2_nohash_1.wav\n",
    "testing_list.txt": "yes/c3_nohash_0.wav\n",
    "README.md": "",
    "LICENSE": "Creative Commons",
}


def test_speech_commands(tree, check_dataset):
    folder = tree(*WORDS, texts=LISTS)
    for load in (load_speech_commands, load_corpus):
        corpus = load(folder)
        assert corpus.filenames.tolist() == WORDS
        assert corpus.data[0] == str(folder / "no" / "a1_nohash_0.wav")
        assert corpus.target_names.tolist() == ["no", "yes"]
        assert corpus.groups.tolist() == ["a1", "a1", "b2", "b2", "c3"]
        assert [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()] == [([0, 1], [2, 3])]
    check_dataset(
        corpus,
        label_nominal=dict(zip(WORDS, ["no", "yes", "yes", "yes", "yes"], strict=True)),
        partition=dict(zip(WORDS, [0, 0, 1, 1, 2], strict=True)),
    )


def test_noises_are_no_word_and_other_names_are_speakers_of_their_own(tree):
    names = [*WORDS, "yes/other.wav", "_background_noise_/pink_noise.wav", "_background_noise_/README.md"]
    corpus = load_speech_commands(tree(*names, texts=LISTS))
    assert corpus.filenames.tolist() == [*WORDS, "yes/other.wav"]
    assert corpus.groups[-1] == "yes/other.wav"
    assert corpus.DESCR.endswith("without 1 in _background_noise_.")


def test_what_cannot_be_read_is_no_reason_to_miss_it(tree):
    folder = tree(*WORDS[:-1], "yes/c3_nohash_0.m4a", texts={**LISTS, "testing_list.txt": "yes/c3_nohash_0.m4a\n"})
    with pytest.raises(DataSetError, match=r"1 of the 5 recordings .*c3_nohash_0\.m4a"):
        load_speech_commands(folder)
    corpus = load_speech_commands(folder, on_unreadable="skip")
    assert corpus.partition.tolist() == [0, 0, 1, 1] and len(corpus.unreadable) == 1


@pytest.mark.parametrize(
    ("names", "texts", "message"),
    [
        (WORDS[:-1], LISTS, r"1 of the 1 recordings that .*testing_list\.txt names .* yes/c3_nohash_0\.wav \(line 1\)"),
        ([*WORDS, "loose.wav"], LISTS, r"holds loose\.wav outside of the folders of words\. Expected"),
        (["_background_noise_/x.wav"], dict.fromkeys(LISTS, ""), r"No recordings of words in .*Expected"),
        (WORDS, {"testing_list.txt": ""}, r"No list validation_list\.txt in .*Expected"),
    ],
)
def test_what_is_wrong_is_named(tree, names, texts, message):
    with pytest.raises(DataSetError, match=message):
        load_speech_commands(tree(*names, texts=texts))
