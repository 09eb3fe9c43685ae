"""Run the contenders of a benchmark in processes of their own, in turns, and measure such a process."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path


def run(script, *arguments):
    """Run a script in a fresh process; gives what the last line of its output holds as JSON."""
    command = [sys.executable, str(script), *map(str, arguments)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
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


def peak_memory():
    """Largest resident memory of this process so far, in MB (10**6 bytes)."""
    # not getrusage where it can be helped: what it says in a child process may be of the parent
    status = memory_status()
    if "VmHWM" in status:
        return status["VmHWM"]
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def memory_status():
    """What Linux says about the memory of this process, in MB by name ("VmHWM", "RssFile", ...); empty elsewhere."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return {}
    fields = [line.split() for line in lines if line.endswith(" kB")]
    return {name.rstrip(":"): int(kilobytes) * 1024 / 1e6 for name, kilobytes, _ in fields}
