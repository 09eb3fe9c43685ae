"""Checkpoints of the original toolkit: which files, what network they hold, and its weights in the layout of ours."""

import contextlib
import glob
import os
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np

from skaudeep._engine import borrow, start_tensorflow
from skaudeep._files import check_path
from skaudeep._validation import Real
from skaudeep.embedding._config import FrequencyConfig, FrequencyTimeConfig, TimeConfig
from skaudeep.exceptions import Message, ParameterError, param

_CLASSES = {
    "t-rae": "Seq2SeqAutoencoderEmbedder",
    "f-rae": "FrequencyAutoencoderEmbedder",
    "ft-rae": "FrequencyTimeAutoencoderEmbedder",
}
# by kind: stacks of the original and the name of ours and of its output projections; dense layers likewise
_STACKS = {
    "t-rae": {"encoder": ("encoder", None), "decoder": ("decoder", "feedback")},
    "f-rae": {"encoder": ("encoder", None), "decoder": ("decoder", "feedback")},
    "ft-rae": {
        "encoder_frequency": ("frequency_encoder", None),
        "encoder_time": ("time_encoder", None),
        "decoder_time": ("time_decoder", "time_feedback"),
        "decoder_frequency": ("frequency_decoder", "frequency_feedback"),
    },
}
_DENSES = {
    "t-rae": {"representation": "representation", "reconstruction/time_dist_linear": "reconstruction"},
    "f-rae": {"representation": "representation", "reconstruction": "reconstruction"},
    "ft-rae": {
        "representation": "representation",
        "decoder_frequency_initial_state": "frequency_state",
        "reconstruction": "reconstruction",
    },
}
# a cell's matrices in the original: their gates, by the order in which ours has them
_CELLS = {"gru": {"gates.": (1, 0), "candidate.": (0,)}, "lstm": {"": (0, 2, 1, 3)}}
_DIRECTIONS = {None: "forward", "fw": "forward", "bw": "backward"}
_LAYER = re.compile(
    r"model/(?P<stack>\w+)/rnn_output_and_state/(?:bidirectional_rnn/)?(?:(?P<direction>fw|bw)/)?(?:rnn/)?"
    r"multi_rnn_cell/cell_(?P<layer>\d+)/(?P<cell>gru|lstm)_cell/(?P<variable>(?:gates/|candidate/)?(?:kernel|bias))"
)
_FEEDBACK = re.compile(
    r"model/(?P<stack>\w+)/rnn_output_and_state/(?:bidirectional_rnn/)?(?:(?P<direction>fw|bw)/)?"
    r"(?P<variable>weights|bias)"
)
_DENSE = re.compile(r"model/(?P<dense>[\w/]+)/linear/(?P<variable>weights|bias)")
_OPTIMIZER = "model/optimizer/"
_MOMENTS = {"momentum": "Adam", "velocity": "Adam_1"}


def read_audeep(embedder_class, run_dir, step=None, window_overlap=None):
    """Read a checkpoint of the original toolkit.

    Parameters
    ----------
    embedder_class : type
        Of the autoencoder that is expected.
    run_dir : path-like
        Folder of a run, its folder ``logs``, or the files of one checkpoint without their endings,
        ``RUN/logs/model-STEP``.
    step : int, optional
        Number of the training step; None: the newest.
    window_overlap : int, optional
        In features; needed only where the size of the weights leaves several possible.

    Returns
    -------
    config : TimeConfig, FrequencyConfig or FrequencyTimeConfig
        Architecture.
    weights : dict of str to ndarray of float32
        In the layout of our networks.
    optimizer : dict of str to ndarray or None
        State of Adam as `NetworkMixin.read_optimizer` gives it; None where the checkpoint holds none.
    n_steps : int
        Number of training steps so far.

    Raises
    ------
    FileNotFoundError
        Where there is no checkpoint, or not all of its files.
    ValueError
        For a step that is not there, a damaged checkpoint, or one of something else.
    """
    check_path(run_dir, "run_dir", "folder")
    if step is not None and not isinstance(step, Real):
        raise TypeError(f"step={step!r}: give the number of a training step, or None for the last one")
    prefix, step = _find_checkpoint(run_dir, step)
    checkpoint = _Checkpoint(prefix)
    kind = embedder_class.kind
    names, cell = _name_variables(kind, checkpoint)
    shapes = {name: checkpoint.shapes[original] for name, original in names.items()}
    config = _infer_config(kind, cell, shapes, checkpoint, window_overlap)
    _check_shapes(config, names, shapes, checkpoint)
    weights = _convert(config, {name: checkpoint.read(original) for name, original in names.items()})
    if cell == "lstm":
        _add_to_forget_gates(config, weights)
    moments = _read_moments(config, names, checkpoint)
    if moments is None:
        return config, weights, None, step
    n_steps = _count_steps(checkpoint, step)
    return config, weights, _name_moments(config, embedder_class._build_network, moments, n_steps), n_steps


