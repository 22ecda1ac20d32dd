"""Reading `casbd.yaml`: every mistake is found at once, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

from casbd.config import sent_filters
from casbd.config.governance import Governance
from casbd.config.guarded import open_programs
from casbd.config.notifications import Notification, Sms
from casbd.config.place import MAIL, STATE_DIR
from casbd.config.privacy import Privacy
from casbd.config.reach import Reach
from casbd.config.reports import Reports, unsent
from casbd.config.settings import (
    ConnectorOptions,
    InputOptions,
    InputSettings,
    Limits,
    Metrics,
    Outbox,
    OutputOptions,
    PluginSettings,
    Retention,
    Settings,
)
from casbd.config.written import impossible
from casbd.documents import Document, nearest
from casbd.documents.mail_server import MailServer
from casbd.errors import Mistake, Mistakes
from casbd.model.chunk import InputSpec
from casbd.plugins import ConfigPath, Options, registry

Model = TypeVar("Model", bound=BaseModel)


class _Top(BaseModel):
    """The sections of the file; those that plugins have a say in are checked on their own."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    state_dir: ConfigPath = STATE_DIR
    rules: list[ConfigPath] = []
    inputs: list[Any] = []
    organization: Any = None
    enrichment: Any = None
    outputs: list[Any] = []
    connectors: list[Any] = []
    governance: Governance = Governance()
    retention: Retention = Retention()
    outbox: Outbox = Outbox()
    limits: Limits = Limits()
    metrics: Metrics | None = None
    privacy: Privacy = Privacy()
    notifications: list[Any] = []
    mail: MailServer | None = None
    sms: Sms | None = None
    reports: Reports = Reports()
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="before")
    @classmethod
    def _without_empty_sections(cls, data: Any) -> Any:
        """`outputs:` with all below it commented out is as if it were not there."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in _SECTIONS}


_SECTIONS = (
    "rules",
    "inputs",
    "organization",
    "enrichment",
    "outputs",
    "connectors",
    "governance",
    "retention",
    "outbox",
    "limits",
    "metrics",
    "privacy",
    "notifications",
    "mail",
    "sms",
    "reports",
)


def load(path: Path) -> Settings:
    """The settings of a configuration file. Raises Mistakes with all that is wrong in it."""
    settings, mistakes = read(path)
    if mistakes:
        raise Mistakes(mistakes)
    return settings


def read(path: Path) -> tuple[Settings, list[Mistake]]:
    """What is right in a configuration file, and what is wrong: so that the files it names can be checked all the same.

    Raises Mistakes where the file as a whole is unreadable.
    """
    document = Document(path)
    if document.data is None:  # an editor that is just writing it, more likely than somebody who wants nothing at all
        raise Mistakes([document.mistake((), "the file is empty")])
    if not isinstance(document.data, dict):
        raise Mistakes([document.mistake((), "should be a mapping of keys and values")])
    reader = _Reader(document)
    top = reader.checked(_Top)
    inputs = reader.each("inputs", reader.input)
    outputs = reader.each("outputs", lambda item, where: reader.plugin("outputs", OutputOptions, item, where))
    connectors = reader.each("connectors", lambda item, where: reader.plugin("connectors", ConnectorOptions, item, where))
    notifications = reader.each("notifications", reader.notification)
    enrichers = reader.enrichers()
    settings = Settings(
        path=path,
        state_dir=top.state_dir,
        rules=tuple(top.rules),
        inputs=tuple(inputs),
        enrichers=enrichers,
        outputs=tuple(outputs),
        connectors=(*connectors, *_built_in(top.mail, connectors)),
        all_connectors=reader.has_read_all("connectors", connectors),
        governance=top.governance,
        retention=top.retention,
        outbox=top.outbox,
        limits=top.limits,
        metrics=top.metrics,
        privacy=top.privacy,
        notifications=tuple(notifications),
        mail=top.mail,
        sms=top.sms,
        reports=top.reports,
        workers=top.workers,
        log_level=top.log_level,
    )
    return settings, [*reader.mistakes, *impossible(document, settings), *open_programs(document, settings), *unsent(document, top.reports)]


def _built_in(mail: MailServer | None, connectors: Sequence[PluginSettings]) -> Iterator[PluginSettings]:
    """What acts without being written into `connectors`: notices go out by the section `mail`."""
    if mail is not None and all(connector.name != MAIL for connector in connectors):
        yield PluginSettings(name=MAIL, type=MAIL, options=mail)


class _Reader:
    """Collects mistakes while the sections are read one by one."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.context = {"base": document.path.resolve().parent}
        self.mistakes: list[Mistake] = []

    def attempt(self, check: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """What the check returns, or None after noting its mistakes."""
        try:
            return check(*args, **keywords)
        except Mistakes as error:
            self.mistakes += error.mistakes
            return None

    def section(self, name: str) -> Any:
        return self.document.data.get(name)

    def checked(self, model: type[Model], within: Sequence[str] = ()) -> Model:
        """A part of the document as the model, without the keys that are wrong, which are noted."""
        data = self.document.data
        for step in within:
            data = data[step]
        try:
            return model.model_validate(data, context=self.context)
        except ValidationError as error:
            self.mistakes += self.document.mistakes_of(error, model, within)
            wrong = {problem["loc"][0] for problem in error.errors(include_url=False) if problem["loc"]}
        try:
            return model.model_validate({key: value for key, value in data.items() if key not in wrong}, context=self.context)
        except ValidationError:  # what is left does not go together; the mistakes are noted above
            return model()

    def each(self, name: str, read: Callable[[dict[str, Any], Sequence[str | int]], Any]) -> list[Any]:
        """Read every element of a list section; names must differ."""
        items = self.section(name)
        elements, seen = [], set()
        for index, item in enumerate(items if isinstance(items, list) else ()):
            where = (name, index)
            if not isinstance(item, dict):
                self.mistakes.append(self.document.mistake(where, f"an element of `{name}` is a mapping: {{name: ..., ...}}"))
                continue
            read_item = self.attempt(read, item, where)
            if "name" in item and str(item["name"]) in seen:
                self.mistakes.append(self.document.mistake((*where, "name"), f"`{item['name']}` is there twice in `{name}`"))
            seen.add(str(item.get("name")))
            if read_item is not None:
                elements.append(read_item)
        return elements

    def has_read_all(self, name: str, elements: Sequence[object]) -> bool:
        """Whether what was found is all of a list section; not where some key beside it is unknown, which may be meant for it."""
        items = self.section(name) or ()
        return isinstance(items, list | tuple) and len(items) == len(elements) and self.document.data.keys() <= _Top.model_fields.keys()

    def input(self, item: dict[str, Any], where: Sequence[str | int]) -> InputSettings:
        """One element of `inputs`."""
        name = item.get("format", "auto")
        options_of: type[Options] = Options
        if name != "auto":
            options_of = self.plugin_class("formats", name, (*where, "format")).Options
        common, own = self.split(InputOptions, options_of, where)
        spec = InputSpec(
            name=common.name,
            path=str(common.path),
            format=common.format,
            instance=common.instance,
            silence=common.silence,
            poll=common.poll,
            follow_links=common.follow_links,
        )
        return InputSettings(spec=spec, options=own)

    def notification(self, item: dict[str, Any], where: Sequence[str | int]) -> Notification:
        """One element of `notifications`."""
        if "email" in item and self.section("mail") is None:
            self.mistakes.append(
                self.document.mistake((*where, "email"), "no mail is sent without the section `mail`", "mail: {host: ...}")
            )
        return self.document.check(Notification, context=self.context, within=where)

    def plugin(
        self, kind: Literal["outputs", "connectors"], common_of: type[Options], item: dict[str, Any], where: Sequence[str | int]
    ) -> PluginSettings:
        """One element of `outputs` or `connectors`."""
        options_of: type[Options] = Options
        if isinstance(item.get("type"), str):
            options_of = self.plugin_class(kind, item["type"], (*where, "type")).Options
        common, own = self.split(common_of, options_of, where)
        if isinstance(common, OutputOptions):
            sent = {key: getattr(common, key) for key in ("send", "min_severity", "leave_out", "begin", "max_activity_age")}
            if common.filters is not None:
                sent["filters"] = sent_filters.read(self.document, common.filters, (*where, "filters"), common.send)
            return PluginSettings(name=common.name, type=common.type, options=own, **sent)
        return PluginSettings(name=common.name, type=common.type, options=own, reach=part_of(common, Reach))

    def plugin_class(self, kind: registry.Kind, name: Any, where: Sequence[str | int]) -> Any:
        """The plugin that an element names, or a mistake with the names there are."""
        names: Collection[str] = registry.names(kind)
        if name not in names:
            extra = ["auto"] if kind == "formats" else []
            raise Mistakes(
                [self.document.mistake(where, f"no such {where[-1]}: `{name}`", nearest(str(name), [*names, *extra]), at_key=False)]
            )
        return registry.load(kind, name)

    def split(self, common_of: type[Options], own_of: type[Options], where: Sequence[str | int]) -> tuple[Any, Options]:
        """Check an element against both models at once; the values of each."""
        both = create_model(f"{common_of.__name__}+{own_of.__module__}", __base__=(common_of, own_of))
        checked = self.document.check(both, context=self.context, within=where)
        return checked, part_of(checked, own_of)

    def enrichers(self) -> dict[str, Options]:
        """The options of the enrichers that run, from the sections they live in: those that are configured, and those by default."""
        classes = registry.load_all("enrichers")
        options: dict[str, Options] = {}
        for section in ("organization", "enrichment"):
            mine = {name: cls.Options for name, cls in classes.items() if cls.section == section}
            _refuse_common_keys(section, mine)
            both = _joined(section, mine.values())
            data = self.section(section)
            if data is not None and not isinstance(data, dict):
                self.mistakes.append(self.document.mistake((section,), f"`{section}` is a mapping"))
                data = None
            checked = self.checked(both, (section,)) if data else both()
            for name, cls in mine.items():
                if classes[name].by_default or cls.model_fields.keys() & (data or {}).keys():
                    options[name] = part_of(checked, cls)
        return options


def _joined(name: str, models: Iterable[type[Options]]) -> type[Options]:
    """A model with the fields of all."""
    return cast("type[Options]", create_model(name, __base__=tuple(dict.fromkeys((*models, Options)))))


def _refuse_common_keys(section: str, models: Mapping[str, type[Options]]) -> None:
    """RuntimeError where two enrichers have a key of the same name: each would change the other one's."""
    owners: dict[str, str] = {}
    for name, model in models.items():
        for key in model.model_fields:
            if (other := owners.setdefault(key, name)) != name:
                raise RuntimeError(f"`{section}.{key}` is an option of two enrichers: {other} and {name}")


def part_of(checked: BaseModel, model: type[Model]) -> Model:
    """The fields of one of the models that `checked` was made of; already validated."""
    return model.model_construct(**{field.alias or name: getattr(checked, name) for name, field in model.model_fields.items()})
