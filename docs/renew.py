#!/usr/bin/env python3
"""Writes into the documentation what it takes from the code: docstrings, help texts, the plugins' options and examples.

    docs/renew.py            writes it
    docs/renew.py --check    shows what is stale; exit code 1 if anything is

Such parts stand between `>>> NAME, made by docs/renew.py` and `<<< NAME`, each in a comment; all else is written by hand.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, get_args

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the code that stands beside this file, whatever is installed

import click  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from pydantic.fields import FieldInfo  # noqa: E402
from ruamel.yaml import YAML  # noqa: E402

from casbd import cli  # noqa: E402
from casbd.documents import durations  # noqa: E402
from casbd.documents.duration_option import Duration  # noqa: E402
from casbd.model.activity import FIELDS  # noqa: E402
from casbd.outputs._presets import PRESETS, Preset  # noqa: E402
from casbd.plugins import Options, registry  # noqa: E402
from casbd.policies import kinds  # noqa: E402
from casbd.policies.counted_fields import MatchKeys  # noqa: E402

FILES = ("README.md", "rules/README.md", "conf/casbd.yaml", "docs/connectors.md", "docs/siem.md")
PART = re.compile(r"^(.*>>> (\w+), made by docs/renew\.py.*\n)(?:.*\n)*?(.*<<< \2\b.*)$", re.MULTILINE)
MARK = re.compile(r"(>>>|<<<) (\w+)(?=, made by docs/renew\.py| -->|$)")
WIDTH = 140
COMMENT = 38
"""The column at which the comments of the configuration begin."""


def commands() -> str:
    """README's table of commands."""
    return _table(("command", "does", "options"), _commands(cli.casbd, "casbd"))


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, str, str]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from _commands(command, f"{path} {name}")
            elif command is not None:
                arguments = [part.make_metavar(context) for part in command.params if isinstance(part, click.Argument)]
                options = [part.opts[0] for part in command.params if isinstance(part, click.Option)]
                shown = ", ".join(f"`{option}`" for option in options if option != "--json")
                yield f"`{' '.join([path, name, *arguments])}`", _first_paragraph(command.help), shown


def formats() -> str:
    """README's table of formats."""
    return _table(("format", "reads"), ((f"`{name}`", _first_paragraph(cls.__doc__)) for name, cls in registry.load_all("formats").items()))


def fields() -> str:
    """The table of fields that filters know."""
    rows = []
    for field in FIELDS.values():
        choices = ", ".join(f"`{choice}`" for choice in field.values)
        rows.append((f"`{field.name}`", field.kind, field.meaning + (f": {choices}" if choices else ""), field.mdca))
    return _table(("field", "kind", "meaning", "MDCA's filter"), rows)


def matches() -> str:
    """The keys of `match:`, by kind."""
    rows = []
    for name, kind in kinds.load_all().items():
        about = _descriptions(kind.Options, MatchKeys)
        own = [key for key in kind.Options.model_fields if key not in MatchKeys.model_fields and key != name]
        rows += [(f"`{kind.Options.model_fields[key].alias or key}`", f"`{name}`", about[key]) for key in (name, *own)]
    rows += [(f"`{key}`", "any kind", text) for key, text in _descriptions(MatchKeys, BaseModel).items()]
    return _table(("key", "kind", "what it says"), rows)


def mappings() -> str:
    """The options of the formats that have some, of which one may be another's with a difference: that one first."""
    described: set[str] = set()
    lines = []
    classes = {name: cls for name, cls in registry.load_all("formats").items() if cls.Options.model_fields}
    for name, cls in sorted(classes.items(), key=lambda one: (len(one[1].Options.__mro__), one[0])):
        head = {"name": f"my-{name}", "path": f"/var/spool/casbd/{name}/*", "format": name}
        lines += ["#", *_comment(f"Format `{name}`. {_first_paragraph(cls.__doc__)}")]
        if _described_at(cls.Options) <= described:
            lines.append(f"# - {_flow(head | cls.example)}")
        else:
            lines += _entry(head, cls)
        described |= _described_at(cls.Options)
    return textwrap.indent("\n".join(lines), "  ")