def find_kind(run_dir, step=None):
    """Which autoencoder a checkpoint of the original is: "t-rae", "f-rae" or "ft-rae"."""
    return _kind_of(_Checkpoint(_find_checkpoint(run_dir, step)[0]))


# --- files ---


def _find_checkpoint(run_dir, step):
    """Files of the wanted checkpoint without their endings, and its step."""
    folder, stem, named_step = Path(run_dir), "model", None
    if not folder.is_dir():
        match = re.fullmatch(r"(.+)-(0|[1-9]\d*)(?:\.index)?", folder.name)
        if not match or not folder.parent.is_dir():
            raise FileNotFoundError(
                f"run_dir={str(folder)!r}: there is no such folder and no such checkpoint; give the folder of a run, "
                "its folder logs, or the checkpoint's files without their endings (RUN/logs/model-STEP)"
            )
        folder, stem, named_step = folder.parent, match[1], int(match[2])
        if step not in (None, named_step):
            raise ValueError(
                f"step={step!r}, but run_dir={os.fspath(run_dir)!r} is the checkpoint of step {named_step}: give the "
                "folder instead, or leave step out"
            )
        step = named_step
    found = _list_checkpoints(folder, stem)
    if not found and named_step is None and (folder / "logs").is_dir():
        folder = folder / "logs"
        found = _list_checkpoints(folder, stem)
    if not found:
        raise FileNotFoundError(
            f"run_dir={os.fspath(run_dir)!r}: there is no checkpoint of the original in {str(folder)!r}, that is no "
            f"{stem}-STEP.index with {stem}-STEP.data-00000-of-00001 beside it"
        )
    if step is None:
        step = max(found)
    if step not in found:
        steps = ", ".join(map(str, sorted(found)))
        raise ValueError(f"step={step!r}: {str(folder)!r} has no such checkpoint; the steps there are {steps}")
    step = int(step)
    missing = _missing_files(found[step])
    if missing:
        raise FileNotFoundError(
            f"the checkpoint {str(folder / f'{stem}-{step}')!r} is incomplete: {stem}-{step}.{missing[0]} is missing; "
            "copy all of its files, or choose another one by step"
        )
    return folder / f"{stem}-{step}", step


def _list_checkpoints(folder, stem):
    """Endings of the files by step."""
    pattern = re.compile(re.escape(stem) + r"-(0|[1-9]\d*)\.(index|data-\d{5}-of-\d{5})")
    found = {}
    for path in folder.iterdir():
        match = pattern.fullmatch(path.name)
        if match:
            found.setdefault(int(match[1]), set()).add(match[2])
    return found


def _missing_files(endings):
    totals = {ending[-5:] for ending in endings - {"index"}} or {"00001"}
    wanted = [{"index", *(f"data-{i:05}-of-{total}" for i in range(int(total)))} for total in sorted(totals)]
    return min((sorted(files - endings) for files in wanted), key=len)


@contextlib.contextmanager
def _plain_path(prefix):
    """Give a checkpoint under a path that TensorFlow does not take for a pattern."""
    if not {"[", "\\"} - {os.sep} & set(str(prefix)):
        yield str(prefix)
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in prefix.parent.glob(f"{glob.escape(prefix.name)}.*"):
            shutil.copy(path, folder)
        yield os.path.join(folder, prefix.name)


