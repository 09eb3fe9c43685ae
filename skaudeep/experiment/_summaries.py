"""What TensorBoard shows of a training: losses, the representation, and reconstructions where there are some."""

import copy
import io
import os
import socket
import time
from pathlib import Path

import numpy as np

__all__ = ["EVENT_FILES", "Summaries"]

#: pattern of the names of our files
EVENT_FILES = "events.out.tfevents.*.skaudeep"

_N_BINS = 30
_N_IMAGES = 3
_GAP = 4  # columns between a target and its reconstruction


class Summaries:
    """Write summaries of epochs to a file in a folder that TensorBoard reads; it appears with the first epoch.

    The loss, all else in the history, and the seconds of the epoch are scalars; of a sample of the data, of shape
    (n, T, F), there are a histogram of the numbers in their representations, and, of an embedder that reconstructs,
    images of a few targets (left) beside their reconstructions (right), frequency upwards, in the colours of -1 to 1.
    What earlier files say of steps after `step` is no longer shown.
    """

    def __init__(self, folder, sample, step=0):
        self._folder = Path(folder)
        self._sample = sample
        self._step = step
        self._file = None

    def write(self, embedder, step, seconds):
        """Add the summaries of an epoch of a fitted embedder: the steps so far, and the seconds that it took."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        if self._file is None:
            self._open()
        if embedder.output != "bottleneck":
            embedder = copy.copy(embedder).set_params(output="bottleneck")
        scalars = {name: values[-1] for name, values in embedder.history_.items()} | {"seconds": seconds}
        values = [Summary.Value(tag=name, simple_value=scalar) for name, scalar in scalars.items()]
        histogram = _make_histogram(embedder.transform(self._sample))
        values.append(Summary.Value(tag="representation", histo=histogram))
        if hasattr(embedder, "reconstruct"):
            values += self._show_reconstructions(embedder)
        self._add(step=step, summary=Summary(value=values))

    def _show_reconstructions(self, embedder):
        """Give images of a few targets beside their reconstructions."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = []
        targets = self._sample[np.unique(np.linspace(0, len(self._sample) - 1, _N_IMAGES).astype(int))]
        for i, pair in enumerate(zip(targets, embedder.reconstruct(targets), strict=True)):
            values.append(Summary.Value(tag=f"target and reconstruction/{i}", image=_make_image(*pair)))
        return values

    def _open(self):
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        # files are read in the order of their names
        name = EVENT_FILES.replace("*", f"{time.time_ns():020}.{socket.gethostname()}.{os.getpid()}")
        self._file = open(self._folder / name, "xb")  # noqa: SIM115
        self._records = RecordWriter(self._file)
        self._add(file_version="brain.Event:2")
        # of an interrupted training there may be summaries of steps that now come again
        self._add(step=self._step + 1, session_log=SessionLog(status=SessionLog.START))

    def _add(self, **fields):
        from tensorboard.compat.proto.event_pb2 import Event

        self._records.write(Event(wall_time=time.time(), **fields).SerializeToString())
        self._records.flush()

    def close(self):
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def _make_histogram(values):
    from tensorboard.compat.proto.summary_pb2 import HistogramProto

    values = np.asarray(values, np.float64).ravel()
    counts, edges = np.histogram(values, _N_BINS)
    return HistogramProto(
        min=values.min(),
        max=values.max(),
        num=len(values),
        sum=values.sum(),
        sum_squares=np.square(values).sum(),
        bucket_limit=edges[1:],
        bucket=counts,
    )


def _make_image(target, reconstruction):
    import matplotlib.image
    from tensorboard.compat.proto.summary_pb2 import Summary

    gap = np.full((target.shape[1], _GAP), np.nan)  # transparent
    pixels = np.hstack([target.T, gap, reconstruction.T])
    file = io.BytesIO()
    quick = {"compress_level": 1}
    matplotlib.image.imsave(
        file, pixels, vmin=-1, vmax=1, cmap="viridis", origin="lower", format="png", pil_kwargs=quick
    )
    height, width = pixels.shape
    return Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=file.getvalue())
