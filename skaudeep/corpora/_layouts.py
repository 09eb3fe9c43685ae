"""Recordings in folders that tell their class, fold or partition by their names."""

import re
from pathlib import PurePosixPath

import pandas as pd

from skaudeep._validation import Options, StrOptions, validate_params
from skaudeep.corpora._bunch import PARTITION_NUMBERS, make_bunch, number_classes
from skaudeep.corpora.find import (
    describe_nothing,
    find_recordings,
    fitting_folder,
    holds_audio,
    paths_below,
    reasons_below,
    subfolders,
)
from skaudeep.exceptions import DataSetError, param

FOLDER_LAYOUT = "Expected a folder of audio files for every class (CLASS/NAME.wav) or audio files only (NAME.wav)."
PARTITIONED_LAYOUT = "Expected class folders in a folder for every partition ({train,devel,test}/CLASS/NAME.wav)."
CROSS_VALIDATED_LAYOUT = "Expected class folders in a folder for every fold (fold_1/CLASS/NAME.wav)."

_FOLD = re.compile(r"fold[_ -]?(\d+)", re.IGNORECASE)


@validate_params(
    {
        "folder": "no_validation",
        "classes": [StrOptions({"auto"}), Options(bool, {True, False})],
        "pattern": [str, None],
        "on_unreadable": [StrOptions({"raise", "skip"})],
    },
    prefer_skip_nested_validation=True,
)
def load_folder(folder, *, classes="auto", pattern=None, on_unreadable="raise"):
    r"""Find the recordings in a plain folder, or in one folder per class.

    Parameters
    ----------
    folder : str or path-like
        A folder with a subfolder for every class, whose name becomes the name of the class, or with audio
        files directly in it, which then have no class. Subfolders of a class belong to the class. Any
        format that libsndfile reads is found by its suffix; hidden files are left out.
    classes : "auto" or bool, default="auto"
        Whether the subfolders are classes. True: files directly in `folder` have no label. False: nothing has one,
        however deep it lies. "auto": they are, unless there are audio files directly in `folder`; there must
        not be both.
    pattern : str, default=None
        What the names of files tell, a regular expression that fits the whole path of each recording below `folder`,
        without its suffix. What its group `label` stands for is the class, instead of the folder, and what its group
        `group` stands for is common to recordings that belong together, such as a speaker:
        ``r"(?P<label>\d)_(?P<group>\w+)_\d+"`` for ``7_jackson_32.wav``.
    on_unreadable : {"raise", "skip"}, default="raise"
        Whether recordings that cannot be read as they are, such as .m4a files or audio in files without a suffix,
        are an error, or left out and listed in `unreadable`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`; a folder says nothing about folds, and of groups what `pattern` says.
        `filenames` are paths below `folder`.

    Raises
    ------
    DataSetError
        If `folder` is missing, is a file, holds no audio, mixes both layouts, or holds recordings that cannot be read;
        the message counts them and says what helps. If `pattern` is not a regular expression with these groups, or a
        recording does not fit it.

    See Also
    --------
    load_corpus : Recordings in a folder whose layout is recognised.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["rain/1.wav", "dog/2.flac", "dog/1.WAV"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(exist_ok=True)
    ...         file.touch()
    ...     corpus = load_folder(folder)
    >>> corpus.filenames.tolist()
    ['dog/1.WAV', 'dog/2.flac', 'rain/1.wav']
    >>> corpus.target
    array([0, 0, 1])

    Names that tell something:

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["7_jackson_0.wav", "7_theo_0.wav", "8_theo_1.wav"]:
    ...         pathlib.Path(folder, name).touch()
    ...     corpus = load_folder(folder, pattern=r"(?P<label>\d)_(?P<group>\w+)_\d+")
    >>> corpus.target_names[corpus.target].tolist(), corpus.groups.tolist()
    (['7', '7', '8'], ['jackson', 'theo', 'theo'])
    """
    folder = fitting_folder(folder, _fits_audio, FOLDER_LAYOUT)
    found = find_recordings(folder, on_unreadable)
    names = found.names
    told = {} if pattern is None else _read_names(names, pattern, folder)
    labels = [name.rpartition("/")[0].partition("/")[0] for name in names]
    if "label" in told:
        labels = told["label"]
    elif classes is False:
        labels = [""] * len(names)
    elif classes is True and not any(labels):
        raise DataSetError(
            f"No subfolders with audio in {folder}, but {param('classes', True)} takes them for classes."
        )
    elif classes == "auto" and any(labels) and not all(labels):
        flat = names[labels.index("")]
        nested = next(name for name, label in zip(names, labels, strict=True) if label)
        raise DataSetError(
            f"{folder} holds audio both directly ({flat}) and in subfolders ({nested}), so it is not clear whether "
            f"subfolders are classes. {FOLDER_LAYOUT} Or say so: with {param('classes', True)} files outside of them "
            f"have no label, with {param('classes', False)} nothing has."
        )
    target, target_names = number_classes(labels)
    nested = () if "label" in told else _nested_note(names, labels, 1)
    no_labels = ("no labels, as there are no folders for classes",) if classes == "auto" and target is None else ()
    return make_bunch(
        paths_below(folder, names),
        names,
        target=target,
        target_names=target_names,
        groups=told.get("group"),
        notes=(*no_labels, *nested, *found.notes),
        unreadable=reasons_below(folder, found),
    )