def outputs() -> str:
    """Every type of output with all its options."""
    return _plugins("outputs")


def connectors() -> str:
    """Every type of connector with all its options."""
    return _plugins("connectors")


def connecting() -> str:
    """Every type of connector: what it does, and what it has to be given for that."""
    return "\n\n".join(_about_connector(name, cls) for name, cls in registry.load_all("connectors").items())


def _about_connector(name: str, cls: Any) -> str:
    """What it is and does, and then what it needs for that, as the module says it."""
    back = getattr(cls, "ways_back", {})
    actions = [f"`{action}`" + (f" (way back: `{back[action]}`)" if action in back else "") for action in cls.actions if action != "*"]
    listed = ", ".join(actions) or "those that its option `actions` lists"
    what, _, needs = inspect.cleandoc(sys.modules[cls.__module__].__doc__ or "").partition("\n\n")
    does = inspect.cleandoc(cls.__doc__ or "")
    return "\n\n".join(filter(None, (f"### {name}", what, does, needs, f"Actions: {listed}.")))


def presets() -> str:
    """What each preset of outputs is for, and what it sets."""
    options = [name for name in Preset.__struct_fields__ if name != "meaning"]
    values = {name: {option: getattr(preset, option) for option in options} for name, preset in PRESETS.items()}
    rows = [(f"`{name}`", *("by transport" if value is None else f"`{value}`" for value in values[name].values())) for name in PRESETS]
    meanings = "\n".join(f"- `{name}`: {preset.meaning}." for name, preset in PRESETS.items())
    return f"{meanings}\n\n{_table(('preset', *options), rows)}"


def organization() -> str:
    """The options of the enrichers in this section."""
    return _enrichers("organization")


def enrichment() -> str:
    """The options of the enrichers in this section."""
    return _enrichers("enrichment")


def _plugins(kind: registry.Kind) -> str:
    lines = []
    for name, cls in registry.load_all(kind).items():
        about = _first_paragraph(sys.modules[cls.__module__].__doc__)
        lines += ["#", *_comment(f"Type `{name}`. {about}")]
        lines += _entry({"name": f"my-{name}", "type": name}, cls)
    return textwrap.indent("\n".join(lines), "  ")


def _enrichers(section: str) -> str:
    lines = []
    for cls in sorted(registry.load_all("enrichers").values(), key=lambda one: one.order):
        if cls.section == section and cls.Options.model_fields:
            lines += ["#", *_comment(_first_paragraph(cls.Options.__doc__))]
            lines += [f"# {line}" for line in _options(cls)]
    return textwrap.indent("\n".join(lines), "  ")


def _entry(head: dict[str, str], cls: Any) -> list[str]:
    """An element of a list in the configuration: all that may stand in it, and what that is, as comments to be taken away."""
    lines = [f"{key}: {_flow(value)}" for key, value in head.items()] + list(_options(cls))
    return [f"# {'  ' if n else '- '}{line}" for n, line in enumerate(lines)]


def _options(cls: Any) -> Iterator[str]:
    about = _descriptions(cls.Options)
    own = inspect.get_annotations(cls.Options)
    for key, field in sorted(cls.Options.model_fields.items(), key=lambda one: one[0] not in own):
        written = field.alias or key
        value = cls.example[written] if written in cls.example else _example(field)
        text = f"{written}: {_flow(value)}"
        below = []
        if isinstance(value, dict) and len(text) > WIDTH - 30:
            text, below = f"{key}:", [f"  {one}: {_flow(inner)}" for one, inner in value.items()]
        beside = len(text) <= COMMENT - 4
        first, *more = _wrapped(about[key], WIDTH - COMMENT - 4 if beside else WIDTH - 8)
        if beside:
            yield f"{text:<{COMMENT - 4}} # {first}"
            yield from (f"{'':<{COMMENT - 4}} # {line}" for line in more)
        else:
            yield from (f"# {line}" for line in (first, *more))
            yield text
        yield from below


