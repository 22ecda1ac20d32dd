"""YAML files that people write: read once, checked against a pydantic model, every mistake with its place.

YAML 1.2 (`NO` is Norway), duplicate keys and tabs are mistakes, and what ruamel.yaml or pydantic say becomes one
sentence that says what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from casbd.documents.regular_files import read_file
from casbd.documents.wording import explained, nearest
from casbd.documents.yaml_values import Reading, parse
from casbd.errors import Mistake, Mistakes

__all__ = ["Document", "Where", "nearest"]

if TYPE_CHECKING:  # loaded where a document is checked: who only reads one is done in the time that it takes
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound="BaseModel")
Where = Sequence[str | int]
"""A path into a document: keys and list indexes."""

MAX_BYTES = 8 * 1024 * 1024
MAX_DOCUMENTS = 100


class Document:
    """One YAML file and where everything in it stands.

    data: plain dicts, lists and scalars. Raises Mistakes where the file cannot be read or is no YAML.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        wrong = self._read(path, _text(path) if text is None else text)
        if wrong:
            raise Mistakes(wrong)

    def _read(self, path: Path, text: str) -> list[Mistake]:
        """Fill it; what is wrong in text that is YAML, such as a key that is there twice. Mistakes where it is none."""
        self.path = path
        reading = Reading(path)
        self.data: Any = reading.values(parse(path, text))
        self._places = reading.places
        return reading.mistakes

    @classmethod
    def of(cls, path: Path, model: type[BaseModel]) -> Document:
        """A file that should be of a model. Of one with none of its keys nobody knows whose it is: nothing of it is quoted."""
        document = cls.__new__(cls)
        wrong = document._read(path, _text(path))
        keys = _keys_at(model, ())
        if isinstance(document.data, dict) and document.data and not document.data.keys() & {*keys}:
            wrong = document._foreign(keys)
        if wrong:
            raise Mistakes(wrong)
        return document

    def _foreign(self, keys: Sequence[str]) -> list[Mistake]:
        """What is wrong in a mapping without any key that it should have; a key is named where it is nearly one of them."""
        hints = {key: nearest(key, keys) for key in self.data}
        meant = [self.mistake([key], f"unknown key `{key}`", hint) for key, hint in hints.items() if hint.startswith("did you mean")]
        return meant or [self.mistake((), "has none of the keys that belong into this file", f"allowed: {', '.join(sorted(keys))}")]

    @classmethod
    def several(cls, path: Path, text: str | None = None) -> list[Document]:
        """The documents of a file, which `---` parts. Mistakes as for one, those of all documents."""
        documents, wrong = cls.readable(path, text)
        if wrong:
            raise Mistakes(wrong)
        return documents

    @classmethod
    def readable(cls, path: Path, text: str | None = None) -> tuple[list[Document], list[Mistake]]:
        """The documents of a file in so far as they are YAML, and all that is wrong in it; so that its owner can be found out."""
        documents: list[Document] = []
        wrong: list[Mistake] = []
        try:
            parts = _parts(path, _text(path) if text is None else text)
        except Mistakes as error:
            return [], [*error.mistakes]
        for part in parts:
            document = cls.__new__(cls)
            try:
                wrong += document._read(path, part)
                documents.append(document)
            except Mistakes as error:
                wrong += error.mistakes
        return documents, wrong

    def completed(self, by: Document) -> Document:
        """The document, and what another one has where this one has nothing, down to the keys of mappings in mappings."""
        own = copy(self)
        own.data = _merged(by.data, self.data)
        own._places = by._places | self._places
        return own

    def mistake(self, where: Where, message: str, hint: str = "", *, at_key: bool = True) -> Mistake:
        """A mistake at a path into the document; the nearest parent where the path leads nowhere."""
        line, column = self.place(where, at_key=at_key)
        return Mistake(str(self.path), line, column, message, hint)

    def place(self, where: Where, *, at_key: bool = True) -> tuple[int, int]:
        """Line and column (from 1) of a key or list element; of its value where `at_key` is false."""
        for length in range(len(where), -1, -1):
            place = self._places.get(tuple(where[:length]))
            if place is not None:
                return place[0] if at_key else place[1]
        return 1, 1

    def check(self, model: type[Model], *, context: dict[str, Any] | None = None, within: Where = ()) -> Model:
        """The document (or the part at `within`) as the model; Mistakes with every error and its place."""
        from pydantic import ValidationError

        data = self.data
        for step in within:
            data = data[step]
        try:
            return model.model_validate(data if data is not None else {}, context=context)
        except ValidationError as error:
            raise Mistakes(self.mistakes_of(error, model, within)) from None

    def mistakes_of(self, error: ValidationError, model: type[BaseModel], within: Where = ()) -> list[Mistake]:
        """What pydantic found, each as one mistake with its place."""
        found = error.errors(include_url=False)
        below = {details["loc"][:-1] for details in found}  # a list whose elements are all wrong is too short to pydantic as well
        told = (one for one in found if one["type"] != "too_short" or one["loc"] not in below)
        return [self._mistake_of(details, model, within) for details in told]

    def _mistake_of(self, details: ErrorDetails, model: type[BaseModel], within: Where) -> Mistake:
        where = [*within, *details["loc"]]
        if details["type"] == "extra_forbidden":
            allowed = _keys_at(model, details["loc"][:-1])
            return self.mistake(where, f"unknown key `{details['loc'][-1]}`", nearest(str(details["loc"][-1]), allowed))
        if details["type"] == "missing":
            return self.mistake(where[:-1], f"`{details['loc'][-1]}` is missing")
        message, hint = explained(details)
        is_key = where[-1:] == ["[key]"]  # so pydantic calls a key of a mapping that is wrong itself
        steps = details["loc"][:-1] if is_key else details["loc"]
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
        return self.mistake(where[: len(within) + len(steps)], f"`{name}`: {message}" if name else message, hint, at_key=is_key)