def _read_names(names, pattern, folder):
    """Give what a pattern finds in the paths of all recordings, by the names of its groups."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DataSetError(f"{param('pattern', pattern)} is not a regular expression: {error}") from None
    told = {group: [] for group in expression.groupindex}
    if not told or not set(told) <= {"label", "group"}:
        raise DataSetError(
            f"{param('pattern', pattern)} has the groups {', '.join(told) or '(none with a name)'}; expected "
            "(?P<label>...), (?P<group>...) or both"
        )
    for name in names:
        found = expression.fullmatch(name.removesuffix(PurePosixPath(name).suffix))
        if found is None or None in found.groupdict().values():
            raise DataSetError(
                f"{folder}: the name {name} does not fit {param('pattern', pattern)}; the whole path below the folder "
                "has to, without its suffix"
            )
        for group, text in found.groupdict().items():
            told[group].append(text)
    return told


@validate_params(
    {"folder": "no_validation", "on_unreadable": [StrOptions({"raise", "skip"})]}, prefer_skip_nested_validation=True
)
def load_partitioned(folder, *, on_unreadable="raise"):
    """Find the recordings in a folder per partition with a folder per class.

    Parameters
    ----------
    folder : str or path-like
        A folder with the subfolders train, devel (or dev, val, valid, validation) and test (or eval), or some of
        them, with a subfolder for every class.
        Audio files directly in the folder of a partition have no label, as in a test partition whose labels
        are secret; there must not be both in one partition.
    on_unreadable : {"raise", "skip"}, default="raise"
        Whether recordings that cannot be read as they are, such as .m4a files or audio in files without a suffix,
        are an error, or left out and listed in `unreadable`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`; `filenames` are paths below `folder`.

    Raises
    ------
    DataSetError
        If `folder` is missing or has another layout, or holds recordings that cannot be read.

    See Also
    --------
    load_cross_validated : The same with folds.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_partitioned
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["train/dog/1.wav", "train/rain/1.wav", "devel/dog/2.wav", "test/3.wav"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(parents=True, exist_ok=True)
    ...         file.touch()
    ...     corpus = load_partitioned(folder)
    >>> corpus.filenames.tolist()
    ['devel/dog/2.wav', 'test/3.wav', 'train/dog/1.wav', 'train/rain/1.wav']
    >>> corpus.partition, corpus.target
    (array([1., 2., 0., 0.]), array([ 0., nan,  0.,  1.]))
    """
    folder = fitting_folder(folder, fits_partitioned, PARTITIONED_LAYOUT)
    return _load_parts(folder, "partition", _partition_number, PARTITIONED_LAYOUT, on_unreadable)


@validate_params(
    {"folder": "no_validation", "on_unreadable": [StrOptions({"raise", "skip"})]}, prefer_skip_nested_validation=True
)
def load_cross_validated(folder, *, on_unreadable="raise"):
    """Find the recordings in a folder per fold with a folder per class.

    Parameters
    ----------
    folder : str or path-like
        A folder with the subfolders fold_1, fold_2, ... (or fold1, fold-1), each with the recordings on which that
        fold is validated in a subfolder for every class. Audio files directly in the folder of a fold have no
        label; there must not be both in one fold.
    on_unreadable : {"raise", "skip"}, default="raise"
        Whether recordings that cannot be read as they are, such as .m4a files or audio in files without a suffix,
        are an error, or left out and listed in `unreadable`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`; `filenames` are paths below `folder`.

    Raises
    ------
    DataSetError
        If `folder` is missing or has another layout, holds recordings that cannot be read, or two of its folders have
        the same number.

    See Also
    --------
    load_partitioned : The same with partitions.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_cross_validated
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["fold_1/dog/1.wav", "fold_1/rain/1.wav", "fold_2/dog/2.wav"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(parents=True, exist_ok=True)
    ...         file.touch()
    ...     corpus = load_cross_validated(folder)
    >>> corpus.cv.test_fold.tolist()
    [1, 1, 2]
    """
    folder = fitting_folder(folder, fits_cross_validated, CROSS_VALIDATED_LAYOUT)
    return _load_parts(folder, "folds", _fold_number, CROSS_VALIDATED_LAYOUT, on_unreadable)


def fits_folder(folder):
    """Say why a folder is not a plain tree of audio in class folders or without classes, or None if it is one."""
    names = subfolders(folder)
    folds = [name for name in names if _fold_number(name) is not None]
    parts = [name for name in names if _partition_number(name) is not None]
    # a class may be called train, as in corpora of vehicles, but hardly a second one devel or test
    if folds or len(parts) > 1:
        return f"folders such as {(folds + parts)[0]}, which are not classes,"
    # nor are train-clean-100 and test-clean, where there is nothing else
    numbers = {name: _partition_in(name) for name in names}
    if len({number for number in numbers.values() if number is not None}) > 1:
        others = [name for name, number in numbers.items() if number is None]
        if not any(holds_audio(folder / name, readable=True) for name in others):
            first = next(name for name, number in numbers.items() if number is not None)
            return (
                f"folders such as {first}, which are partitions and no classes ({param('kind', 'folder')} if they are),"
            )
    return _fits_audio(folder)


def fits_partitioned(folder):
    """Say why a folder is not divided into partitions, or None if it is."""
    return _fits_parts(folder, _partition_number, "train, devel or test")


def fits_cross_validated(folder):
    """Say why a folder is not divided into folds, or None if it is."""
    return _fits_parts(folder, _fold_number, "fold_1, fold_2, ...")


def _fits_audio(folder):
    return None if holds_audio(folder) else describe_nothing(folder)


def _fits_parts(folder, number_of, what):
    """Say whether there are folders for parts, with audio, and no audio in folders that are not parts."""
    names = subfolders(folder)
    parts = [name for name in names if number_of(name) is not None]
    if not parts:
        return f"no folders {what}"
    if not any(holds_audio(folder / name) for name in parts):
        return f"no audio files in the folders {', '.join(parts)}"
    others = (name for name in names if _partition_number(name) is None and _fold_number(name) is None)
    foreign = next((name for name in others if holds_audio(folder / name, readable=True)), None)
    return None if foreign is None else f"folders with audio besides {parts[0]}, such as {foreign},"


def _partition_number(name):
    return PARTITION_NUMBERS.get(name.lower())


def _partition_in(name):
    """Return the number of the partition that a name tells, as train-clean-100 does; None if it tells none."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((PARTITION_NUMBERS[word] for word in words if word in PARTITION_NUMBERS), None)


def _fold_number(name):
    fold = _FOLD.fullmatch(name)
    return None if fold is None else int(fold[1])


def _load_parts(folder, argument, number_of, layout, on_unreadable):
    """Load a Bunch of the recordings in the folders of partitions or folds."""
    found = find_recordings(folder, on_unreadable)
    names = found.names
    folders = [name.rpartition("/")[0].partition("/") for name in names]
    parts = pd.Series([part for part, _, _ in folders], dtype=object)
    labels = pd.Series([below.partition("/")[0] for _, _, below in folders], dtype=object)
    numbers = {part: number_of(part) for part in parts.unique()}
    for part, number in numbers.items():
        first = names[(parts == part).argmax()]
        if number is None:
            raise DataSetError(f"{folder} holds {first} outside of the folders of its parts. {layout}")
        same = [other for other in numbers if numbers[other] == number]
        if len(same) > 1:
            raise DataSetError(f"The folders {' and '.join(same)} in {folder} mean the same; rename one of them.")
        if labels[parts == part].eq("").nunique() > 1:
            raise DataSetError(
                f"{folder / part} holds audio both directly and in subfolders, so it is not clear whether these are "
                f"classes. {layout}"
            )
    target, target_names = number_classes(labels)
    return make_bunch(
        paths_below(folder, names),
        names,
        target=target,
        target_names=target_names,
        notes=(*_nested_note(names, labels, 2), *found.notes),
        unreadable=reasons_below(folder, found),
        **{argument: parts.map(numbers)},
    )


def _nested_note(names, labels, depth):
    """Make the note on classes that are all in subfolders; `depth` is that of the files of a class without."""
    labelled = [name for name, label in zip(names, labels, strict=True) if label]
    if not labelled or any(name.count("/") <= depth for name in labelled):
        return ()
    return (f"subfolders of classes are part of them (such as {labelled[0].rpartition('/')[0]})",)