def _example(field: FieldInfo) -> Any:
    """A value for an option that the plugin's example does not have: the first of its `examples`, else its default."""
    value = field.examples[0] if field.examples else field.get_default(call_default_factory=True)
    is_duration = any(one in field.metadata for one in get_args(Duration)[1:])
    return durations.written(value) if is_duration and isinstance(value, int) else value


def _descriptions(model: type[BaseModel], base: type[BaseModel] = Options) -> dict[str, str]:
    """What each option is: the text below it in the class, without those of `base`. SystemExit where one has none."""
    texts: dict[str, str] = {}
    for cls in reversed(model.__mro__[: model.__mro__.index(base)]):
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(body, ast.ClassDef)
        for option, below in zip(body.body, body.body[1:], strict=False):
            match option, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    texts[name] = " ".join(text.split())
    if bare := [name for name in model.model_fields if name not in texts and name not in base.model_fields]:
        raise SystemExit(f"{inspect.getfile(model)}: {model.__name__}.{bare[0]} has no text below it that says what it is")
    return texts


def _described_at(model: type[Options]) -> set[str]:
    """The classes that declare a model's options."""
    return {cls.__qualname__ for cls in model.__mro__[: model.__mro__.index(Options)] if inspect.get_annotations(cls)}


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    text = StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.default_flow_style = True
    yaml.dump([value], text)
    return text.getvalue().strip()[1:-1]


def _first_paragraph(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").partition("\n\n")[0].split())


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in _wrapped(text, WIDTH - 20)]


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of which none ends between a key and its value."""
    return [line.replace("\xa0", " ") for line in textwrap.wrap(re.sub(r"(?<=\w): ", ":\xa0", text), width)]


def _table(head: tuple[str, ...], rows: Any) -> str:
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)).replace(
        "\n", "\n" + "|---" * len(head) + "|\n", 1
    )


PARTS = (commands, formats, matches, fields, mappings, organization, enrichment, outputs, presets, connectors, connecting)


def damaged(texts: Mapping[str, str]) -> list[str]:
    """What is wrong with the marks of some documents, by their names: what would be stale for ever, or taken for a part."""
    wrong: list[str] = []
    missing = {part.__name__: 1 for part in PARTS}
    for file, text in texts.items():
        inside = ""
        for number, line in enumerate(text.split("\n"), 1):
            mark = MARK.search(line)
            if mark is None:
                continue
            sign, name = mark.groups()
            if name not in missing:
                wrong.append(f"{file}:{number}: no part is called {name}")
            elif (sign == ">>>") is bool(inside) or (sign == "<<<" and name != inside):
                wrong.append(f"{file}:{number}: {sign} {name} " + (f"while {inside} is open" if inside else "where none is open"))
            inside = name if sign == ">>>" else ""
            if name in missing:
                missing[name] -= sign == ">>>"
        wrong += [f"{file}: {inside} is not closed"] if inside else []
    return wrong + [f"{name} stands {1 - left} times in {', '.join(texts)}, not once" for name, left in missing.items() if left]


def renewed(text: str) -> str:
    """A document with its parts as the code has them now."""
    made = {part.__name__: part for part in PARTS}
    return PART.sub(lambda found: f"{found[1]}{made[found[2]]()}\n{found[3]}", text)


def main() -> int:
    """Write the documents, or show what is stale in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; show what is stale")
    check = parser.parse_args().check
    texts = {name: (ROOT / name).read_text() for name in FILES}
    if wrong := damaged(texts):
        sys.stderr.writelines(f"{one}\n" for one in wrong)
        return 2
    stale = False
    for name, old in texts.items():
        path = ROOT / name
        new = renewed(old)
        stale |= old != new
        if check:
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, f"{name}, renewed"))
        elif old != new:
            path.write_text(new)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
