"""Keras and TensorFlow that is not architecture: the pool of networks, weights to and from NumPy, batches.

A fitted estimator holds NumPy arrays and a frozen config; the compiled network that runs them is borrowed from a
process-wide pool keyed by the config. Nothing here imports TensorFlow before a network is built.
"""

import collections
import concurrent.futures
import contextlib
import multiprocessing
import numbers
import os
import re
import sys
import tempfile
import threading
import types
import warnings
from typing import ClassVar

import joblib
import numpy as np

from skaudeep._interrupts import result_of, submit

MAX_IDLE_NETWORKS = 8

_NOTICE = re.compile(rb"[IWE]\d{4} \d\d:|WARNING: All log messages before absl")

_idle = collections.OrderedDict()
_lock = threading.Lock()
_floatx_lock = threading.Lock()
_start_lock = threading.Lock()
_threads = types.SimpleNamespace(requested=None, settled=False)
_process = types.SimpleNamespace(has_lost_tensorflow=False)
_CONFIGURED = {"TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"}  # the user's own settings of TensorFlow


@contextlib.contextmanager
def borrow(config, build, weights=None):
    """Borrow a compiled network; no other thread has it until it is given back.

    Parameters
    ----------
    config : hashable
        The architecture.
    build : callable
        ``build(config)`` makes a network when none of this function and `config` is idle.
    weights : dict of str to ndarray, optional
        Weights to load; without them the network has those of whoever had it last.

    Yields
    ------
    NetworkMixin
        The network.
    """
    check_process()
    with _lock:
        networks = _idle.pop((build, config), [])
        network = networks.pop() if networks else None
        if networks:
            _idle[build, config] = networks
    if network is None:
        start_tensorflow()
        network = build(config)
    if weights is not None:
        network.load_weights_dict(weights)
    # a network whose user failed in the middle is dropped: its traces may be half made
    yield network
    with _lock:
        _idle.setdefault((build, config), []).append(network)
        _idle.move_to_end((build, config))
        while sum(map(len, _idle.values())) > MAX_IDLE_NETWORKS:
            oldest, networks = _idle.popitem(last=False)
            if networks[1:]:
                _idle[oldest] = networks[1:]
                _idle.move_to_end(oldest, last=False)


def check_process():
    """Raise an error where TensorFlow would wait for ever: in a fork of a process in which it ran already."""
    if _process.has_lost_tensorflow:
        raise RuntimeError(
            "this process is a fork of one in which TensorFlow ran already, and in forks TensorFlow waits for ever for "
            'threads that they do not have: start processes by "spawn" or "forkserver" (multiprocessing, data loaders) '
            'or "loky" (joblib), or fork before the first use of an estimator that needs TensorFlow (gunicorn: without '
            "preloading, or with a model that is loaded there, but not used)"
        )


def _tensorflow_runs():
    """Whether TensorFlow has threads here, as it has from its first operation on, or is about to get them."""
    if _start_lock.locked():
        return True
    if "tensorflow" not in sys.modules:
        return False
    is_incomplete = getattr(sys.modules["tensorflow"].__spec__, "_initializing", False)
    try:
        context = sys.modules["tensorflow.python.eager.context"].context_safe()
        return is_incomplete or (context is not None and context._context_handle is not None)
    except (KeyError, AttributeError):  # it is no public part of TensorFlow
        return True


def _note_fork():
    """Begin anew in the child of a fork, which has no thread of its parent but the one that forked."""
    global _lock, _start_lock
    _process.has_lost_tensorflow = _tensorflow_runs()
    _lock, _start_lock = threading.Lock(), threading.Lock()  # they may have been held by other threads


def _is_fork_without_threads():
    """Whether TensorFlow's threads are gone, where this module is imported only after a fork."""
    try:
        return _tensorflow_runs() and len(os.listdir("/proc/self/task")) == 1
    except OSError:  # a system that does not say
        return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
    _process.has_lost_tensorflow = _is_fork_without_threads()


