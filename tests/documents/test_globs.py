"""A glob means of a single path what a look into the directories means."""

import pytest

from casbd.documents.globs import fits
from casbd.inputs.discovery import Discovery


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/a/*", "/a/x"),
        ("/a/*", "/a/.x"),
        ("/a/*", "/a/b/x"),
        ("/a/.*", "/a/.x"),
        ("/a/x", "/a/x"),
        ("/*/x?", "/a/x1"),
        ("/a/**", "/a/b/c/x"),
        ("/a/**", "/a/x"),
        ("/a/**/*.json", "/a/x.json"),
        ("/a/**/*.json", "/a/b/x.json"),
        ("/a/**/*.json", "/a/.b/x.json"),
        ("/a/**/b/*", "/a/b/b/x"),
        ("/a/[xy]", "/a/y"),
        ("/a", "/a/x"),
    ],
)
def test_whether_a_path_fits_is_what_a_look_finds(tmp_path, pattern, path):
    file = tmp_path / path[1:]
    file.parent.mkdir(parents=True)
    file.write_text("")
    found = [one.path for one in Discovery(f"{tmp_path}{pattern}").files]
    assert fits(f"{tmp_path}{pattern}", str(file)) == (str(file) in found)
