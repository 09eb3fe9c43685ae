"""Architectures as small frozen values: the keys of the pool of compiled networks."""

import dataclasses
import math
from typing import ClassVar

import numpy as np

from skaudeep._versions import Storable
from skaudeep.exceptions import ParameterError, param

#: recurrent cells, with the number of tensors that make the state of each
CELLS = {"gru": 1, "lstm": 2}


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
    projection : str or None
        Name of the output projections of a decoder: dense layers, one per direction, from its output to the size of
        its input.
    """

    name: str
    n_inputs: int
    n_layers: int
    n_units: int
    n_states: int
    bidirectional: bool
    projection: str | None = None

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
    def projections(self):
        """Names of the output projections, by direction."""
        return [f"{self.projection}.{direction}" for direction in self.directions] if self.projection else []

    @property
    def state_size(self):
        """Size of the state vector of all stacks."""
        return len(self.directions) * self.n_layers * self.n_units * self.n_states

    @property
    def n_outputs(self):
        """Number of outputs of a step: of the last layers, or of the output projections."""
        return len(self.directions) * (self.n_inputs if self.projection else self.n_units)

    @property
    def n_layer_outputs(self):
        """Number of outputs of a step of all layers in both directions."""
        return len(self.directions) * self.n_layers * self.n_units

    def parameter(self, name):
        """Name of one of the estimator's parameters that concerns these stacks alone."""
        return self.name.removesuffix("encoder").removesuffix("decoder") + name


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig(Storable):
    """What the architectures have in common.

    Attributes
    ----------
    n_features : int
        Features of a step.
    cell : str
        One of `CELLS`.
    reset_after : bool
        As in the estimator.
    noises : tuple of str
        The estimator's parameters that bring chance into training and are not zero; how large is no matter of
        architecture.
    """

    n_features: int
    cell: str
    reset_after: bool
    noises: tuple[str, ...]

    #: what may change from fit to fit, for it decides neither which weights there are nor what they do
    _free: ClassVar[tuple] = ("noises",)
    #: steps of a sequence for which the last layer of the encoder has one output
    time_stride: ClassVar[int] = 1

    @property
    def _n_states(self):
        return CELLS[self.cell]

    def differences(self, other):
        """Compare with another config.

        Parameters
        ----------
        other : NetworkConfig
            Of the same class.

        Returns
        -------
        list of str
            Names of what differs and decides which weights there are and what they do.
        """
        names = [field.name for field in dataclasses.fields(self) if field.name not in self._free]
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def go_on_from(self, other):
        """Take over what no parameter of the estimator decides.

        Parameters
        ----------
        other : NetworkConfig
            The config of an earlier training, which goes on.

        Returns
        -------
        NetworkConfig
            This config with those settings of the other one.
        """
        return self


