"""How spectrograms and features were made: it travels with them, and is compared where two of them meet.

The provenance of a data set is a list with an entry for each of the parts that were fused to it. An entry is one of

* ``{"spectrogram": {...}}``: spectrograms, and their settings by name;
* ``{"features": {...}, "input": [...]}``: features, what made them, and the provenance of what they were made of;
* ``{}``: a part of which nothing is known.
"""

import json
import logging

from skaudeep.exceptions import DataSetError, param

#: The attribute of a data set that holds its provenance, as JSON.
PROVENANCE = "provenance"

#: Settings that say which piece of a recording a spectrogram shows, and not what a value in it means.
LENGTH_SETTINGS = frozenset({"fixed_length", "center_fixed", "chunk_length", "chunk_count"})
#: Settings in which spectrograms of the same recordings may differ that are fused, as in the papers on auDeep.
FUSED_SETTINGS = frozenset({"clip_below", "clip_above", "channels"})

_log = logging.getLogger(__name__)


def encode_provenance(parts):
    """Give the attribute that `decode_provenance` reads."""
    try:
        return json.dumps(parts, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataSetError(f"{parts!r:.200}: expected settings as values that JSON knows ({error})") from error


def decode_provenance(attributes, source):
    """Read the provenance of a data set.

    Parameters
    ----------
    attributes : mapping
        Attributes of the data set.
    source : str
        What messages call it.

    Returns
    -------
    list of dict
        As described above; one empty entry where the data set does not say.

    Raises
    ------
    DataSetError
        If the attribute is damaged.
    """
    text = attributes.get(PROVENANCE)
    if text is None:
        return [{}]
    try:
        parts = json.loads(text)
    except (TypeError, ValueError):
        parts = None
    if not _is_provenance(parts):
        raise DataSetError(
            f"{source}: the attribute {PROVENANCE} is {str(text)[:80]!r}, expected JSON on how features were made; "
            "remove the attribute to go on without"
        )
    return parts


def _is_provenance(parts):
    return isinstance(parts, list) and bool(parts) and all(_is_entry(part) for part in parts)


def _is_entry(part):
    if part == {}:
        return True
    if not isinstance(part, dict):
        return False
    if part.keys() == {"spectrogram"}:
        return isinstance(part["spectrogram"], dict)
    return part.keys() == {"features", "input"} and isinstance(part["features"], dict) and _is_provenance(part["input"])


def is_known(parts):
    """Tell whether anything is known of any part."""
    return any(parts)


def find_differences(one, other):
    """Compare two provenances; what is not known in one of them does not differ.

    Parameters
    ----------
    one, other : list of dict
        Provenances.

    Returns
    -------
    dict of str to tuple
        Pairs of unequal values by the name of the setting.
    """
    if len(one) != len(other):
        # of an empty entry nobody knows how many parts it stands for
        return {} if {} in one or {} in other else {"fused parts": (len(one), len(other))}
    found = {}
    for part, counterpart in zip(one, other, strict=True):
        for name, values in _differences_of_parts(part, counterpart).items():
            found.setdefault(name, values)
    return found


def _differences_of_parts(part, counterpart):
    if not part or not counterpart:
        return {}
    if part.keys() != counterpart.keys():
        return {"kind": (_kind(part), _kind(counterpart))}
    if "spectrogram" in part:
        return _unequal(part["spectrogram"], counterpart["spectrogram"])
    return _unequal(part["features"], counterpart["features"]) | find_differences(part["input"], counterpart["input"])


def _kind(part):
    return "spectrograms" if "spectrogram" in part else f"features of {part['features'].get('kind')}"


def _unequal(one, other):
    """Give pairs of values by the names under which two dictionaries do not hold the same."""
    names = dict.fromkeys([*one, *other])
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def check_same_provenance(one, other, sources, *, remedy):
    """Refuse to use together what was not made in the same way.

    A different length of the recordings is only logged, as is that one of two does not say how it was made.

    Parameters
    ----------
    one, other : list of dict
        Provenances.
    sources : tuple of (str, str)
        What messages call the two.
    remedy : str
        What to do about a difference, the end of a sentence.

    Raises
    ------
    DataSetError
        If they differ.
    """
    source, other_source = sources
    differences = find_differences(one, other)
    lengths = {name: values for name, values in differences.items() if name in LENGTH_SETTINGS}
    _refuse({name: values for name, values in differences.items() if name not in lengths}, sources, remedy)
    if lengths:
        _log.warning("%s and %s were made with different %s", source, other_source, _in_words(lengths))
    silent = [name for parts, name in ((one, source), (other, other_source)) if not is_known(parts)]
    if len(silent) == 1:
        _log.warning(
            "%s does not say how its spectrograms were made: nobody can check that it fits to %s",
            silent[0],
            other_source if silent[0] == source else source,
        )


def check_all_same_provenance(provenances, sources, *, remedy):
    """Compare each of several provenances with the first one in which anything is known, as `check_same_provenance`.

    Parameters
    ----------
    provenances : list of list of dict
        One for each data set.
    sources : list of str
        What messages call them.
    remedy : str
        What to do about a difference, the end of a sentence.
    """
    known = [pair for pair in zip(provenances, sources, strict=True) if is_known(pair[0])]
    if not known:
        return
    first, first_source = known[0]
    for parts, source in zip(provenances, sources, strict=True):
        check_same_provenance(first, parts, (first_source, source), remedy=remedy)


def check_fused_provenance(provenances, sources, *, remedy):
    """Refuse to fuse what was made of different pieces, or in other than the usual ways, of the same recordings.

    Parameters
    ----------
    provenances : list of list of dict
        One for each data set.
    sources : list of str
        What messages call them.
    remedy : str
        What to do about a difference, the end of a sentence.

    Raises
    ------
    DataSetError
        If settings differ other than `FUSED_SETTINGS`.
    """
    first = None
    for parts, source in zip(provenances, sources, strict=True):
        for settings in _spectrogram_settings(parts):
            if first is None:
                first = settings, source
            differences = _unequal(first[0], settings)
            differences = {name: values for name, values in differences.items() if name not in FUSED_SETTINGS}
            _refuse(differences, (first[1], source), remedy)


def _spectrogram_settings(parts):
    """Find all settings of spectrograms in a provenance."""
    for part in parts:
        if "spectrogram" in part:
            yield part["spectrogram"]
        else:
            yield from _spectrogram_settings(part.get("input", []))


def spectrogram_settings(parts):
    """Give the settings of a data set of spectrograms; None where they are not known or not of one kind."""
    return parts[0].get("spectrogram") if len(parts) == 1 else None


def join_provenance(provenances):
    """Give what holds for instances of several data sets of the same provenance; settings that differ are left out."""
    joined = provenances[0]
    for parts in provenances[1:]:
        joined = _common(joined, parts)
    return joined


def _common(one, other):
    if len(one) != len(other):
        return [{}]
    return [_common_part(*pair) for pair in zip(one, other, strict=True)]


def _common_part(part, counterpart):
    if part.keys() != counterpart.keys() or not part:
        return {}
    if "spectrogram" in part:
        return {"spectrogram": _equal(part["spectrogram"], counterpart["spectrogram"])}
    features = _equal(part["features"], counterpart["features"])
    return {"features": features, "input": _common(part["input"], counterpart["input"])}


def _equal(one, other):
    return {name: value for name, value in one.items() if name in other and other[name] == value}


def _refuse(differences, sources, remedy):
    if not differences:
        return
    source, other = sources
    raise DataSetError(
        f"{other} was not made like {source}: {_in_words(differences)} (of {source} and of {other}). They do not fit "
        f"together: {remedy}, or pass {param('check_settings', False)} to use them all the same"
    )


def _in_words(differences):
    return ", ".join(f"{name} {_short(one)} and {_short(other)}" for name, (one, other) in differences.items())


def _short(value):
    return f"{value:g}" if isinstance(value, float) else str(value)