def _parts(path: Path, text: str) -> list[str]:
    """The documents of a text, each with as many empty lines before it that every line keeps its number."""
    parts: list[list[str]] = [[]]
    some = marked = False  # whether the last part has anything but comments and directives; whether it has begun with `---`
    for number, line in enumerate(text.splitlines(keepends=True)):
        unmarked = line.removeprefix("\ufeff")  # files put behind each other, each with its own mark of the byte order
        begins = _MARK.match(unmarked)
        if begins or not some:
            line = unmarked
        if begins:
            if some:
                if len(parts) == MAX_DOCUMENTS:
                    raise Mistakes([Mistake(str(path), number + 1, 1, f"more than {MAX_DOCUMENTS} documents in one file")])
                parts.append(["\n" * number])
            elif marked:
                parts[-1] = ["\n" * number]  # the last document was empty
            some, marked = False, True
        parts[-1].append(line)
        some = some or _CONTENT.match(line) is not None
    if len(parts) > 1 and not some:
        parts.pop()
    return ["".join(part) for part in parts]


def _merged(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: _merged(below.get(key), value) for key, value in above.items()}


_MARK = re.compile(r"---(\s|$)")
_CONTENT = re.compile(r"(?!---|#|%|\.\.\.(?:\s|$))\s*\S|---\s+[^\s#]")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Mistakes([Mistake(str(path), 0, 0, f"larger than {MAX_BYTES // 1024**2} MiB")])
        return read_file(path, MAX_BYTES).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"is not UTF-8 (byte {error.start})")]) from None


def _keys_at(model: type[BaseModel], where: Sequence[str | int]) -> list[str]:
    """The keys that a (nested) model allows at a path, as far as they are known."""
    current: Any = model
    for step in where:
        if not isinstance(step, str):
            continue
        if get_origin(current) is dict:
            current = get_args(current)[1]
        elif (owner := _model_in(current)) is not None:
            field = owner.model_fields.get(step)
            if field is None:
                return []
            current = field.annotation
    owner = _model_in(current) if get_origin(current) is not dict else None
    return [field.alias or name for name, field in owner.model_fields.items()] if owner is not None else []


def _model_in(annotation: Any) -> Any:
    """The first model mentioned in an annotation: `list[Range]` -> Range."""
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        model = _model_in(part)
        if model is not None:
            return model
    return None
