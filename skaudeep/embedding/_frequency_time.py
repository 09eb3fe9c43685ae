"""The frequency-time-recurrent sequence-to-sequence autoencoder (ft-rae)."""

from typing import ClassVar

from skaudeep.embedding._config import FrequencyTimeConfig
from skaudeep.embedding._reconstruction import WINDOW_CONSTRAINTS, BaseAutoencoderEmbedder, recurrence_constraints
from skaudeep.embedding._statistics import STATISTICS


class FrequencyTimeAutoencoderEmbedder(BaseAutoencoderEmbedder):
    """Learn fixed-size features of sequences with networks that are recurrent in frequency and in time.

    An encoder reads each frame of a spectrogram by overlapping windows of its frequency axis, and a second one the
    states of the first, frame by frame; the final state of the second, through a dense tanh layer, is the
    representation. Two decoders go the way back: one decodes the states of the frames from the last to the first, and
    from its output for a frame another decodes the windows from high to low. All four learn together, from the root
    mean squared error of the reconstruction.

    Parameters
    ----------
    window_width : int, default=32
        Features (mel bands) of a window.
    window_overlap : int, default=24
        Features that a window shares with the next; what remains at the end is read by no window.
    frequency_n_layers : int, default=1
        Recurrent layers of the encoder and of the decoder of frames.
    frequency_n_units : int, default=64
        Units of each of these layers and direction.
    frequency_bidirectional_encoder : bool, default=False
        Also read a frame from its highest window.
    frequency_bidirectional_decoder : bool, default=False
        Also decode a frame from its lowest window.
    frequency_input_noise : float, default=0.0
        Probability of zeroing a window of the input in training.
    frequency_feed_previous_prob : float, default=0.0
        Probability, per window and frame, of feeding the decoder of frames its own previous output instead of the true
        window in training. A bidirectional decoder always gets the true window.
    time_n_layers : int, default=2
        Recurrent layers of the encoder and of the decoder over the frames.
    time_n_units : int, default=128
        Units of each of these layers and direction.
    time_bidirectional_encoder : bool, default=False
        Also read the sequence from its end; the two directions are independent stacks.
    time_bidirectional_decoder : bool, default=False
        Also decode the sequence from its start; doubles the representation.
    time_input_noise : float, default=0.0
        Probability of zeroing the state of a frame, the input of the encoder over the frames, in training.
    time_feed_previous_prob : float, default=0.0
        Probability, per frame and sequence, of feeding the decoder over the frames its own previous output instead of
        the true state in training. A bidirectional decoder always gets the true state.
    cell : {"gru", "lstm"}, default="gru"
        Recurrent cell.
    reset_after : bool, default=True
        For "gru": apply the reset gate after the matrix product (cuDNN's form); False is the original's form.
    dropout : float, default=0.2
        Share of the inputs and outputs of every cell to drop in training, drawn anew at every step.
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
        What `transform` gives: the representation; statistics over time of the outputs of every encoder layer: for
        those of frames, the last output in each frame; or a vector for each frame, (n, T, D): the outputs of the last
        encoder layer over time, of a bidirectional one those that read forwards, then those that read backwards.
    statistics : sequence of str, default=("mean", "std", "max", "min", "delta")
        For ``output="states"``; "delta" is the mean absolute change from frame to frame. "covariance" gives, for the
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
    skaudeep.Seq2SeqAutoencoderEmbedder : Recurrent in time alone.
    skaudeep.FrequencyAutoencoderEmbedder : Recurrent in frequency alone.

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
    >>> from skaudeep import FrequencyTimeAutoencoderEmbedder
    >>> X = np.sin(np.arange(6)[:, None, None] + np.arange(8)[:, None] * np.arange(1, 13))
    >>> embedder = FrequencyTimeAutoencoderEmbedder(
    ...     window_width=4, window_overlap=2, frequency_n_units=3, time_n_units=5, max_epochs=2, random_state=0
    ... )
    >>> embedder.fit_transform(X).shape
    (6, 10)
    """

    kind = "ft-rae"
    _noise_parameters = (
        "dropout",
        *("frequency_input_noise", "frequency_feed_previous_prob"),
        *("time_input_noise", "time_feed_previous_prob"),
    )
    _sampling_parameters: ClassVar[dict] = {
        "frequency_feed_previous_prob": "frequency_bidirectional_decoder",
        "time_feed_previous_prob": "time_bidirectional_decoder",
    }
    _config_class = FrequencyTimeConfig
    _parameter_constraints: ClassVar[dict] = (
        BaseAutoencoderEmbedder._parameter_constraints
        | recurrence_constraints("frequency_")
        | recurrence_constraints("time_")
        | WINDOW_CONSTRAINTS
    )

    @staticmethod
    def _build_network(config):
        from skaudeep.embedding.networks import FrequencyTimeAutoencoder

        return FrequencyTimeAutoencoder(config)

    def __init__(
        self,
        *,
        window_width=32,
        window_overlap=24,
        frequency_n_layers=1,
        frequency_n_units=64,
        frequency_bidirectional_encoder=False,
        frequency_bidirectional_decoder=False,
        frequency_input_noise=0.0,
        frequency_feed_previous_prob=0.0,
        time_n_layers=2,
        time_n_units=128,
        time_bidirectional_encoder=False,
        time_bidirectional_decoder=False,
        time_input_noise=0.0,
        time_feed_previous_prob=0.0,
        cell="gru",
        reset_after=True,
        dropout=0.2,
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
        self.window_width = window_width
        self.window_overlap = window_overlap
        self.frequency_n_layers = frequency_n_layers
        self.frequency_n_units = frequency_n_units
        self.frequency_bidirectional_encoder = frequency_bidirectional_encoder
        self.frequency_bidirectional_decoder = frequency_bidirectional_decoder
        self.frequency_input_noise = frequency_input_noise
        self.frequency_feed_previous_prob = frequency_feed_previous_prob
        self.time_n_layers = time_n_layers
        self.time_n_units = time_n_units
        self.time_bidirectional_encoder = time_bidirectional_encoder
        self.time_bidirectional_decoder = time_bidirectional_decoder
        self.time_input_noise = time_input_noise
        self.time_feed_previous_prob = time_feed_previous_prob
        self.cell = cell
        self.reset_after = reset_after
        self.dropout = dropout
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

    def _make_config(self, sequences, **values):
        if self._univariate and self.window_width > 1:
            raise ValueError(
                f"X of two dimensions is (n, T), sequences of single numbers (n_features = 1 per step), and "
                f"window_width={self.window_width} windows need more: give spectrograms (n, T, F), or use "
                "Seq2SeqAutoencoderEmbedder"
            )
        return super()._make_config(sequences, **values)