class _Checkpoint:
    """The variables in the files that are the original's."""

    def __init__(self, prefix):
        start_tensorflow()
        import tensorflow as tf

        self._prefix = str(prefix)
        try:
            with _plain_path(prefix) as path:
                reader = tf.train.load_checkpoint(path)
                names = [name for name in reader.get_variable_to_shape_map() if name.startswith("model/")]
                self._variables = {name: np.asarray(reader.get_tensor(name)) for name in names}
        except Exception as error:  # of a dozen classes
            raise ValueError(
                f"{self} cannot be read: its files are damaged, incomplete or something else ({str(error).strip()}); "
                "copy them again, or choose another checkpoint by step"
            ) from error
        self.shapes = {name: variable.shape for name, variable in self._variables.items()}

    def read(self, name):
        """One variable, checked."""
        variable = self._variables[name]
        if variable.dtype != np.float32:
            raise ValueError(f"{self}: {name} is of type {variable.dtype}, not float32")
        if not np.isfinite(variable).all():
            raise ValueError(f"{self}: {name} has values that are not finite; choose an earlier checkpoint by step")
        return variable

    def __str__(self):
        return f"the checkpoint {self._prefix!r}"


# --- from names and shapes to an architecture ---


def _name_variables(kind, checkpoint):
    """Names in the checkpoint of the network's variables by what they are, and the cell."""
    found = _kind_of(checkpoint)
    if found != kind:
        raise ValueError(f"{checkpoint} is a {found}: use {_CLASSES[found]}.from_audeep")
    names = {}
    for original in sorted(checkpoint.shapes):
        if original.startswith(_OPTIMIZER):
            continue
        name = _our_name(kind, original)
        if name is None:
            raise ValueError(
                f"{checkpoint} has a variable {original!r} that is not part of the original's {kind}: it "
                "belongs to another network"
            )
        if name in names:
            raise ValueError(f"{checkpoint} has {names[name]!r} and {original!r}, which are one variable")
        names[name] = original
    cells = {match["cell"] for original in names.values() if (match := _LAYER.fullmatch(original))}
    if len(cells) != 1:
        raise ValueError(f"{checkpoint} has cells of {len(cells)} kinds ({', '.join(sorted(cells))}), not of one")
    return names, cells.pop()


def _kind_of(checkpoint):
    scopes = {tuple(name.split("/")[1:3]) for name in checkpoint.shapes}
    outer = {scope for scope, *_ in scopes}
    if {"encoder_frequency", "encoder_time", "reconstruction"} <= outer:
        return "ft-rae"
    if {"encoder", "decoder", "representation", "reconstruction"} <= outer:
        return "t-rae" if ("reconstruction", "time_dist_linear") in scopes else "f-rae"
    raise ValueError(
        f"{checkpoint} is not one of the original's autoencoders: its variables "
        f"{'have other names' if checkpoint.shapes else 'are not under model/'}"
    )


def _our_name(kind, original):
    """What a variable is, in names like those of our weights; None: unknown."""
    stacks, denses = _STACKS[kind], _DENSES[kind]
    match = _LAYER.fullmatch(original)
    if match and match["stack"] in stacks:
        direction, variable = _DIRECTIONS[match["direction"]], match["variable"].replace("/", ".")
        return f"{stacks[match['stack']][0]}.{direction}.{int(match['layer'])}.{variable}"
    match = _FEEDBACK.fullmatch(original)
    if match and stacks.get(match["stack"], (None, None))[1]:
        variable = match["variable"].replace("weights", "kernel")
        return f"{stacks[match['stack']][1]}.{_DIRECTIONS[match['direction']]}.{variable}"
    match = _DENSE.fullmatch(original)
    if match and match["dense"] in denses:
        return f"{denses[match['dense']]}.{match['variable'].replace('weights', 'kernel')}"
    return None


def _infer_config(kind, cell, shapes, checkpoint, window_overlap):
    """Architecture by the shapes of what decides on it; whether the others agree is for `_check_shapes`."""

    def size(name, axis):
        if len(shapes.get(name, ())) <= axis:
            raise ValueError(f"{checkpoint} has no variable for {name}, or not of the shape it must have")
        return shapes[name][axis]

    def layers(axis=""):
        """Facts on the encoder and decoder of an axis, and the size of a step of its input."""
        encoder, decoder = f"{axis}encoder", f"{axis}decoder"
        matrix, n_gates = {"gru": ("candidate.", 1), "lstm": ("", 4)}[cell]
        n_units = size(f"{encoder}.forward.0.{matrix}bias", 0) // n_gates
        facts = {
            f"{axis}n_layers": len({key.split(".")[2] for key in shapes if key.startswith(f"{encoder}.forward.")}),
            f"{axis}n_units": n_units,
            f"{axis}bidirectional_encoder": any(key.startswith(f"{encoder}.backward.") for key in shapes),
            f"{axis}bidirectional_decoder": any(key.startswith(f"{decoder}.backward.") for key in shapes),
        }
        return facts, size(f"{encoder}.forward.0.{matrix}kernel", 0) - n_units

    axis = "frequency_" if kind == "ft-rae" else ""
    facts, n_inputs = layers(axis)
    bidirectional = facts[f"{axis}bidirectional_decoder"]
    facts |= {"cell": cell, "reset_after": False, "mask_silence": False, "noises": ()}
    if kind == "t-rae":
        return TimeConfig(n_features=n_inputs, audeep_decoder=not bidirectional, **facts)
    n_features = size("reconstruction.bias", 0)
    n_windows = size("reconstruction.kernel", 0) / max((1 + bidirectional) * n_inputs, 1)
    facts |= {"n_features": n_features, "window_width": n_inputs, "audeep_decoder": True}
    facts["window_overlap"] = _infer_overlap(n_features, n_inputs, n_windows, window_overlap, checkpoint)
    return FrequencyConfig(**facts) if kind == "f-rae" else FrequencyTimeConfig(**facts, **layers("time_")[0])


