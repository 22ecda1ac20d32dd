"""YAML files that people write: read once, checked against a pydantic model, every mistake with its place.

YAML 1.2 (`NO` is Norway), duplicate keys and tabs are mistakes, and what ruamel.yaml or pydantic say becomes one
sentence that tells what is allowed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from casbd.errors import Mistake, Mistakes

Model = TypeVar("Model", bound=BaseModel)
Where = Sequence[str | int]
"""A path into a document: keys and list indexes."""

MAX_BYTES = 8 * 1024 * 1024
MAX_NODES = 200_000
"""More than this after resolving anchors is an attack or an accident, not a rule file."""


class Document:
    """One YAML file and where everything in it stands.

    data: plain dicts, lists and scalars. Raises Mistakes where the file cannot be read or is no YAML.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        self._tree = _parse(path, text)
        self.data: Any = _plain(self._tree, path, [0])

    def mistake(self, where: Where, message: str, hint: str = "", *, at_key: bool = True) -> Mistake:
        """A mistake at a path into the document; the nearest parent where the path leads nowhere."""
        line, column = self.place(where, at_key=at_key)
        return Mistake(str(self.path), line, column, message, hint)

    def place(self, where: Where, *, at_key: bool = True) -> tuple[int, int]:
        """Line and column (from 1) of a key or list element; of its value where `at_key` is false."""
        node: Any = self._tree
        line, column = (node.lc.line, node.lc.col) if isinstance(node, CommentedBase) else (0, 0)
        for step in where:
            try:
                line, column = _position(node, step, at_key)
                node = node[step]
            except (KeyError, IndexError, TypeError, AttributeError):
                break  # the path goes deeper than the document: the last place known is the best one
        return line + 1, column + 1

    def check(self, model: type[Model], *, context: dict[str, Any] | None = None, within: Where = ()) -> Model:
        """The document (or the part at `within`) as the model; Mistakes with every error and its place."""
        data = self.data
        for step in within:
            data = data[step]
        try:
            return model.model_validate(data if data is not None else {}, context=context)
        except ValidationError as error:
            raise Mistakes(self.mistakes_of(error, model, within)) from None

    def mistakes_of(self, error: ValidationError, model: type[BaseModel], within: Where = ()) -> list[Mistake]:
        """What pydantic found, each as one mistake with its place."""
        return [self._mistake_of(found, model, within) for found in error.errors(include_url=False)]

    def _mistake_of(self, found: ErrorDetails, model: type[BaseModel], within: Where) -> Mistake:
        where = [*within, *found["loc"]]
        if found["type"] == "extra_forbidden":
            known = _keys_at(model, found["loc"][:-1])
            return self.mistake(where, f"unknown key `{found['loc'][-1]}`", nearest(str(found["loc"][-1]), known))
        if found["type"] == "missing":
            return self.mistake(where[:-1], f"`{found['loc'][-1]}` is missing")
        name = ".".join(str(step) for step in found["loc"])
        message = found["msg"].removeprefix("Value error, ")
        return self.mistake(where, f"`{name}`: {message[:1].lower()}{message[1:]}" if name else message, at_key=False)


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A hint: the nearest right word, else all that are allowed."""
    choices = sorted(allowed)
    close = difflib.get_close_matches(word, choices, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"allowed: {', '.join(choices)}" if choices else ""


def _position(node: Any, step: str | int, at_key: bool) -> tuple[int, int]:
    if isinstance(node, CommentedMap):
        line, column = node.lc.key(step) if at_key else node.lc.value(step)
    elif isinstance(node, CommentedSeq):
        line, column = node.lc.item(step)
    else:
        raise TypeError(step)
    return line, column


def _parse(path: Path, text: str | None) -> Any:
    yaml = YAML(typ="rt")
    try:
        if text is None:
            if path.stat().st_size > MAX_BYTES:
                raise Mistakes([Mistake(str(path), 0, 0, f"larger than {MAX_BYTES // 1024**2} MiB")])
            text = path.read_text(encoding="utf-8-sig")
        return yaml.load(text)
    except OSError as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"is not UTF-8 (byte {error.start})")]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = (error.problem or "is no YAML").splitlines()[0]
        hint = "indent with blanks, not with tabs" if "\\t" in problem else ""
        raise Mistakes([Mistake(str(path), line, column, problem, hint)]) from None
    except (YAMLError, RecursionError) as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"is no YAML: {error}".splitlines()[0])]) from None


def _plain(node: Any, path: Path, count: list[int]) -> Any:
    """ruamel's commented tree as plain values; counts nodes, so that nested anchors cannot explode."""
    count[0] += 1
    if count[0] > MAX_NODES:
        raise Mistakes([Mistake(str(path), 0, 0, "too many values (anchors that refer to anchors?)")])
    if isinstance(node, dict):
        return {str(key) if not isinstance(key, str) else str(key): _plain(value, path, count) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, path, count) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):  # ruamel's own subclasses remember how the scalar was written
        if isinstance(node, kind):
            return kind(node)
    return node


def _keys_at(model: type[BaseModel], where: Sequence[str | int]) -> list[str]:
    """The keys that a (nested) model allows at a path, as far as they can be told."""
    current: Any = model
    for step in where:
        if not (isinstance(current, type) and issubclass(current, BaseModel)) or not isinstance(step, str):
            continue
        field = current.model_fields.get(step)
        if field is None:
            return []
        current = _model_in(field.annotation)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [field.alias or name for name, field in current.model_fields.items()]
    return []


def _model_in(annotation: Any) -> Any:
    """The first model mentioned in an annotation: `list[Range]` -> Range."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None