def set_threads(n_threads=None):
    """Arrange the threads of TensorFlow so that recurrent networks train fastest on a CPU.

    Recurrent layers are long chains of small matrix products. A core that works on a chain of its own is faster than
    several that share each product, and a network has two chains at a time: the directions of a bidirectional
    decoder, or two halves of a batch. Hence two operations side by side (inter-op), with half of the cores each
    (intra-op), instead of TensorFlow's default, in which every operation may take all cores.

    The command line does so by itself, as do the worker processes of a parallel search, with the number of threads
    that joblib gives them. In other processes TensorFlow's settings are changed by this function or by the
    environment variable ``SKAUDEEP_NUM_THREADS`` only. Results may differ by round-off between arrangements.

    Parameters
    ----------
    n_threads : int, default=None
        Number of cores to use; None: all that this process may use.

    Raises
    ------
    RuntimeError
        If TensorFlow runs already with other settings: it takes no others from then on.

    Examples
    --------
    >>> import skaudeep
    >>> skaudeep.set_threads(2)  # doctest: +SKIP
    """
    if n_threads is None:
        n_threads = joblib.cpu_count()
    if isinstance(n_threads, bool) or not isinstance(n_threads, numbers.Integral) or n_threads < 1:
        raise ValueError(f"n_threads={n_threads!r}: give a positive integer, or None for all cores")
    if "tensorflow" in sys.modules:
        _arrange_threads(n_threads)
    _threads.requested = int(n_threads)


