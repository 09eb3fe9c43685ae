"""The frequency-recurrent sequence-to-sequence autoencoder (f-rae)."""

from typing import ClassVar

import numpy as np

from skaudeep._sequences import cut, object_array
from skaudeep._validation import check_is_fitted
from skaudeep.embedding._config import FrequencyConfig
from skaudeep.embedding._reconstruction import WINDOW_CONSTRAINTS, BaseAutoencoderEmbedder, recurrence_constraints
from skaudeep.embedding._statistics import STATISTICS


class FrequencyAutoencoderEmbedder(BaseAutoencoderEmbedder):
    """Learn features of single frames by reconstructing them with networks that are recurrent in frequency.

    Every frame of a spectrogram is an example of its own: its frequency axis is cut into overlapping windows, which
    an encoder reads from low to high; its final state, through a dense tanh layer, is the representation of the frame
    and the first state of a decoder, which decodes the windows from high to low, each with the true one before it as
    input; its outputs for all windows become the frame through a dense tanh layer. Sequences of frames become
    sequences of representations, ``(n, T, D)``, which another embedder can read.

    Parameters
    ----------
    window_width : int, default=32
        Features (mel bands) of a window.
    window_overlap : int, default=24
        Features that a window shares with the next; what remains at the end is read by no window.
    n_layers : int, default=2
        Recurrent layers of the encoder and of the decoder.
    n_units : int, default=256
        Units of each layer and direction.
    cell : {"gru", "lstm"}, default="gru"
        Recurrent cell.
    bidirectional_encoder : bool, default=False
        Also read from the highest window; the two directions are independent stacks.
    bidirectional_decoder : bool, default=False
        Also decode from the lowest window; doubles the representation.
    reset_after : bool, default=True
        For "gru": apply the reset gate after the matrix product (cuDNN's form); False is the original's form.
    dropout : float, default=0.2
        Share of the inputs and outputs of every cell to drop in training, drawn anew at every window.
    input_noise : float, default=0.0
        Probability of zeroing a window of the encoder's input in training.
    feed_previous_prob : float, default=0.0
        Probability, per window and frame, of feeding the decoder its own previous output instead of the true window
        in training. A bidirectional decoder always gets the true window.
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
        What `transform` gives: the representation of every frame; statistics over the frames of the last outputs
        of every encoder layer, a vector for each sequence; or the last outputs of the last encoder layer for every
        frame, as they are.
    statistics : sequence of str, default=("mean", "std", "max", "min", "delta")
        For ``output="states"``; "delta" is the mean absolute change from frame to frame. "covariance" gives, for the
        outputs of each layer and direction, what it gives in `StatisticsPooling`; the directions are learned at `fit`,
        without labels, on the states of the trained network for the sequences that it was trained on.
    n_components : int, default=64
        Number of directions of each layer for "covariance", at most.
    batch_size : int, default=64
        Sequences of a training step, with all of their frames; of a table (n, F), frames.
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
        Features of a frame.
    embedding_dim_ : int
        Size D of the representation of a frame.

    See Also
    --------
    skaudeep.Seq2SeqAutoencoderEmbedder : Recurrent in time; reads what this one makes of the frames.
    skaudeep.FrequencyTimeAutoencoderEmbedder : Recurrent in both at once.
    skaudeep.StatisticsPooling : Makes one vector of each sequence of representations.

    Notes
    -----
    A table X of shape (n, F) holds n single frames, and their representations are (n, D). An interrupted fit (Ctrl-C)
    keeps the last finished epoch and warns.

    References
    ----------
    .. [1] S. Amiriparian, M. Freitag, N. Cummins, B. Schuller, "Sequence to sequence autoencoders for unsupervised
       representation learning from audio", DCASE 2017.
    .. [2] M. Freitag, S. Amiriparian, S. Pugachevskiy, N. Cummins, B. Schuller, "auDeep: Unsupervised learning of
       representations from audio with deep recurrent neural networks", JMLR 18(173), 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skaudeep import FrequencyAutoencoderEmbedder, Seq2SeqAutoencoderEmbedder
    >>> X = np.sin(np.arange(6)[:, None, None] + np.arange(8)[:, None] * np.arange(1, 13))
    >>> frames = FrequencyAutoencoderEmbedder(
    ...     window_width=4, window_overlap=2, n_layers=1, n_units=3, max_epochs=2, random_state=0
    ... )
    >>> frames.fit_transform(X).shape
    (6, 8, 3)
    >>> sequences = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=5, max_epochs=2, random_state=0)
    >>> make_pipeline(frames, sequences).fit_transform(X).shape
    (6, 5)
    """

    kind = "f-rae"
    _config_class = FrequencyConfig
    _rows_are_frames = True
    _steps_of_a_batch = 2**12
    _parameter_constraints: ClassVar[dict] = (
        BaseAutoencoderEmbedder._parameter_constraints | recurrence_constraints() | WINDOW_CONSTRAINTS
    )

    @staticmethod
    def _build_network(config):
        from skaudeep.embedding.networks import FrequencyAutoencoder

        return FrequencyAutoencoder(config)

    def __init__(
        self,
        *,
        window_width=32,
        window_overlap=24,
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
        self.window_width = window_width
        self.window_overlap = window_overlap
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

    def transform(self, X):
        """Embed frames, or sequences of frames.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, F), list of (T_i, F), or lazy array (n, T, F)
            As in `fit`; (n, F) are single frames.

        Returns
        -------
        ndarray of float32 of shape (n, T, D) or (n, D), or object array of (T_i, D)
            The representation of every frame (``output="bottleneck"``, D = `embedding_dim_`).
        ndarray of float32 of shape (n, n_features_out)
            Statistics over the frames of the last outputs of all encoder layers (``output="states"``).
        ndarray of float32 of shape (n, T, D) or (n, D), or object array of (T_i, D)
            For each frame the last outputs of the last encoder layer (``output="frames"``): of a bidirectional one
            first those that read upwards.
        Series or DataFrame
            Of these, with the index of X, where pandas output is asked for and X has one.
        """
        return super().transform(X)

    def _embed(self, sequences):
        with self._network() as network:
            return self._collect(sequences, network.encode)

    def inverse_transform(self, Z, n_steps=None):
        """Generate frames from their embeddings alone, free running: the input of the decoder is its own output.

        Parameters
        ----------
        Z : array-like of shape (n, T, D) or (n, D), or list of (T_i, D)
            Representations as `transform` gives them with ``output="bottleneck"``.
        n_steps : int, default=None
            Not needed here, where every frame has a representation of its own: that of Z, if given.

        Returns
        -------
        ndarray of float32 of shape (n, T, F) or (n, F), or object array of (T_i, F)
            The frames.

        Raises
        ------
        ValueError
            For a bidirectional decoder, whose backward half starts from the end of what is to be generated.
        """
        check_is_fitted(self)
        self._require_unidirectional_decoders("inverse_transform")
        if isinstance(Z, (list, tuple)) or getattr(Z, "dtype", None) == np.dtype(object):
            sequences = [np.asarray(z) for z in Z]
            if len({z.shape for z in sequences}) > 1:
                return object_array([self.inverse_transform(z[np.newaxis], n_steps)[0] for z in sequences])
            Z = np.array(sequences)
        Z = self._check_embeddings(Z, f"(n, T, {self.embedding_dim_}) or (n, {self.embedding_dim_})", n_dims=(2, 3))
        n_frames = Z.shape[1] if Z.ndim == 3 else 1
        if n_steps not in (None, n_frames):
            raise ValueError(f"n_steps={n_steps!r}, and Z has {n_frames} frames per sequence: leave n_steps out")
        parts = cut(Z.reshape(-1, 1, self.embedding_dim_), self._steps_of_a_batch)
        with self._network() as network:
            frames = self._require_finite(np.concatenate([network.generate(part).numpy() for part in parts]))
        return frames.reshape(*Z.shape[:-1], -1)
