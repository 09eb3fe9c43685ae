"""How spectrograms and features were made: kept, read, compared, joined."""

import json
import logging

import pytest

from skaudeep._provenance import (
    check_fused_provenance,
    check_same_provenance,
    decode_provenance,
    encode_provenance,
    find_differences,
    join_provenance,
    spectrogram_settings,
)
from skaudeep.exceptions import DataSetError

SETTINGS = {"sample_rate": 8000, "clip_below": -60, "channels": "mean", "fixed_length": 5, "n_mels": 128}
SPECTROGRAM = {"spectrogram": SETTINGS}


def spectrogram(**changes):
    return {"spectrogram": SETTINGS | changes}


def features(digest="a", of=SPECTROGRAM):
    return {"features": {"kind": "t-rae", "digest": digest}, "input": [of]}


@pytest.mark.parametrize("parts", [[SPECTROGRAM], [features(), {}], [features(of=features("b"))]])
def test_round_trip(parts):
    assert decode_provenance({"provenance": encode_provenance(parts)}, "x.nc") == parts


def test_a_data_set_that_does_not_say():
    assert decode_provenance({}, "x.nc") == [{}]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", "[1]", '[{"spectrogram": 1}]', '[{"features": {}}]', '[{"features": {}, "input": []}]', 3],
)
def test_damage_is_an_error_that_names_the_file(text):
    with pytest.raises(DataSetError, match=r"x\.nc: the attribute provenance is .*remove the attribute"):
        decode_provenance({"provenance": text}, "x.nc")


def test_settings_have_to_be_plain_values():
    with pytest.raises(DataSetError, match="expected settings as values that JSON knows"):
        encode_provenance([{"spectrogram": {"n_mels": object()}}])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([SPECTROGRAM], [SPECTROGRAM], {}),
        ([SPECTROGRAM], [spectrogram(sample_rate=44100)], {"sample_rate": (8000, 44100)}),
        ([SPECTROGRAM], [{"spectrogram": {}}], {name: (value, None) for name, value in SETTINGS.items()}),
        ([SPECTROGRAM], [{}], {}),
        ([{}], [SPECTROGRAM, SPECTROGRAM], {}),
        ([SPECTROGRAM], [SPECTROGRAM, SPECTROGRAM], {"fused parts": (1, 2)}),
        ([SPECTROGRAM], [features()], {"kind": ("spectrograms", "features of t-rae")}),
        ([features()], [features("b")], {"digest": ("a", "b")}),
        ([features()], [features(of=spectrogram(clip_below=-30))], {"clip_below": (-60, -30)}),
        ([features(of=features())], [features(of=features("b"))], {"digest": ("a", "b")}),
        ([SPECTROGRAM, {}], [SPECTROGRAM, spectrogram(n_mels=3)], {}),
        ([SPECTROGRAM, SPECTROGRAM], [SPECTROGRAM, spectrogram(n_mels=3)], {"n_mels": (128, 3)}),
    ],
)
def test_differences(one, other, expected):
    assert find_differences(one, other) == expected
    assert find_differences(other, one) == {name: values[::-1] for name, values in expected.items()}


def test_a_difference_is_refused_with_both_values_and_the_remedy():
    with pytest.raises(
        DataSetError,
        match=r"new\.nc was not made like old\.nc: sample_rate 8000 and 44100, clip_below -60 and None .*: extract "
        r"again, or pass check_settings=False",
    ):
        check_same_provenance(
            [SPECTROGRAM],
            [spectrogram(sample_rate=44100, clip_below=None)],
            ("old.nc", "new.nc"),
            remedy="extract again",
        )


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (spectrogram(fixed_length=3), "old.nc and new.nc were made with different fixed_length 5 and 3"),
        ({}, "new.nc does not say how its spectrograms were made: nobody can check that it fits to old.nc"),
    ],
)
def test_what_only_warns(caplog, other, message):
    with caplog.at_level(logging.WARNING):
        check_same_provenance([SPECTROGRAM], [other], ("old.nc", "new.nc"), remedy="")
    assert caplog.messages == [message]


def test_where_nothing_is_known_nothing_is_said(caplog):
    check_same_provenance([{}], [{}], ("old.nc", "new.nc"), remedy="")
    assert not caplog.messages


@pytest.mark.parametrize("changes", [{"clip_below": -30}, {"channels": "left"}, {"clip_above": -3}, {}])
def test_parts_of_the_paper_may_be_fused(changes):
    check_fused_provenance([[features()], [features("b", spectrogram(**changes))], [{}]], ["a", "b", "c"], remedy="")


@pytest.mark.parametrize("changes", [{"sample_rate": 16000}, {"fixed_length": 3}, {"n_mels": 40}, {"pre_emphasis": 1}])
def test_other_parts_may_not(changes):
    with pytest.raises(DataSetError, match=rf"c was not made like a: {next(iter(changes))} "):
        check_fused_provenance(
            [[features()], [{}], [features(of=SPECTROGRAM), features(of=spectrogram(**changes))]],
            ["a", "b", "c"],
            remedy="",
        )


def test_what_is_joined_keeps_what_is_the_same():
    joined = join_provenance([[features()], [features(of=spectrogram(fixed_length=3))]])
    kept = {name: value for name, value in SETTINGS.items() if name != "fixed_length"}
    assert joined == [features(of={"spectrogram": kept})]
    assert join_provenance([[SPECTROGRAM], [{}]]) == [{}]
    assert join_provenance([[SPECTROGRAM], [SPECTROGRAM, SPECTROGRAM]]) == [{}]
    assert join_provenance([[SPECTROGRAM], [features()]]) == [{}]


def test_settings_of_spectrograms():
    assert spectrogram_settings([SPECTROGRAM]) == SETTINGS
    assert [spectrogram_settings(p) for p in ([{}], [features()], [SPECTROGRAM] * 2)] == [None] * 3
    json.dumps(SETTINGS)