def _arrange_threads(n_threads):
    import tensorflow as tf

    try:
        tf.config.threading.set_inter_op_parallelism_threads(min(2, n_threads))
        tf.config.threading.set_intra_op_parallelism_threads(max(1, n_threads // 2))
    except RuntimeError as error:
        raise RuntimeError(
            "TensorFlow runs already and takes no other number of threads: call skaudeep.set_threads(), or set "
            "SKAUDEEP_NUM_THREADS, before the first use of an estimator and of TensorFlow"
        ) from error


def _arrange_threads_if_possible(n_threads):
    try:
        _arrange_threads(n_threads)
    except RuntimeError as error:
        if _threads.requested or os.environ.get("SKAUDEEP_NUM_THREADS"):  # somebody has asked, and TensorFlow was first
            warnings.warn(str(error), stacklevel=2)


def _wanted_threads():
    """Number of threads that somebody has asked for or that joblib leaves a worker process; None: nobody cares."""
    text = os.environ.get("SKAUDEEP_NUM_THREADS")
    if text and not (text.isdecimal() and int(text)):
        raise ValueError(f"the environment variable SKAUDEEP_NUM_THREADS is {text!r}: give a positive integer")
    wanted = _threads.requested or (int(text) if text else None)
    share = os.environ.get("OMP_NUM_THREADS", "")
    is_worker = multiprocessing.current_process().name != "MainProcess" and share.isdecimal() and int(share)
    if not is_worker or _CONFIGURED & os.environ.keys():
        return wanted
    return min(int(share), wanted or int(share))


def claim_threads():
    """Take all cores for the command line, whose process is ours, unless the environment says otherwise."""
    _wanted_threads()  # a senseless value is an error now and not after an hour
    if not ({"SKAUDEEP_NUM_THREADS"} | _CONFIGURED) & os.environ.keys():
        set_threads()


def claim_backend():
    """Let Keras run on TensorFlow in the process of the command line, whatever the environment says."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"


def start_tensorflow():
    """Import TensorFlow and Keras, which must run on it.

    Raises
    ------
    RuntimeError
        If Keras runs, or is to run, on another backend: it has one per process, and it is the user's choice.
    """
    wanted = os.environ.get("KERAS_BACKEND")
    if wanted and "keras" not in sys.modules:
        _require_tensorflow(wanted)
    _import_tensorflow()
    try:
        import keras
    except ImportError as error:  # the backend that Keras's own file asks for may be missing
        raise ImportError(f"Keras cannot be imported ({error}). {_BACKEND_REMEDY}") from error
    _require_tensorflow(keras.config.backend())


_BACKEND_REMEDY = (
    "The networks of skaudeep run on TensorFlow: set the environment variable KERAS_BACKEND to 'tensorflow' before "
    "Keras is imported (it counts more than the file keras.json in the folder KERAS_HOME or ~/.keras)"
)


def _require_tensorflow(backend):
    if backend != "tensorflow":
        raise RuntimeError(f"Keras is set to the backend {backend!r}. {_BACKEND_REMEDY}")


def _import_tensorflow():
    """Import TensorFlow, once, without the notices it writes to the process's standard error while it starts.

    They come from C++, before any log level counts; whatever else arrives meanwhile is passed on. A user who has
    set TensorFlow's log level, or has imported it already, is left alone. Threads: see `set_threads`.
    """
    check_process()
    with _start_lock:
        if _threads.settled:
            return
        n_threads = _wanted_threads()
        _threads.settled = True
        if "tensorflow" in sys.modules:
            if n_threads is not None:
                _arrange_threads_if_possible(n_threads)
            return
        level = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
        quiet = level in (None, "3")
        try:
            if quiet:
                os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
            with _without_notices() if quiet else contextlib.nullcontext():
                import tensorflow as tf

                if n_threads is not None:
                    _arrange_threads(n_threads)
                tf.config.list_logical_devices()
        finally:
            if level is None:
                del os.environ["TF_CPP_MIN_LOG_LEVEL"]


@contextlib.contextmanager
def _without_notices():
    """Hold standard error back, and pass on at the end what is no notice of TensorFlow."""
    try:
        stderr = os.dup(2)
    except OSError:  # no standard error at all
        yield
        return
    with tempfile.TemporaryFile() as notices:
        os.dup2(notices.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            notices.seek(0)
            os.write(2, b"".join(line for line in notices if not _NOTICE.match(line)))


class NetworkMixin:
    """Weights, optimizers and traced functions of a ``keras.Model``; imports nothing of Keras itself.

    All of it is float32, whatever Keras's global dtype policy and `floatx` are: the model is made with
    ``dtype="float32"``, and its optimizers in `_make_optimizer`.
    """

    #: groups of weights that have an optimizer of their own: what the names of their weights begin with, by the name
    #: of the group; all other weights are the group "" (see `gradients`)
    groups: ClassVar[dict] = {}

    def add_parameters(self, shapes):
        """Create the trainable weights, ``{name: shape}``."""
        self.parameters = {
            name: self.add_weight(shape=shape, initializer="zeros", name=name) for name, shape in shapes.items()
        }
        self._traced = {}
        self.built = True

    def call_traced(self, key, function, signature, *arguments):
        """Call `function` compiled for `signature`; it is traced at the first call under `key` only."""
        import tensorflow as tf

        if key not in self._traced:
            self._traced[key] = self._trace(key, function, signature)
        tensors = [tf.convert_to_tensor(a, spec.dtype) for a, spec in zip(arguments, signature, strict=True)]
        return self._traced[key](*tensors)

    def _trace(self, key, function, signature):
        import tensorflow as tf

        # AutoGraph would only turn into graphs what is no branch or loop over tensors, at twice the time
        traced = tf.function(function, signature, autograph=False).get_concrete_function()
        _forget_gradients(traced.graph)
        return traced

    def load_weights_dict(self, weights):
        """Set all weights from ``{name: ndarray}``."""
        for name, variable in self.parameters.items():
            variable.assign(weights[name])

    def read_weights(self):
        """Give all weights as ``{name: ndarray}``, copied."""
        return {name: variable.value.numpy() for name, variable in self.parameters.items()}

    def prepare_training(self, learning_rate, state=None):
        """Make the optimizers ready: fresh, or where `state` left off."""
        if not self.compiled:
            self._members = self._divide_weights()
            self._optimizers = {group: _make_optimizer() for group in self._members}
            for group, names in self._members.items():
                self._optimizers[group].build([self.parameters[name] for name in names])
            # that of the most weights is the one that Keras's callbacks see
            self.compile(optimizer=self._optimizers[""], jit_compile=False)
        self.stop_training = False
        for name, variable in self._optimizer_variables().items():
            variable.assign(np.zeros(variable.shape, variable.dtype) if state is None else state[name])
        self.set_learning_rate(learning_rate)

    def set_learning_rate(self, learning_rate):
        """Set the learning rate of all optimizers."""
        for optimizer in self._optimizers.values():
            optimizer.learning_rate = learning_rate

    def read_optimizer(self):
        """Give the state of the optimizers as ``{name: ndarray}``, copied; the learning rate is not part of it."""
        return {name: variable.value.numpy() for name, variable in self._optimizer_variables().items()}

    def _optimizer_variables(self):
        variables = {}
        for group, optimizer in self._optimizers.items():
            prefix = f"{group}/" if group else ""
            variables |= {prefix + v.name: v for v in optimizer.variables if v.name != "learning_rate"}
        return variables

    def _divide_weights(self):
        """Names of the weights of each group."""
        members = {"": list(self.parameters)}
        for group, prefixes in self.groups.items():
            members[group] = [name for name in members[""] if name.startswith(tuple(prefixes))]
            members[""] = [name for name in members[""] if name not in members[group]]
        return members

    def gradients(self, compute_losses, *arguments):
        """Compute losses, and the gradients of all weights by name.

        Parameters
        ----------
        compute_losses : callable
            Gives a dictionary of tensors for `arguments`. The weights of a group minimise ``"loss_" + group``, if there
            is one, and all others ``"loss"``.

        Returns
        -------
        losses : dict of str to tensor
            As computed.
        gradients : dict of str to tensor
            By the name of the weight; None for a weight that its loss does not depend on.
        """
        import tensorflow as tf

        with tf.GradientTape(persistent=len(self._members) > 1) as tape:
            losses = compute_losses(*arguments)
        found = {}
        for group, names in self._members.items():
            loss = losses.get(f"loss_{group}", losses["loss"])
            values = [self.parameters[name].value for name in names]
            found |= dict(zip(names, tape.gradient(loss, values), strict=True))
        return losses, {name: found[name] for name in self.parameters}

    def update(self, gradients, clip_value=None, weight_decay=None):
        """Update the weights that have a gradient.

        Parameters
        ----------
        gradients : dict of str to tensor
            By the name of the weight, as `gradients` gives them.
        clip_value : float, default=None
            They are clipped element-wise to [-clip_value, clip_value].
        weight_decay : float, default=None
            Share of a kernel to subtract from it, times the learning rate, before the step (decoupled, as in AdamW).
        """
        import tensorflow as tf

        for group, names in self._members.items():
            names = [name for name in names if gradients[name] is not None]
            variables, own = [self.parameters[name] for name in names], [gradients[name] for name in names]
            if clip_value is not None:
                own = [tf.clip_by_value(g, -clip_value, clip_value) for g in own]
            optimizer = self._optimizers[group]
            for variable in variables if weight_decay is not None else ():
                if variable.name.endswith("kernel"):
                    variable.assign_sub(optimizer.learning_rate * weight_decay * variable)
            if variables:
                optimizer.apply(own, variables)


def _make_optimizer():
    """Make an Adam whose learning rate is float32: Keras gives it the global `floatx`, and no other way to choose."""
    import keras

    with _floatx_lock:
        before = keras.config.floatx()
        keras.config.set_floatx("float32")
        try:
            # the original's epsilon, not Keras's; with it one step equals the original's
            return keras.optimizers.Adam(epsilon=1e-8)
        finally:
            keras.config.set_floatx(before)


def _forget_gradients(graph):
    """Take the custom gradients of a traced function from TensorFlow's registry.

    They are not asked for again, and the registry, which nothing else ever empties, would keep the graph for good.
    """
    with contextlib.suppress(ImportError, AttributeError):  # it is no public part of TensorFlow
        from tensorflow.python.framework.ops import gradient_registry

        for operation in graph.get_operations():
            with contextlib.suppress(ValueError):  # most have no gradient of their own
                gradient_registry._registry.pop(operation.get_attr("_gradient_op_type").decode(), None)
            if operation.type in ("While", "StatelessWhile"):
                _forget_gradients(graph._get_function(operation.get_attr("body").name).graph)


def prefetch(load, items, n_ahead=2):
    """Load batches in a thread, ahead of their use.

    Parameters
    ----------
    load : callable
        From an item to a batch.
    items : sequence
        What to load, in order.
    n_ahead : int, default=2
        Number of batches to hold in memory beside the one in use.

    Yields
    ------
    object
        What `load` gives for each item.
    """
    if len(items) < 2:  # nothing to be ahead of
        yield from map(load, items)
        return
    pool, pending = concurrent.futures.ThreadPoolExecutor(1), collections.deque()
    try:
        for item in items:
            pending.append(submit(pool, load, item))
            if len(pending) > n_ahead:
                yield result_of(pending.popleft())
        while pending:
            yield result_of(pending.popleft())
    finally:
        pool.shutdown(cancel_futures=True)
