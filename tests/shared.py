"""Where the real test inputs are: USHIRO_SHARED, or `shared` beside the checkout. They are not part of the code."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared(path: str) -> Path:
    """The file or folder `path` below the shared inputs.

    Skips the test (with a warning that stays in the summary) when it is missing on a developer's machine.

    Raises:
        FileNotFoundError: when it is missing under CI, where a silent skip would hide what was not tested.
    """
    base = Path(os.environ.get("USHIRO_SHARED") or ROOT.parent / "shared")
    found = base / path
    if found.exists():
        return found
    sentence = f"Shared test input {path} is not at {found}. Set USHIRO_SHARED to the folder that holds it."
    if os.environ.get("CI"):
        raise FileNotFoundError(sentence)
    warnings.warn(sentence, stacklevel=2)
    pytest.skip(sentence, allow_module_level=True)