def _infer_overlap(n_features, width, n_windows, wanted, checkpoint):
    """Overlap of windows, by their number."""
    possible = [
        overlap
        for overlap in range(width)
        if n_features >= width and (n_features - overlap) // (width - overlap) == n_windows
    ]
    if not possible:
        raise ValueError(
            f"{checkpoint} is inconsistent: its last layer does not fit windows of {width} of {n_features} features"
        )
    listed = ", ".join(map(str, possible))
    if wanted is not None and wanted not in possible:
        found = f"{n_windows:g} windows of {width} of {n_features} features overlap by {listed}"
        raise ParameterError("window_overlap", wanted, f" contradicts {checkpoint}: {found}")
    if wanted is None and len(possible) > 1 and n_windows > 1:
        found = (
            f"{checkpoint} has {n_windows:g} windows of {width} of {n_features} features, which may overlap by {listed}"
        )
        raise ValueError(Message(f"{found}: give {param.window_overlap}, as the model was trained with"))
    return possible[0] if wanted is None else int(wanted)


def _check_shapes(config, names, shapes, checkpoint):
    """Exactly the variables of this architecture must be there."""
    expected = _original_shapes(config)
    for name, shape in shapes.items():
        if name not in expected:
            raise ValueError(f"{checkpoint} is inconsistent: {names[name]!r} does not belong to its network, {config}")
        if shape != expected[name]:
            raise ValueError(
                f"{checkpoint} is inconsistent: {names[name]!r} has shape {shape}, but {expected[name]} follows from "
                "the rest"
            )
    missing = [name for name in expected if name not in shapes]
    if missing:
        raise ValueError(f"{checkpoint} has no variable for {missing[0]}: it is incomplete, or of another network")


def _original_shapes(config):
    shapes = {}

    def add(name, n_inputs, n_outputs):
        shapes[f"{name}kernel"], shapes[f"{name}bias"] = (n_inputs, n_outputs), (n_outputs,)

    for stacks in config.stacks:
        for name, n_inputs in stacks.layers:
            for matrix, gates in _CELLS[config.cell].items():
                add(f"{name}.{matrix}", n_inputs + stacks.n_units, len(gates) * stacks.n_units)
        for name in stacks.projections:
            add(f"{name}.", stacks.n_units, stacks.n_inputs)
    for name, sizes in config.denses.items():
        add(f"{name}.", *sizes)
    return shapes


# --- the layout of ours ---


def _convert(config, originals):
    """Bring weights, or what belongs to each of them, from the original's layout to ours."""
    from skaudeep.embedding.networks import weight_shapes

    found = dict(originals)
    for stacks in config.stacks:
        for name, n_inputs in stacks.layers:
            found |= _convert_layer(config, found, f"{name}.", n_inputs)
    if isinstance(config, FrequencyTimeConfig):
        _turn_windows(config, found)
    if isinstance(config, FrequencyConfig | FrequencyTimeConfig):
        _turn_frames(config, found)
    return {name: np.ascontiguousarray(found[name]) for name in weight_shapes(config)}


