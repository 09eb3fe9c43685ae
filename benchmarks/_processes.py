"""Run the contenders of a benchmark in processes of their own, in turns, and measure such a process."""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path


def run(script, *arguments):
    """Run a script in a fresh process; gives what the last line of its output holds as JSON."""
    command = [sys.executable, str(script), *map(str, arguments)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("SKAUDEEP_NUM_THREADS", None)  # contenders say themselves whether threads are arranged
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise SystemExit(f"{' '.join(command)} ended with exit status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def in_turns(script, contenders, repeats):
    """Run each of ``{name: arguments}`` once per turn, so that a slow minute of the machine meets all of them.

    Gives ``{name: [result of each run]}``.
    """
    results = {name: [] for name in contenders}
    for turn in range(repeats):
        for name, arguments in contenders.items():
            print(f"turn {turn + 1} of {repeats}: {name}", file=sys.stderr, flush=True)
            results[name].append(run(script, *arguments))
    return results


def medians(runs, digits=3):
    """Median of each number over runs that give the same ones."""
    return {key: round(statistics.median(run[key] for run in runs), digits) for key in runs[0]}


def add_threads_option(parser):
    """Give a program the option ``--threads``."""
    parser.add_argument(
        "--threads",
        choices=["default", "fastest"],
        default="fastest",
        help="fastest: skaudeep.set_threads() arranges TensorFlow's threads; default: they are left alone",
    )


def arrange_threads(choice):
    """Do what ``--threads`` says; to be called before TensorFlow starts."""
    if choice == "fastest":
        import skaudeep

        skaudeep.set_threads()


def takes_part(name, threads):
    """Whether a contender is installed, and with ``--threads`` differs from the one without "threads" in its name."""
    if name == "torch":
        return importlib.util.find_spec("torch") is not None
    return threads == "fastest" or not name.endswith("threads")


def stopwatch(unit):
    """A Keras callback, and two lists in which it notes when each "epoch" or "train_batch" begins and ends."""
    import keras

    begins, ends = [], []
    hooks = {
        f"on_{unit}_begin": lambda *_, **__: begins.append(time.perf_counter()),
        f"on_{unit}_end": lambda *_, **__: ends.append(time.perf_counter()),
    }
    return keras.callbacks.LambdaCallback(**hooks), begins, ends


def peak_memory():
    """Largest resident memory of this process so far, in MB (10**6 bytes)."""
    # getrusage only where there is nothing else: what it says in a child process may be of the parent
    for line in _lines("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return _megabytes(line)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def mapped_memory(path):
    """How much of a file that is mapped into this process is resident, in MB; 0 where Linux does not say."""
    total, wanted = 0.0, False
    for line in _lines("/proc/self/smaps"):
        if not line.split()[0].endswith(":"):  # the first line of a mapping, which names the file
            wanted = line.endswith(f" {Path(path).resolve()}")
        elif wanted and line.startswith("Rss:"):
            total += _megabytes(line)
    return total


def _lines(path):
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _megabytes(line):
    """MB in a line such as ``Rss:  12 kB``, whose kB are 1024 bytes."""
    return int(line.split()[1]) * 1024 / 1e6
