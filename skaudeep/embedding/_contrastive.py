"""An embedder that learns to recognise sequences in spite of augmentation."""

from typing import ClassVar

from skaudeep._validation import Integral, Interval, Real, StrOptions
from skaudeep.embedding._base import COMMON_CONSTRAINTS, ENCODER_CONSTRAINTS, BaseEmbedder
from skaudeep.embedding._config import ContrastiveConfig

#: the largest number of sequences for which objective="auto" gives each a vector of its own
MOST_INSTANCES = 500

_SHARE = [Interval(Real, 0, 1, closed="left")]
_NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]
_AUGMENTATION_CONSTRAINTS = {
    "max_mix": _SHARE,
    "max_time_stretch": _NOT_NEGATIVE,
    "max_frequency_stretch": _NOT_NEGATIVE,
    "max_time_shift": _SHARE,
    "max_frequency_shift": _SHARE,
    "max_gain": _NOT_NEGATIVE,
    "max_fade": _NOT_NEGATIVE,
    "max_tilt": _NOT_NEGATIVE,
    "noise": _NOT_NEGATIVE,
    "max_time_mask": _SHARE,
    "max_frequency_mask": _SHARE,
}


class ContrastiveEmbedder(BaseEmbedder):
    """Learn features of sequences by telling them apart, whatever augmentation does to them.

    An encoder (convolutions over time and frequency, then a recurrent layer) sees parts of spectrograms, each changed
    by chance: stretched and shifted in time and in frequency, louder or softer, tilted, with masks and noise. It learns
    to recognise which parts come from one recording. What it needs for that, and what augmentation leaves as it is,
    describes what is heard. No labels are used.

    Parameters
    ----------
    objective : {"auto", "instance", "nt_xent"}, default="auto"
        "instance": each sequence of the data has a vector, which is learned too, and a view of the sequence is to be
        most like that one [1]_. "nt_xent": of two views of each sequence of a batch each is to be more like the other
        one than like all else in the batch [2]_. "auto": "instance" for up to 500 sequences, which is the better one
        there, "nt_xent" for more.
    temperature : float, default=0.1
        Cosine similarities are divided by it before the softmax.
    head_dim : int, default=128
        Size of the vectors that are compared; the layer that makes them is not used for features.
    conv_channels : sequence of int, default=(24, 48, 96)
        Channels of each convolution over time and frequency; () for none.
    conv_kernel : sequence of two int, default=(3, 3)
        Size of the convolutions: frames, features.
    conv_strides : sequence of two int, or of such pairs, default=((2, 2), (1, 2), (2, 2))
        Steps of all convolutions, or of each: frames, features.
    projection_dim : int, default=192
        Units of a dense layer between the convolutions and the recurrent layers; 0 for none.
    n_layers, n_units : int, default=1 and 192
        Recurrent layers (0: none), and units of each layer and direction.
    cell : {"gru", "lstm"}, default="gru"
        Recurrent cell.
    bidirectional_encoder : bool, default=False
        Also read the sequence from its end.
    n_bands : int, default=4
        Bands of frequency that the outputs of each convolution are averaged to, those of each channel by themselves,
        for ``output="states"``.
    reset_after : bool, default=True
        For "gru": apply the reset gate after the matrix product.
    dropout : float, default=0.0
        Share of the inputs and outputs of cells to drop in training.
    crop_length : int, default=64
        Frames of a view, cut from a place drawn by chance; shorter sequences are taken whole.
    max_mix : float, default=0.0
        Largest share of another sequence of the batch that is mixed into a view, in the power domain of a range of
        60 dB.
    max_time_stretch, max_frequency_stretch : float, default=0.35
        A view is longer, or wider, by up to this share, or shorter by as much, on a logarithmic scale.
    max_time_shift, max_frequency_shift : float, default=0.075 and 0.05
        Largest shift along each axis, as a share of its size. What comes in is silence, -1.
    max_gain, max_fade, max_tilt : float, default=0.3, 0.2 and 0.2
        Largest change of the level of a view, of its ends in time and of the ends of its spectrum, in the units of X:
        where [-1, 1] stands for 60 dB, 0.2 is 6 dB.
    noise : float, default=0.05
        Standard deviation of normal noise, in the units of X.
    max_time_mask, max_frequency_mask : float, default=0.2
        Largest share of the time, and of the spectrum, that each of two masks overwrites with silence.
    learning_rate : float, default=3e-3
        Step size of Adam; the largest one where it changes.
    learning_rate_schedule : {"constant", "cosine", "one-cycle"}, default="one-cycle"
        How it changes from step to step, as in `Seq2SeqAutoencoderEmbedder`.
    weight_decay : float, default=1e-4
        Share of the kernels that a step subtracts from them, times the learning rate (AdamW).
    clip_value : float, default=2.0
        Gradients are clipped element-wise to [-clip_value, clip_value].
    output : {"states", "bottleneck", "frames"}, default="states"
        What `transform` gives: statistics over time of the outputs of every layer of the encoder, which are worth more
        for most tasks; mean and maximum over time of the last one, which the head sees; or a vector for each frame,
        (n, T, D), the outputs of the last layer, see Notes.
    statistics : sequence of str, default=("covariance",)
        For ``output="states"``; as in `Seq2SeqAutoencoderEmbedder`.
    n_components : int, default=32
        For "covariance" among the statistics: the most directions of each layer.
    batch_size : int, default=64
        Sequences of a training step.
    max_epochs : int, default=100
        Passes over the data; a few hundred sequences need that many, thousands fewer. 0 leaves the network untrained:
        the control that a claim about learning needs.
    early_stopping : bool, default=False
        Stop when the loss on a split of the data stops falling, and restore the weights of its best epoch. That loss is
        "nt_xent" of two views of each of those sequences, the same views in every epoch, whatever the objective is.
    validation_fraction : float, default=0.1
        Share of the sequences for that split, drawn with `random_state`.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss before training stops.
    warm_start : bool, default=False
        Let `fit` go on from the last fit's weights and optimizer for `max_epochs` more epochs; with "instance" on the
        same sequences only.
    checkpoint_dir, log_dir : path-like, default=None
        As in `Seq2SeqAutoencoderEmbedder`.
    random_state : int, RandomState instance or None, default=None
        An integer gives bit-equal results on CPU.
    verbose : bool or int, default=0
        Show a progress bar.

    Attributes
    ----------
    objective_ : str
        The objective that "auto" has led to.
    weights_ : dict of str to ndarray
        Weights by name, in the layout of the stock Keras layers.
    history_ : dict of str to list of float
        "loss" and "accuracy", the share of views that are recognised, of each epoch; with early stopping also
        "val_loss" and "val_accuracy".
    n_iter_ : int
        Number of epochs run.
    loss_ : float
        Loss of the last epoch, NaN before the first.
    n_features_in_ : int
        Features of a step, or the length T for X of shape (n, T).
    embedding_dim_ : int
        Size of the representation.

    See Also
    --------
    skaudeep.Seq2SeqAutoencoderEmbedder : Learns by reconstructing.
    skaudeep.evaluation.compare : Says whether training has paid.

    Notes
    -----
    Batch normalisation follows each convolution. Its moments are measured on a few batches of the data before the
    first epoch, hence also for an untrained network, and follow the batches of the training.

    With strides in time there is one output of the last layer for so many frames as the product of the strides, 4 by
    default: output k is that of the convolutions around frame 4 k, which look 5 frames to either side, and of what the
    recurrent layer has read before (and, with `bidirectional_encoder`, behind). For ``output="frames"`` each frame gets
    the output that is nearest in time, so that T stays what it was and a vector is at most 2 frames off. Give strides
    of 1 frame for a vector of its own for each.

    `to_keras` gives the encoder, with means and maxima as for ``output="bottleneck"`` or, by
    ``to_keras(output="states")``, with statistics of all layers except covariances, or with frames; and None for the
    autoencoder, as there is no decoder.

    References
    ----------
    .. [1] Y. Cao, Z. Xie, B. Liu, Y. Lin, Z. Zhang, H. Hu, "Parametric instance classification for unsupervised visual
       feature learning", NeurIPS 2020.
    .. [2] T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A simple framework for contrastive learning of visual
       representations", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep import ContrastiveEmbedder
    >>> X = np.sin(np.arange(6)[:, None, None] + np.arange(8)[:, None] * np.arange(1, 5))
    >>> size = {"conv_channels": (2, 4), "conv_strides": (1, 2), "n_units": 3}
    >>> embedder = ContrastiveEmbedder(max_epochs=2, random_state=0, **size)
    >>> embedder.fit(X).objective_
    'instance'
    >>> embedder.set_params(output="bottleneck").transform(X).shape
    (6, 6)
    """

    kind = "contrastive"
    _config_class = ContrastiveConfig
    _noise_parameters = ("dropout", *_AUGMENTATION_CONSTRAINTS)
    _parameter_constraints: ClassVar[dict] = (
        COMMON_CONSTRAINTS
        | {name: value for name, value in ENCODER_CONSTRAINTS.items() if name not in ("input_noise", "embedding_dim")}
        | {
            "objective": [StrOptions({"auto", "instance", "nt_xent"})],
            "temperature": [Interval(Real, 0, None, closed="neither")],
            "head_dim": [Interval(Integral, 1, None, closed="left")],
            "projection_dim": [Interval(Integral, 0, None, closed="left")],
            "crop_length": [Interval(Integral, 1, None, closed="left")],
        }
        | _AUGMENTATION_CONSTRAINTS
    )

    @staticmethod
    def _build_network(config):
        from skaudeep.embedding.networks import ContrastiveNetwork

        return ContrastiveNetwork(config)

    def __init__(
        self,
        *,
        objective="auto",
        temperature=0.1,
        head_dim=128,
        conv_channels=(24, 48, 96),
        conv_kernel=(3, 3),
        conv_strides=((2, 2), (1, 2), (2, 2)),
        projection_dim=192,
        n_layers=1,
        n_units=192,
        cell="gru",
        bidirectional_encoder=False,
        n_bands=4,
        reset_after=True,
        dropout=0.0,
        crop_length=64,
        max_mix=0.0,
        max_time_stretch=0.35,
        max_frequency_stretch=0.35,
        max_time_shift=0.075,
        max_frequency_shift=0.05,
        max_gain=0.3,
        max_fade=0.2,
        max_tilt=0.2,
        noise=0.05,
        max_time_mask=0.2,
        max_frequency_mask=0.2,
        learning_rate=3e-3,
        learning_rate_schedule="one-cycle",
        weight_decay=1e-4,
        clip_value=2.0,
        output="states",
        statistics=("covariance",),
        n_components=32,
        batch_size=64,
        max_epochs=100,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        checkpoint_dir=None,
        log_dir=None,
        random_state=None,
        verbose=0,
    ):
        self.objective = objective
        self.temperature = temperature
        self.head_dim = head_dim
        self.conv_channels = conv_channels
        self.conv_kernel = conv_kernel
        self.conv_strides = conv_strides
        self.projection_dim = projection_dim
        self.n_layers = n_layers
        self.n_units = n_units
        self.cell = cell
        self.bidirectional_encoder = bidirectional_encoder
        self.n_bands = n_bands
        self.reset_after = reset_after
        self.dropout = dropout
        self.crop_length = crop_length
        self.max_mix = max_mix
        self.max_time_stretch = max_time_stretch
        self.max_frequency_stretch = max_frequency_stretch
        self.max_time_shift = max_time_shift
        self.max_frequency_shift = max_frequency_shift
        self.max_gain = max_gain
        self.max_fade = max_fade
        self.max_tilt = max_tilt
        self.noise = noise
        self.max_time_mask = max_time_mask
        self.max_frequency_mask = max_frequency_mask
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.clip_value = clip_value
        self.output = output
        self.statistics = statistics
        self.n_components = n_components
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.random_state = random_state
        self.verbose = verbose

    @property
    def objective_(self):
        """The objective of the last fit."""
        return self._config.objective

    def _make_config(self, sequences, **values):
        objective = self.objective
        if objective == "auto":
            objective = "instance" if len(sequences) <= MOST_INSTANCES else "nt_xent"
        n_instances = len(sequences) if objective == "instance" else 0
        return super()._make_config(sequences, objective=objective, n_instances=n_instances, **values)

    def _evaluate_batch(self, network, batch):
        return network.evaluate_views(*batch, self._noise_rates)
