"""Scripts that complete commands in shells."""

import shutil
import subprocess

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_shell_gets_a_script(skaudeep, shell):
    done = skaudeep("completion", shell)
    assert (done.status, done.err) == (0, "")
    assert "preprocess" in done.out and "clip-below" in done.out


def test_bash_completes(skaudeep, tmp_path):
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    script = tmp_path / "skaudeep"
    (tmp_path / "features.nc").touch()
    (tmp_path / "recordings").mkdir()
    script.write_text(skaudeep("completion", "bash").out)
    # what bash does at the tabulator key
    complete = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
function="$(complete -p skaudeep | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
"$function" skaudeep "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
    for words, expected in (
        (["prep"], ["preprocess"]),
        (["t-rae", ""], ["generate", "train"]),
        (["inspect", "n"], ["netcdf"]),
        (["modify", "--add-c"], ["--add-cv-setup"]),
        (["validate", "--input", "fea"], ["features.nc"]),
        (["preprocess", "--basedir", "re"], ["recordings"]),
        (["preprocess", "--channels", "ri"], ["right"]),
        (["svm", "evaluate", "--train-partitions", "train", "te"], ["test"]),
    ):
        done = subprocess.run(
            ["bash", "-c", complete, "bash", script, "skaudeep", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert sorted(done.stdout.split()) == expected, done.stderr


def test_an_unknown_shell(skaudeep):
    done = skaudeep("completion", "fisch")
    assert done.status == 2 and "choose from bash, zsh, tcsh" in done.err