def _convert_layer(config, originals, prefix, n_inputs):
    """Gates in our order, and separate kernels for a recurrent layer's input and state."""
    gates = {"kernel": [], "bias": []}
    for matrix, order in _CELLS[config.cell].items():
        for variable in gates:
            parts = np.split(originals[f"{prefix}{matrix}{variable}"], len(order), axis=-1)
            gates[variable] += [parts[i] for i in order]
    kernel, recurrent_kernel = np.split(np.concatenate(gates["kernel"], axis=-1), [n_inputs])
    return {
        f"{prefix}kernel": kernel,
        f"{prefix}recurrent_kernel": recurrent_kernel,
        f"{prefix}bias": np.concatenate(gates["bias"]),
    }


def _turn_windows(config, weights):
    """Let the decoder of frames read and write windows in the order of the input; here the original reverses them.

    It does so in its frequency-time autoencoder only.
    """
    decoder = config.frequency_decoder
    for direction, projection in zip(decoder.directions, decoder.projections, strict=True):
        kernel = f"{decoder.name}.{direction}.0.kernel"
        weights[kernel] = weights[kernel][::-1]
        for variable in ("kernel", "bias"):
            weights[f"{projection}.{variable}"] = weights[f"{projection}.{variable}"][..., ::-1]
    kernel = weights["reconstruction.kernel"]
    windows = kernel.reshape(-1, config.window_width, config.n_features)
    weights["reconstruction.kernel"] = windows[:, ::-1].reshape(kernel.shape)


def _turn_frames(config, weights):
    """Put windows and frames into the order of the input; the original has both from their highest feature down."""
    kernel = weights["reconstruction.kernel"]
    windows = kernel.reshape(len(config.window_starts), -1, config.n_features)
    weights["reconstruction.kernel"] = windows[::-1, :, ::-1].reshape(kernel.shape)
    weights["reconstruction.bias"] = weights["reconstruction.bias"][::-1]


def _add_to_forget_gates(config, weights):
    """Make the one that the original adds at every step a part of the bias."""
    for stacks in config.stacks:
        for name, _ in stacks.layers:
            weights[f"{name}.bias"][stacks.n_units : 2 * stacks.n_units] += 1


def _read_moments(config, names, checkpoint):
    """Both moments of all weights in our layout, by weight; None where there are none at all."""
    slots = {
        moment: {name: f"{_OPTIMIZER}{original}/{ending}" for name, original in names.items()}
        for moment, ending in _MOMENTS.items()
    }
    wanted = {slot for of_moment in slots.values() for slot in of_moment.values()}
    powers = {f"{_OPTIMIZER}beta1_power", f"{_OPTIMIZER}beta2_power"}
    there = {name for name in checkpoint.shapes if name.startswith(_OPTIMIZER)}
    if there - wanted - powers:
        raise ValueError(
            f"{checkpoint} has {min(there - wanted - powers)!r}, which belongs to no weight of its network"
        )
    if not there & wanted:
        return None
    if wanted - there:
        raise ValueError(f"{checkpoint} is incomplete: {min(wanted - there)!r} is missing among the states of Adam")
    moments = {}
    for moment, of_moment in slots.items():
        for name, slot in of_moment.items():
            if checkpoint.shapes[slot] != checkpoint.shapes[names[name]]:
                raise ValueError(f"{checkpoint} is inconsistent: {slot!r} has not the shape of its weight")
        moments[moment] = _convert(config, {name: checkpoint.read(slot) for name, slot in of_moment.items()})
    return moments


def _count_steps(checkpoint, step):
    """Steps of Adam: from the powers of its decays, or from the name of the checkpoint when these have come to zero."""
    powers = []
    for name, decay in (("beta1_power", 0.9), ("beta2_power", 0.999)):
        if f"{_OPTIMIZER}{name}" in checkpoint.shapes:
            power = checkpoint.read(f"{_OPTIMIZER}{name}")
            if power.shape:
                raise ValueError(f"{checkpoint} is inconsistent: {_OPTIMIZER}{name} has shape {power.shape}, not ()")
            powers.append((float(power), float(np.float32(decay))))
    for power, decay in powers:
        if np.finfo(np.float32).tiny <= power < 1:
            return max(round(np.log(power) / np.log(decay)) - 1, 0)
    return step


def _name_moments(config, build, moments, n_steps):
    """State of Adam under the names that the network's optimizer has for it."""
    with borrow(config, build) as network:
        network.prepare_training(1e-3)
        variables = [name for name in network.read_optimizer() if name != "iteration"]
    state = {"iteration": np.int64(n_steps)}
    for moment, values in moments.items():
        for weight, value in values.items():
            (name,) = [name for name in variables if name.endswith(f"_{weight}_{moment}")]
            state[name] = value
    return state
