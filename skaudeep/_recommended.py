"""What is recommended to make features of sounds: settings of spectrograms, and networks side by side."""

from sklearn.pipeline import Pipeline

from skaudeep._validation import StrOptions, validate_params
from skaudeep.embedding import ContrastiveEmbedder, Seq2SeqAutoencoderEmbedder, StatisticsPooling
from skaudeep.fusion import AudioFeatureUnion
from skaudeep.spectrogram import SpectrogramTransformer

#: parameters of `SpectrogramTransformer` by the kind of sounds; the recipes for contrastive features have them too
SPECTROGRAMS = {
    "scenes": {"window_width": 0.08, "window_overlap": 0.04, "n_mels": 64, "clip_below": -60},
    "speech": {
        "sample_rate": 16000,
        "window_width": 0.032,
        "window_overlap": 0.016,
        "n_mels": 80,
        "filterbank": "slaney",
        "f_min": 50,
        "clip_below": -60,
    },
}
_UNTRAINED = {"n_layers": 1, "n_units": 256, "max_epochs": 0, "output": "states"}
_COVARIANCES = {"statistics": ("covariance",), "n_components": 24}
#: what stands side by side: a class and its parameters, by name
MEMBERS = {
    "contrastive": (ContrastiveEmbedder, {}),
    "random": (Seq2SeqAutoencoderEmbedder, _UNTRAINED | _COVARIANCES),
    "statistics": (StatisticsPooling, {}),
}


@validate_params(
    {"sounds": [StrOptions(set(SPECTROGRAMS))], "trained": ["boolean"]}, prefer_skip_nested_validation=True
)
def make_embedding(sounds="scenes", *, trained=True, random_state=None, n_jobs=None, verbose=0, **parameters):
    """Build the recommended way from recordings to features, as one estimator that is not fitted yet.

    Of each recording it makes a spectrogram, and of that three sets of features side by side: those that a
    `ContrastiveEmbedder` learns at `fit`, without labels; those of a recurrent network that is left untrained; and
    statistics of the spectrogram. A `StandardScaler` and a linear classifier suit them.

    Parameters
    ----------
    sounds : {"scenes", "speech"}, default="scenes"
        What the settings of the spectrograms are chosen for: environmental sounds, scenes and music, or voices.
    trained : bool, default=True
        False: also leave the `ContrastiveEmbedder` untrained, the control that says what learning is worth.
    random_state : int, RandomState instance or None, default=None
        That of both networks.
    n_jobs : int, default=None
        Number of threads that analyse recordings, as in joblib.
    verbose : bool or int, default=0
        Show a progress bar while recordings are analysed and while the network learns.
    **parameters : dict
        Parameters of the `ContrastiveEmbedder`, such as ``max_epochs``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Paths, or whatever a `SpectrogramTransformer` takes, in, an array of shape (n, n_features) out. Its steps are
        "spectrogram" and "features", a union of "contrastive", "random" and "statistics", so that
        ``set_params(spectrogram__n_mels=64)`` changes one of them.

    See Also
    --------
    ContrastiveEmbedder : What learns.
    make_fusion : Several spectrograms, an embedder for each.

    Notes
    -----
    Recordings of unequal length stay so. Those of unequal sample rates need a `sample_rate`, which "speech" has.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep import make_embedding
    >>> sounds = np.random.default_rng(0).standard_normal((4, 8000))
    >>> embedding = make_embedding("speech", trained=False, n_units=4, random_state=0)
    >>> embedding.set_params(features__random__n_units=4).fit_transform(sounds).shape
    (4, 2468)
    >>> list(embedding["features"].named_transformers)
    ['contrastive', 'random', 'statistics']
    """
    if not trained:
        parameters["max_epochs"] = 0
    spectrogram = SpectrogramTransformer(**SPECTROGRAMS[sounds], n_jobs=n_jobs, verbose=verbose)
    union = []
    for name, (cls, settings) in MEMBERS.items():
        own = {"random_state": random_state} if "random_state" in cls().get_params() else {}
        if name == "contrastive":
            own |= {"verbose": verbose} | parameters
        union.append((name, cls(**settings | own)))
    return Pipeline([("spectrogram", spectrogram), ("features", AudioFeatureUnion(union))])
