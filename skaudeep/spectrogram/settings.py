"""Settings of spectrograms as plain values, which data sets and models keep."""

import dataclasses

from skaudeep.spectrogram.extraction import FrontEnd, axes_at

#: Parameters of a transformer that do not change spectrograms.
IMMATERIAL = ("on_error", "n_jobs", "verbose")


def material_parameters(transformer):
    """Give the parameters that spectrograms depend on."""
    return {name: value for name, value in transformer.get_params().items() if name not in IMMATERIAL}


def describe_settings(transformer):
    """Give the settings of a fitted transformer in one form for equal spectrograms, as values that JSON knows."""
    settings = material_parameters(transformer)
    settings["sample_rate"] = transformer.sample_rate_
    if settings["f_max"] is None:
        settings["f_max"] = transformer.sample_rate_ / 2
    if settings["n_mels"] is None:
        settings["filterbank"] = None
    if not settings["pre_emphasis"]:
        settings["pre_emphasis"] = None
    if settings["fixed_length"] is None:
        settings["center_fixed"] = False
    in_order = [name for name in transformer._parameter_constraints if name in settings]
    return {name: _plain(settings[name]) for name in in_order}


def _plain(value):
    """Return numbers of any type as those of JSON, whole ones of the same form whether or not they were floats."""
    if value is None or isinstance(value, str | bool):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def spectrogram_axes(settings):
    """Give the axes of spectrograms.

    Parameters
    ----------
    settings : dict
        `settings_` of a `SpectrogramTransformer`.

    Returns
    -------
    frequencies : ndarray of shape (n_bins,)
        Centres of the frequency bins, in Hz.
    hop : float
        From one frame to the next, in seconds.

    Raises
    ------
    AudioError
        If settings do not fit together.
    KeyError
        If a setting is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import SpectrogramTransformer, spectrogram_axes
    >>> transformer = SpectrogramTransformer(sample_rate=8000, n_mels=3).fit([np.ones(8000)])
    >>> frequencies, hop = spectrogram_axes(transformer.settings_)
    >>> frequencies.round(), hop
    (array([ 427., 1114., 2220.]), 0.04)
    """
    front_end = FrontEnd(**{field.name: settings[field.name] for field in dataclasses.fields(FrontEnd)})
    axes = axes_at(front_end, settings["sample_rate"])
    return axes.frequencies, axes.hop_length / settings["sample_rate"]
