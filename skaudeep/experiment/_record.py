"""The record of an experiment, which says what has been done in its folder and with which outcome."""

import contextlib
import json
from pathlib import Path

from skaudeep._files import atomic_path, claim
from skaudeep._messages import Message, param
from skaudeep.evaluation import summarise
from skaudeep.experiment._stages import CORPUS_FILE, EXPERIMENT_FILE, file_states

FORMAT = 1

# what is known of each stage that has been done, by its type
_KEYS = {
    **dict.fromkeys(("name", "kind", "digest", "own", "finished"), str),
    **dict.fromkeys(("outputs", "files"), list),
    **dict.fromkeys(("needs", "parts"), dict),
    "seconds": int | float,
}


@contextlib.contextmanager
def claim_folder(out):
    """Make the output folder, in which no other run may be at work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            Message(f"cannot make the folder {str(out)!r} ({error.strerror}); give another {param.out}")
        ) from error
    busy = Message(f"{out}: another run is at work in it; wait for its end, stop it, or give another {param.out}")
    with claim(out, busy):
        yield


def read_record(out):
    """What earlier runs have recorded."""
    path, empty = out / EXPERIMENT_FILE, {"stages": [], "stale": [], "started": {}}
    if not path.exists():
        if out.exists() and not out.is_dir():
            raise NotADirectoryError(Message(f"{out} is a file; give a folder as {param.out}"))
        if out.is_dir() and any(not entry.name.startswith(".") for entry in out.iterdir()):
            raise ValueError(
                Message(
                    f"{out} holds other files and no experiment; give a folder that is new, empty or an experiment's, "
                    f"as {param.out}"
                )
            )
        return empty
    state = read_json(path)
    if isinstance(state, dict) and isinstance(state.get("format"), int) and state["format"] > FORMAT:
        version = state.get("skaudeep")
        raise ValueError(
            Message(f"{path} is of skaudeep {version}, a newer version; update, or give another {param.out}")
        )
    if not isinstance(state, dict) or state.get("format") != FORMAT or "stages" not in state:
        raise _damaged(path, "it is no record of an experiment")
    state = empty | state
    if any(not isinstance(state[name], type(value)) for name, value in empty.items()):
        raise _damaged(path, f"{', '.join(empty)} are not what they should be")
    if not all(map(_is_stage, [*state["stages"], *state["stale"]])):
        raise _damaged(path, "a stage in it is not what it should be")
    return state


def _is_stage(record):
    """Whether the record of a stage has all that is known of one."""
    if not isinstance(record, dict) or any(not isinstance(record.get(key), kind) for key, kind in _KEYS.items()):
        return False
    outputs, files = record["outputs"], record["files"]
    return len(outputs) == len(files) and all(isinstance(path, str) for path in outputs)


def _damaged(path, why):
    remedy = f"empty its folder to run everything anew, or give another {param.out}"
    return ValueError(Message(f"{path} is damaged ({why}); {remedy}"))


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from error


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
        If the folder holds no experiment, or what it holds is damaged.
    """
    out = Path(out)
    state = read_record(out)
    results = []
    for record in state["stages"]:
        if record["kind"] == "evaluate":
            results.append(_read_result(out / record["outputs"][0]))
    stages = [{key: record[key] for key in ("name", "kind", "seconds")} for record in state["stages"]]
    return {"output": str(out), "title": state.get("title", ""), "results": results, "stages": stages}


def _read_result(path):
    """What an evaluation has found."""
    evaluation = read_json(path)
    try:
        result = {key: evaluation[key] for key in ("features", "classifier")}
        for measure in ("accuracy", "recall"):
            result[measure], result[f"{measure}_std"] = summarise(evaluation[measure])
        return result | {"n_splits": len(evaluation["splits"])}
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, "it is no evaluation") from error
