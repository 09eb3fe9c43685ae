"""The record of an experiment, which says what has been done in its folder and with which outcome."""

import contextlib
import json
from pathlib import Path

from skaudeep._files import atomic_path, claim
from skaudeep.evaluation import summarise
from skaudeep.experiment._stages import CORPUS_FILE, EXPERIMENT_FILE, file_states

FORMAT = 1

# what is known of each stage that has been done
_KEYS = {"name", "kind", "digest", "outputs", "files", "own", "needs", "parts", "seconds", "finished"}


@contextlib.contextmanager
def claim_folder(out):
    """Make the output folder, in which no other run may be at work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"cannot make the folder {str(out)!r} ({error.strerror}); give another one (--output)") from error
    busy = f"{out}: another run is at work in it; wait for its end, stop it, or give another folder (--output)"
    with claim(out, busy):
        yield


def read_record(out):
    """What earlier runs have recorded."""
    path, empty = out / EXPERIMENT_FILE, {"stages": [], "stale": [], "started": {}}
    if not path.exists():
        if out.exists() and not out.is_dir():
            raise NotADirectoryError(f"{out} is a file; give a folder (--output)")
        if out.is_dir() and any(not entry.name.startswith(".") for entry in out.iterdir()):
            raise ValueError(
                f"{out} holds other files and no experiment; give a folder that is new, empty or an experiment's "
                "(--output)"
            )
        return empty
    state = read_json(path)
    whole = isinstance(state, dict) and state.get("format") == FORMAT and isinstance(state.get("stages"), list)
    if isinstance(state, dict) and isinstance(state.get("format"), int) and state["format"] > FORMAT:
        raise ValueError(f"{path} is of skaudeep {state.get('skaudeep')}, a newer version; update, or give --output")
    if not whole or not all(
        isinstance(record, dict) and set(record) >= _KEYS for record in [*state["stages"], *state.get("stale", [])]
    ):
        raise ValueError(f"{path} is damaged; empty its folder to run everything anew, or give another one (--output)")
    return empty | state


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged ({error}); empty its folder to run everything anew, or give another one (--output)"
        ) from error


def write_json(value, path):
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def records_of(state):
    """The last record of each stage, whether or not it is of the same configuration, by its name."""
    return {record["name"]: record for record in (*state["stale"], *state["stages"])}


def refresh_corpus(state, out, place):
    """Let `corpus.json` say where the same recordings are now, and how they were found."""
    info = read_json(out / CORPUS_FILE)
    if info | place != info:
        write_json(info | place, out / CORPUS_FILE)
        record = records_of(state)["extract"]
        record["files"][record["outputs"].index(CORPUS_FILE)] = file_states(out, [CORPUS_FILE])[0]


def without_others(record, stage):
    """The record of a stage without files that it no longer writes."""
    if not stage.parts:
        return record
    kept = [i for i, path in enumerate(record["outputs"]) if path in stage.writes]
    own = {key: [record[key][i] for i in kept] for key in ("outputs", "files")}
    return {**record, **own, "parts": stage.parts, "own": stage.own, "needs": stage.needs, "digest": stage.digest}


def read_results(out):
    """Read what an experiment has found.

    Parameters
    ----------
    out : str or path-like
        The output folder.

    Returns
    -------
    dict
        `output`, `title`; `results`, a list with `features`, `classifier`, `accuracy`, `accuracy_std`, `recall`,
        `recall_std` and `n_splits` of each evaluation, as :func:`skaudeep.evaluation.summarise` gives them; `stages`,
        a list with `name`, `kind` and `seconds`.

    Raises
    ------
    ValueError
        If the folder holds no experiment.
    """
    out = Path(out)
    state = read_record(out)
    results = []
    for record in state["stages"]:
        if record["kind"] == "evaluate":
            evaluation = json.loads((out / record["outputs"][0]).read_text(encoding="utf-8"))
            result = {key: evaluation[key] for key in ("features", "classifier")}
            for measure in ("accuracy", "recall"):
                result[measure], result[f"{measure}_std"] = summarise(evaluation[measure])
            results.append(result | {"n_splits": len(evaluation["splits"])})
    stages = [{key: record[key] for key in ("name", "kind", "seconds")} for record in state["stages"]]
    return {"output": str(out), "title": state.get("title", ""), "results": results, "stages": stages}