@dataclasses.dataclass(frozen=True, kw_only=True)
class _TimeEncoder:
    """A recurrent encoder over the steps.

    Attributes
    ----------
    n_layers, n_units, bidirectional_encoder
        As in the estimator.
    """

    n_layers: int
    n_units: int
    bidirectional_encoder: bool

    @property
    def n_inputs(self):
        """Size of a step of the recurrence."""
        return self.n_features

    @property
    def encoder(self):
        """Stacks of the encoder."""
        return Stacks("encoder", self.n_inputs, self.n_layers, self.n_units, self._n_states, self.bidirectional_encoder)

    @property
    def n_outputs(self):
        """Size of a step of the last layer of the encoder."""
        return self.encoder.n_outputs

    @property
    def n_layer_outputs(self):
        """Number of outputs of all encoder layers at each step."""
        return self.encoder.n_layer_outputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Encoder(_TimeEncoder, NetworkConfig):
    """An encoder: convolutions, if any, then a dense layer, if any, then a recurrent stack, if any.

    Attributes
    ----------
    conv_channels, conv_kernel
        As in `BaseEmbedder`.
    conv_strides : tuple of tuples of two int
        Step of each convolution: frames, features. One tuple of two int goes for all.
    projection_dim : int
        Units of the dense layer, which brings each step of the last convolution to this size; 0 for none.
    n_bands : int
        Bands of frequency that outputs of convolutions are averaged to where outputs of all layers are asked for.
    """

    conv_channels: tuple[int, ...] = ()
    conv_kernel: tuple[int, int] = (3, 3)
    conv_strides: tuple = (1, 2)
    projection_dim: int = 0
    n_bands: int = 4

    _free: ClassVar[tuple] = ("noises", "n_bands")

    def __post_init__(self):
        if not self.n_layers and not self.conv_channels:
            raise ValueError("n_layers=0 and conv_channels=(): an encoder needs recurrent layers or convolutions")
        object.__setattr__(self, "conv_strides", self._strides_by_layer())

    def _strides_by_layer(self):
        """Give the strides of each convolution where one pair stands for all, in numbers that can be compared."""
        n_layers = len(self.conv_channels)
        strides = [self.conv_strides] * n_layers if np.ndim(self.conv_strides) == 1 else list(self.conv_strides)
        if len(strides) != n_layers or any(len(pair) != 2 or min(pair) < 1 for pair in strides):
            pairs = f"{n_layers} such pairs, one for each of {param.conv_channels}"
            remedy = f": give two numbers of at least 1, or {pairs}"
            raise ParameterError("conv_strides", self.conv_strides, remedy)
        return tuple((int(frames), int(features)) for frames, features in strides)

    @property
    def projects(self):
        """Whether there is a dense layer between convolutions and recurrent stack."""
        return bool(self.conv_channels and self.projection_dim)

    @property
    def map_size(self):
        """Size of a step of the last convolution: all channels of all features that are left."""
        return self._map_features[-1] * self.conv_channels[-1]

    @property
    def n_inputs(self):
        """Size of a step of the recurrence: what is before it, the features if nothing is."""
        if self.projects:
            return self.projection_dim
        return self.map_size if self.conv_channels else self.n_features

    @property
    def time_stride(self):
        """Steps of a sequence for which the last layer of the encoder has one output."""
        return math.prod(frames for frames, _ in self.conv_strides)

    @property
    def _map_features(self):
        """Features that are left after each convolution."""
        sizes = [self.n_features]
        for _, stride in self.conv_strides:
            sizes.append(-(-sizes[-1] // stride))
        return sizes[1:]

    @property
    def stacks(self):
        """All stacks."""
        return (self.encoder,) if self.n_layers else ()

    @property
    def n_outputs(self):
        """Size of a step of the last layer of the encoder."""
        return self.encoder.n_outputs if self.n_layers else self.n_inputs

    @property
    def n_layer_outputs(self):
        """Number of outputs of all encoder layers at each step; of a convolution, those of its bands."""
        maps = zip(self._map_features, self.conv_channels, strict=True)
        n_outputs = sum(min(self.n_bands, n_features) * n_channels for n_features, n_channels in maps)
        n_projected = self.projection_dim if self.projects else 0
        return n_outputs + n_projected + self.encoder.n_layer_outputs

    @property
    def denses(self):
        """Names and sizes (input, output) of the dense layers."""
        return {"projection": (self.map_size, self.projection_dim)} if self.projects else {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class EncoderConfig(_Encoder):
    """Architecture of an encoder: convolutions, if any, a recurrent stack, if any, and a dense layer.

    Parameters
    ----------
    n_features : int
        Features of a step.
    cell, reset_after : str and bool
        As in `BaseEmbedder`.
    noises : tuple of str
        The estimator's parameters that bring chance into training and are not zero.
    n_layers, n_units, bidirectional_encoder : int, int and bool
        As in `BaseEmbedder`.
    conv_channels : tuple of int
        Channels of each convolution over time and frequency before the recurrent stack; empty for none.
    conv_kernel : tuple of two int
        Size of each convolution: frames, features.
    conv_strides : tuple of two int, or of such tuples
        Step of each convolution: frames, features.
    projection_dim : int
        Units of a dense layer between the convolutions and the recurrent stack; 0 for none.
    n_bands : int
        Bands of frequency that outputs of convolutions are averaged to where outputs of all layers are asked for.
    embedding_dim : int
        Size of the representation.

    Examples
    --------
    >>> from skaudeep.embedding import EncoderConfig
    >>> recurrent = {"cell": "gru", "reset_after": True, "n_layers": 1, "n_units": 4, "bidirectional_encoder": False}
    >>> EncoderConfig(n_features=3, noises=(), embedding_dim=2, **recurrent).denses
    {'representation': (4, 2)}
    """

    embedding_dim: int

    @property
    def denses(self):
        """Names and sizes (input, output) of the dense layers."""
        # without a recurrent stack the mean over time is represented
        size = self.encoder.state_size if self.n_layers else self.n_inputs
        return super().denses | {"representation": (size, self.embedding_dim)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContrastiveConfig(_Encoder):
    """Architecture of an encoder, and of the head that a contrastive objective needs.

    Attributes
    ----------
    objective : str
        "instance" or "nt_xent".
    head_dim, crop_length, temperature
        As in the estimator.
    n_instances : int
        Sequences that have a vector of their own; 0 for "nt_xent".
    """

    objective: str
    head_dim: int
    crop_length: int
    temperature: float
    n_instances: int

    _free: ClassVar[tuple] = ("noises", "n_bands", "crop_length", "temperature")

    def go_on_from(self, other):
        """Take over the objective; its vectors, if it has some, are those of the same sequences."""
        if other.objective == "instance" and self.n_instances != other.n_instances:
            raise ValueError(
                f"X has {self.n_instances} sequences, and there is a vector for each of the {other.n_instances} of the "
                'last fit: with objective="instance" training goes on with the same sequences only; give them, or fit '
                'with objective="nt_xent" from the beginning'
            )
        n_instances = other.n_instances
        return dataclasses.replace(self, objective=other.objective, n_instances=n_instances)

    @property
    def embedding_dim(self):
        """Size of the representation: mean and maximum over time of the last layer."""
        return 2 * self.n_outputs

    @property
    def denses(self):
        """Names and sizes (input, output) of the dense layers."""
        return super().denses | {"head": (self.embedding_dim, self.head_dim)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(NetworkConfig):
    """What the architectures of autoencoders have in common; their representation has the size of a decoder's state.

    Attributes
    ----------
    mask_silence : bool
        As in the estimator.
    audeep_decoder : bool
        Whether decoders with an output projection have the two quirks of the original's: they are fed the step before
        the last one, and outputs of the backward direction stay in reverse order.
    """

    mask_silence: bool
    audeep_decoder: bool = False

    _free: ClassVar[tuple] = ("noises", "mask_silence")

    def go_on_from(self, other):
        """Take over the quirks of the original's decoder."""
        return dataclasses.replace(self, audeep_decoder=other.audeep_decoder)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimeConfig(_TimeEncoder, AutoencoderConfig):
    """Architecture of a time-recurrent autoencoder: a stack of encoders and one of decoders over the steps.

    Attributes
    ----------
    bidirectional_decoder
        As in the estimator.
    """

    bidirectional_decoder: bool

    @property
    def decoder(self):
        """Stacks of the decoder; a bidirectional one is always teacher-forced and needs no output projection."""
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
        """Names and sizes (input, output) of the dense layers beside the output projections."""
        return {
            "representation": (self.encoder.state_size, self.embedding_dim),
            "reconstruction": (self.decoder.n_outputs, self.n_features),
        }

    @property
    def embedding_dim(self):
        """Size of the representation, which is the decoder's initial state vector."""
        return self.decoder.state_size


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
            remedy = f" must be less than {param('window_width', self.window_width)}: windows have to move on"
            raise ParameterError("window_overlap", self.window_overlap, remedy)
        if self.window_width > self.n_features:
            remedy = f"lower {param.window_width}, and {param.window_overlap} with it"
            reason = f" is more than a frame of X has (n_features = {self.n_features}): {remedy}"
            raise ParameterError("window_width", self.window_width, reason)

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
        return dataclasses.replace(super().decoder, projection="feedback")

    @property
    def denses(self):
        """Names and sizes (input, output) of the dense layers beside the output projections."""
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
        """Names and sizes (input, output) of the dense layers beside the output projections."""
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
    def n_outputs(self):
        """Size of a frame of the last layer of the encoder."""
        return self.time_encoder.n_outputs

    @property
    def n_layer_outputs(self):
        """Number of outputs of all encoder layers at each frame."""
        return self.frequency_encoder.n_layer_outputs + self.time_encoder.n_layer_outputs
