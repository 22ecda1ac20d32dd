"""Modules beside the tests can be imported by their names; `make_site` gives places where casbd runs."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from running import Site


@pytest.fixture
def make_site(tmp_path):
    """Makes a `Site` in a directory of its own; ends its processes after the test."""
    sites = []

    def make(name="site", **options):
        site = Site(tmp_path / name, **options)
        sites.append(site)
        return site

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(make_site):
    """One with the usual configuration."""
    return make_site()
