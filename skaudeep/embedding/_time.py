"""The time-recurrent sequence-to-sequence autoencoder (t-rae)."""

from typing import ClassVar

from skaudeep.embedding._config import TimeConfig
from skaudeep.embedding._reconstruction import BaseAutoencoderEmbedder, recurrence_constraints
from skaudeep.embedding._statistics import STATISTICS


class Seq2SeqAutoencoderEmbedder(BaseAutoencoderEmbedder):
    """Learn fixed-size features of sequences by reconstructing them with recurrent networks.

    An encoder reads a sequence (a spectrogram, frame by frame); its final state, through a dense tanh layer, is the
    representation and the first state of a decoder, which reconstructs the sequence backwards in time, each step
    with the true earlier step as input. The loss is the root mean squared error. No labels are used.

    Parameters
    ----------
    n_layers : int, default=2
        Recurrent layers of the encoder and of the decoder.
    n_units : int, default=256
        Units of each layer and direction.
    cell : {"gru", "lstm"}, default="gru"
        Recurrent cell.
    bidirectional_encoder : bool, default=False
        Also read the sequence from its end; the two directions are independent stacks.
    bidirectional_decoder : bool, default=False
        Also decode from the end; doubles the representation.
    reset_after : bool, default=True
        For "gru": apply the reset gate after the matrix product (cuDNN's form); False is the original's form.
    dropout : float, default=0.2
        Share of the inputs and outputs of every cell to drop in training, drawn anew at every step.
    input_noise : float, default=0.0
        Probability of zeroing a time step of the encoder's input in training.
    feed_previous_prob : float, default=0.0
        Probability, per step and sequence, of feeding the decoder its own previous output instead of the true step
        in training. A bidirectional decoder always gets the true step.
    mask_silence : bool, default=False
        Leave bins of exactly -1 (the silence of a scaled spectrogram) out of the loss.
    learning_rate : float, default=1e-3
        Step size of Adam; the largest one where it changes.
    learning_rate_schedule : {"constant", "cosine", "one-cycle"}, default="constant"
        How it changes from step to step: not at all; falling to zero with the cosine; or rising from a 25th over the
        first 30 % of all steps and then falling to zero. In `partial_fit` it is constant.
    weight_decay : float, default=0.0
        Share of the kernels that a step subtracts from them, times the learning rate (AdamW).
    clip_value : float, default=2.0
        Gradients are clipped element-wise to [-clip_value, clip_value].
    output : {"bottleneck", "states", "frames"}, default="bottleneck"
        What `transform` gives: the representation; statistics over time of the outputs of every encoder layer; or a
        vector for each frame, (n, T, D): the outputs of the last encoder layer, of a bidirectional one those that read
        forwards, then those that read backwards.
    statistics : sequence of str, default=("mean", "std", "max", "min", "delta")
        For ``output="states"``; "delta" is the mean absolute change from step to step. "covariance" gives, for the
        outputs of each layer and direction, what it gives in `StatisticsPooling`; the directions are learned at `fit`,
        without labels, on the states of the trained network for the sequences that it was trained on.
    n_components : int, default=64
        Number of directions of each layer for "covariance", at most.
    batch_size : int, default=64
        Sequences of a training step.
    max_epochs : int, default=64
        Passes over the data. 0 leaves the network untrained: the control that a claim about learning needs.
    early_stopping : bool, default=False
        Stop when the loss on a split of the data stops falling, and restore the weights of its best epoch.
    validation_fraction : float, default=0.1
        Share of the sequences for that split, drawn with `random_state`.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss before training stops.
    warm_start : bool, default=False
        Let `fit` go on from the last fit's weights and optimizer for `max_epochs` more epochs.
    checkpoint_dir : path-like, default=None
        Folder to write the training state to after every epoch. A fit with the same parameters and data that finds
        one there goes on from it and ends as if it had never been interrupted. Data that are read batch by batch
        are told apart by their lengths and 64 of their sequences.
    log_dir : path-like, default=None
        Folder for TensorBoard summaries.
    random_state : int, RandomState instance or None, default=None
        An integer gives bit-equal results on CPU.
    verbose : bool or int, default=0
        Show a progress bar.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Weights by name, in the layout of the stock Keras layers.
    history_ : dict of str to list of float
        "loss" of each epoch, and "val_loss" with early stopping.
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
    skaudeep.SpectrogramTransformer : Makes sequences from audio files.
    skaudeep.FramewiseRegressor : Predicts a number for each frame, of ``output="frames"``.
    skaudeep.ChunkwiseTransformer : Embeds the chunks of long recordings.

    Notes
    -----
    An interrupted fit (Ctrl-C) keeps the last finished epoch and warns.

    References
    ----------
    .. [1] S. Amiriparian, M. Freitag, N. Cummins, B. Schuller, "Sequence to sequence autoencoders for unsupervised
       representation learning from audio", DCASE 2017.
    .. [2] M. Freitag, S. Amiriparian, S. Pugachevskiy, N. Cummins, B. Schuller, "auDeep: Unsupervised learning of
       representations from audio with deep recurrent neural networks", JMLR 18(173), 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder
    >>> X = np.sin(np.arange(6)[:, None, None] + np.arange(8)[:, None] * np.arange(1, 4))
    >>> embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=2, random_state=0)
    >>> embedder.fit_transform(X).shape
    (6, 4)
    >>> embedder.reconstruct(X).shape
    (6, 8, 3)
    """

    kind = "t-rae"
    _config_class = TimeConfig
    _parameter_constraints: ClassVar[dict] = BaseAutoencoderEmbedder._parameter_constraints | recurrence_constraints()

    @staticmethod
    def _build_network(config):
        from skaudeep.embedding.networks import TimeAutoencoder

        return TimeAutoencoder(config)

    def __init__(
        self,
        *,
        n_layers=2,
        n_units=256,
        cell="gru",
        bidirectional_encoder=False,
        bidirectional_decoder=False,
        reset_after=True,
        dropout=0.2,
        input_noise=0.0,
        feed_previous_prob=0.0,
        mask_silence=False,
        learning_rate=1e-3,
        learning_rate_schedule="constant",
        weight_decay=0.0,
        clip_value=2.0,
        output="bottleneck",
        statistics=STATISTICS,
        n_components=64,
        batch_size=64,
        max_epochs=64,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        checkpoint_dir=None,
        log_dir=None,
        random_state=None,
        verbose=0,
    ):
        self.n_layers = n_layers
        self.n_units = n_units
        self.cell = cell
        self.bidirectional_encoder = bidirectional_encoder
        self.bidirectional_decoder = bidirectional_decoder
        self.reset_after = reset_after
        self.dropout = dropout
        self.input_noise = input_noise
        self.feed_previous_prob = feed_previous_prob
        self.mask_silence = mask_silence
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
