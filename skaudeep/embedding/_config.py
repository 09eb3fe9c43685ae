"""Architectures as small frozen values: the keys of the pool of compiled networks."""

import dataclasses

from skaudeep._engine import start_tensorflow


@dataclasses.dataclass(frozen=True)
class Stacks:
    """Recurrent layers on top of each other, once for each direction.

    Attributes
    ----------
    name : str
        What the names of its weights begin with.
    n_inputs, n_layers, n_units, n_states : int
        Features of a step of the input, layers, units of a layer, tensors that make a cell's state.
    bidirectional : bool
        Whether there is a stack for each direction.
    feedback : str or None
        Name of the dense layers, one per direction, that bring a decoder's output to the size of its input.
    """

    name: str
    n_inputs: int
    n_layers: int
    n_units: int
    n_states: int
    bidirectional: bool
    feedback: str | None = None

    @property
    def directions(self):
        """Names of the stacks."""
        return ("forward", "backward") if self.bidirectional else ("forward",)

    @property
    def layers(self):
        """Names of all recurrent layers and sizes of their inputs."""
        sizes = [self.n_inputs] + [self.n_units] * (self.n_layers - 1)
        return [
            (f"{self.name}.{direction}.{layer}", size)
            for direction in self.directions
            for layer, size in enumerate(sizes)
        ]

    @property
    def feedback_layers(self):
        """Names of the dense layers in which a decoder hears itself, by direction."""
        return [f"{self.feedback}.{direction}" for direction in self.directions] if self.feedback else []

    @property
    def state_size(self):
        """Size of the state vector of all stacks."""
        return len(self.directions) * self.n_layers * self.n_units * self.n_states

    @property
    def n_outputs(self):
        """Number of outputs of a step: of the last layers, or of the feedback layers after them."""
        return len(self.directions) * (self.n_inputs if self.feedback else self.n_units)

    @property
    def n_layer_outputs(self):
        """Number of outputs of a step of all layers in both directions."""
        return len(self.directions) * self.n_layers * self.n_units

    def parameter(self, name):
        """Name of one of the estimator's parameters that concerns these stacks alone."""
        return self.name.removesuffix("encoder").removesuffix("decoder") + name


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """What the architectures have in common.

    Attributes
    ----------
    n_features : int
        Features of a step.
    cell : {"gru", "lstm"}
        Recurrent cell.
    reset_after, mask_silence : bool
        As in the estimator.
    noises : tuple of str
        The estimator's parameters that bring chance into training and are not zero; how large is no matter of
        architecture.
    audeep_decoder : bool
        Whether decoders with feedback have the two quirks of the original's: they are fed the step before the last
        one, and outputs of the backward direction stay in reverse order.
    """

    n_features: int
    cell: str
    reset_after: bool
    mask_silence: bool
    noises: tuple[str, ...]
    audeep_decoder: bool = False

    @property
    def _n_states(self):
        return 2 if self.cell == "lstm" else 1

    def differences(self, other):
        """Names of what differs in another config and decides which weights there are and what they do."""
        switches = ("noises", "mask_silence")  # may change from fit to fit
        names = [field.name for field in dataclasses.fields(self) if field.name not in switches]
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def build(self):
        """Make the network; imports TensorFlow."""
        start_tensorflow()
        from skaudeep.embedding import _network

        return _network.NETWORKS[type(self)](self)

    def initial_weights(self, seed):
        """Draw initial weights, ``{name: ndarray}``; imports TensorFlow."""
        start_tensorflow()
        from skaudeep.embedding._blocks import initial_weights

        return initial_weights(self, seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimeConfig(AutoencoderConfig):
    """Architecture of a time-recurrent autoencoder: a stack of encoders and one of decoders over the steps.

    Attributes
    ----------
    n_layers, n_units, bidirectional_encoder, bidirectional_decoder
        As in the estimator.
    """

    n_layers: int
    n_units: int
    bidirectional_encoder: bool
    bidirectional_decoder: bool

    @property
    def n_inputs(self):
        """Size of a step of both recurrences."""
        return self.n_features

    @property
    def encoder(self):
        """Stacks of the encoder."""
        return Stacks("encoder", self.n_inputs, self.n_layers, self.n_units, self._n_states, self.bidirectional_encoder)

    @property
    def decoder(self):
        """Stacks of the decoder; what a bidirectional one says needs no feedback, for it never hears itself."""
        return Stacks(
            "decoder",
            self.n_inputs,
            self.n_layers,
            self.n_units,
            self._n_states,
            self.bidirectional_decoder,
            None if self.bidirectional_decoder else "feedback",
        )

    @property
    def stacks(self):
        """All stacks, in the order of the data."""
        return self.encoder, self.decoder

    @property
    def denses(self):
        """Names and sizes (input, output) of the dense layers beside the feedback layers."""
        return {
            "representation": (self.encoder.state_size, self.embedding_dim),
            "reconstruction": (self.decoder.n_outputs, self.n_features),
        }

    @property
    def embedding_dim(self):
        """Size of the representation, which is the decoder's initial state vector."""
        return self.decoder.state_size

    @property
    def n_layer_outputs(self):
        """Number of outputs of all encoder layers at each step."""
        return self.encoder.n_layer_outputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Windows:
    """How the features of a step are cut into overlapping windows.

    Attributes
    ----------
    window_width, window_overlap : int
        In features; a remainder is dropped.
    """

    window_width: int
    window_overlap: int

    def __post_init__(self):
        if self.window_overlap >= self.window_width:
            raise ValueError(
                f"window_overlap={self.window_overlap} must be less than window_width={self.window_width}: windows "
                "have to move on"
            )
        if self.window_width > self.n_features:
            raise ValueError(
                f"window_width={self.window_width} is more than a frame of X has (n_features = {self.n_features}): "
                "lower window_width, and window_overlap with it"
            )

    @property
    def window_starts(self):
        """First feature of every window."""
        return range(0, self.n_features - self.window_width + 1, self.window_width - self.window_overlap)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrequencyConfig(_Windows, TimeConfig):
    """Architecture of a frequency-recurrent autoencoder: every frame is a sequence of windows."""

    @property
    def n_inputs(self):
        """Size of a step of both recurrences."""
        return self.window_width

    @property
    def decoder(self):
        """Stacks of the decoder."""
        return dataclasses.replace(super().decoder, feedback="feedback")

    @property
    def denses(self):
        """Names and sizes (input, output) of the dense layers beside the feedback layers."""
        return super().denses | {"reconstruction": (len(self.window_starts) * self.decoder.n_outputs, self.n_features)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrequencyTimeConfig(_Windows, AutoencoderConfig):
    """Architecture of a frequency-time-recurrent autoencoder: a recurrence over windows below one over frames.

    Attributes
    ----------
    frequency_n_layers, frequency_n_units, frequency_bidirectional_encoder, frequency_bidirectional_decoder
        As in the estimator.
    time_n_layers, time_n_units, time_bidirectional_encoder, time_bidirectional_decoder
        As in the estimator.
    """

    frequency_n_layers: int
    frequency_n_units: int
    frequency_bidirectional_encoder: bool
    frequency_bidirectional_decoder: bool
    time_n_layers: int
    time_n_units: int
    time_bidirectional_encoder: bool
    time_bidirectional_decoder: bool

    def _stacks(self, axis, part, n_inputs):
        return Stacks(
            f"{axis}_{part}",
            n_inputs,
            getattr(self, f"{axis}_n_layers"),
            getattr(self, f"{axis}_n_units"),
            self._n_states,
            getattr(self, f"{axis}_bidirectional_{part}"),
            f"{axis}_feedback" if part == "decoder" else None,
        )

    @property
    def frequency_encoder(self):
        """Stacks of the encoder of a frame."""
        return self._stacks("frequency", "encoder", self.window_width)

    @property
    def frequency_decoder(self):
        """Stacks of the decoder of a frame."""
        return self._stacks("frequency", "decoder", self.window_width)

    @property
    def time_encoder(self):
        """Stacks of the encoder over the states of the frames."""
        return self._stacks("time", "encoder", self.frequency_encoder.state_size)

    @property
    def time_decoder(self):
        """Stacks of the decoder of states of frames."""
        return self._stacks("time", "decoder", self.frequency_encoder.state_size)

    @property
    def stacks(self):
        """All stacks, in the order of the data."""
        return self.frequency_encoder, self.time_encoder, self.time_decoder, self.frequency_decoder

    @property
    def denses(self):
        """Names and sizes (input, output) of the dense layers beside the feedback layers."""
        n_windows, decoder = len(self.window_starts), self.frequency_decoder
        return {
            "representation": (self.time_encoder.state_size, self.embedding_dim),
            "frequency_state": (self.time_decoder.n_outputs, decoder.state_size),
            "reconstruction": (n_windows * decoder.n_outputs, self.n_features),
        }

    @property
    def embedding_dim(self):
        """Size of the representation, which is the initial state vector of the decoder over time."""
        return self.time_decoder.state_size

    @property
    def n_layer_outputs(self):
        """Number of outputs of all encoder layers at each frame."""
        return self.frequency_encoder.n_layer_outputs + self.time_encoder.n_layer_outputs
