import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def strict_cef():
    """The module `strict_cef.py` beside this file."""
    spec = importlib.util.spec_from_file_location("strict_cef", Path(__file__).with_name("strict_cef.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
