"""Where rule files are: everything below the rule directories, and nothing that only a link puts there.

Who may write into a rule directory could make casbd read, and quote, any file that it may read: the links of one lead nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from casbd.errors import Mistake

ENDINGS = (".yaml", ".yml")
EXCEPTIONS = ("exceptions.yaml", "exceptions.yml")


def find_rule_files(directories: Sequence[Path], mistakes: list[Mistake], left_out: list[Mistake] | None = None) -> Iterator[Path]:
    """Every rule file once, though directories may overlap; nothing hidden, such as an editor's lock or a mount's own links.

    found: takes directories that are none. left_out: takes the links that lead out of all of the directories, and `x.YAML`.
    """
    seen: set[Path] = set()
    ends = _ends(directories)
    for directory in directories:
        if why := _no_directory(directory):
            mistakes.append(Mistake(str(directory), 0, 0, why, "rules: a list of directories with rule files"))
            continue
        really = directory.resolve()
        for parts in _in(directory):
            path = directory.joinpath(*parts)
            link = path.is_symlink()
            if path.name in EXCEPTIONS or not (path.suffix.lower() in ENDINGS or link):
                continue
            end = path.resolve() if link else really.joinpath(*parts)  # the directories on the way are none
            if mistake := _leads_out(path, end, ends) or _misspelt(path):
                if left_out is not None:
                    left_out.append(mistake)
            elif path.suffix in ENDINGS and end not in seen and end.is_file():
                seen.add(end)
                yield path


def exception_files(directories: Sequence[Path], left_out: list[Mistake] | None = None) -> list[Path]:
    """The files of exceptions there are, each once. left_out: as for `find_rule_files`."""
    files: dict[Path, Path] = {}
    ends = _ends(directories)
    for path in [directory.joinpath(*parts) for directory in _there(directories) for parts in _in(directory) if parts[-1] in EXCEPTIONS]:
        end = path.resolve()
        if mistake := _leads_out(path, end, ends):
            if left_out is not None:
                left_out.append(mistake)
        elif end.is_file():
            files[end] = path
    return [*files.values()]


def watched_rules(directories: Sequence[Path]) -> list[Path]:
    """The rule directories and all files and directories in them that matter: whatever changes there may change a rule."""
    paths: list[Path] = []
    for directory in directories:
        paths.append(directory)
        below = [one.joinpath(*parts) for one in _there([directory]) for parts in _in(one)]
        paths += [path for path in below if path.suffix in ENDINGS or path.is_dir()]
    return paths


def _in(directory: Path) -> list[tuple[str, ...]]:
    """All that is below a directory and not hidden, by the names on the way, in one order. What a link leads to is not looked into."""
    found: list[tuple[str, ...]] = []
    for path, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if not name.startswith(".")]
        way = Path(path).relative_to(directory).parts
        found += [(*way, name) for name in (*directories, *files) if not name.startswith(".")]
    return sorted(found)


def _there(directories: Sequence[Path]) -> Iterator[Path]:
    """Those that can be looked into; `find_rule_files` reports the others."""
    return (directory for directory in directories if not _no_directory(directory))


def _no_directory(path: Path) -> str:
    """Why a path cannot be looked into, as far as the system says it; empty where it can."""
    try:
        return "" if path.is_dir() else "is no directory"
    except OSError as error:  # a name that is too long, say
        return f"is no directory: {error.strerror}"


def _ends(directories: Sequence[Path]) -> list[str]:
    """Where the directories really are, each with a `/` behind it."""
    return [f"{directory.resolve()}/".replace("//", "/") for directory in _there(directories)]


def _leads_out(path: Path, end: Path, ends: Sequence[str]) -> Mistake | None:
    """The warning of a link (the file, or a directory on the way to it) whose end is in none of the directories (`_ends`)."""
    if any(f"{end}/".startswith(one) for one in ends):
        return None
    hint = "it is not followed: put the file here, or name the directory that it leads to under `rules:`"
    return Mistake(str(path), 0, 0, "is a link out of the rule directories", hint)


def _misspelt(path: Path) -> Mistake | None:
    """The warning of `x.YAML`."""
    if path.suffix in ENDINGS or path.suffix.lower() not in ENDINGS:
        return None
    return Mistake(str(path), 0, 0, f"is not read: its name ends with `{path.suffix}`", "rename it to .yaml or .yml")
