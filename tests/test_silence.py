"""Messages of C libraries are dropped, those of Python and of other processes are not."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, os, subprocess, sys
from skaudeep._silence import quiet_libraries

library = ctypes.CDLL(None)

def say(text):
    stream = ctypes.c_void_p.in_dll(library, "stderr")
    library.fputs(text, stream)
    library.fflush(stream)

say(b"before ")
with quiet_libraries():
    say(b"LOST ")
    print("python ", end="", file=sys.stderr, flush=True)
    subprocess.run(["sh", "-c", "printf 'process ' >&2"])
    with quiet_libraries():
        say(b"LOST ")
    say(b"LOST ")  # somebody else still wants it
    if os.fork() == 0:
        say(b"child ")
        os._exit(0)
    os.wait()
say(b"after")
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="nothing is dropped with other C libraries")
def test_only_messages_of_libraries_are_dropped():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "before python process child after"
