"""The command as a script would run it, but in this process: what it prints, and how it ends.

A process of its own costs seconds of imports a time; that the installed command starts at all is asked elsewhere.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from seawall.cli import main

SURROUNDINGS = {"COLUMNS": "122", "NO_COLOR": "1"}


def command(*words: object, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command's exit code, standard output and standard error."""
    said = ["seawall", *map(str, words)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, SURROUNDINGS), mock.patch.object(sys, "argv", said),
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        contextlib.chdir(at) if at else contextlib.nullcontext(),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    return subprocess.CompletedProcess(said, code, out.getvalue(), err.getvalue())
