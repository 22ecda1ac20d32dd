"""Rule directories to policies: all mistakes of all files at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casbd.documents import Document, Where
from casbd.errors import Mistake, Mistakes
from casbd.policies.examples import ExampleReader
from casbd.policies.exceptions import NAMES as EXCEPTIONS
from casbd.policies.exceptions import exempted, load_exemptions
from casbd.policies.filters import FilterReader
from casbd.policies.governance_steps import Connectors, wrong_steps
from casbd.policies.policy import Exemption, Policy, Repeated, Sequenced, Step, digest
from casbd.policies.rule_file import MOST_REPEATED, MatchPart, RuleFile, alert_options, policy_id, wrong_id
from casbd.policies.sigma import is_sigma
from casbd.policies.tree import AllOf, AnyOf

if TYPE_CHECKING:
    from casbd.policies.sigma.rules import SigmaFiles

_ENDINGS = (".yaml", ".yml")


def load(directories: Sequence[Path], connectors: Connectors | None = None) -> list[Policy]:
    """The policies of all rule files below the directories, by id.

    connectors: those that `governance:` may name, with what each takes; None: not checked.
    Raises Mistakes with every mistake of every file. A directory that is not there is one too.
    """
    found: list[Mistake] = []
    files: dict[Path, list[Document]] = {}
    ids: dict[str, list[Path]] = {}
    for path in _rule_files(directories, found):
        ids.setdefault(policy_id(path), []).append(path)
        try:
            files[path] = Document.several(path)
        except Mistakes as mistakes:
            found += mistakes.found
    policies, wrong, parts = _policies(files, connectors)
    found += [*wrong, *_duplicates(ids)]
    exemptions: list[Exemption] = []
    try:
        exemptions = load_exemptions(directories, ids.keys() - parts)
    except Mistakes as mistakes:
        found += mistakes.found
    if found:
        raise Mistakes(found)
    return sorted((exempted(policy, exemptions) for policy in policies), key=lambda policy: policy.id)


def load_file(path: Path, connectors: Connectors | None = None, text: str | None = None, others: Sequence[Path] = ()) -> Policy:
    """The policy of one rule file (or of `text`, as if it stood there). Raises Mistakes with everything wrong in it.

    others: files with Sigma rules that a correlation in this one may refer to; what is wrong in them does not matter.
    """
    documents = Document.several(path, text)
    if not any(is_sigma(document.data) for document in documents):
        return _own(path, documents, connectors)
    files = {path: documents}
    for other in others:
        with suppress(Mistakes):
            files.setdefault(other, Document.several(other))
    return _sigma(files).policy(path, documents, connectors)


def _policies(files: Mapping[Path, Sequence[Document]], connectors: Connectors | None) -> tuple[list[Policy], list[Mistake], set[str]]:
    """The policies of some files, what is wrong in the others, and the ids of those that are only parts of correlations."""
    policies: list[Policy] = []
    found: list[Mistake] = []
    parts: set[str] = set()
    sigma = {path: documents for path, documents in files.items() if any(is_sigma(document.data) for document in documents)}
    known = _sigma(sigma) if sigma else None
    for path, documents in files.items():
        try:
            if known is None or path not in sigma:
                policies.append(_own(path, documents, connectors))
            elif known.is_part(documents):
                parts.add(policy_id(path))
            else:
                policies.append(known.policy(path, documents, connectors))
        except Mistakes as mistakes:
            found += mistakes.found
    return policies, found, parts


def _sigma(files: Mapping[Path, Sequence[Document]]) -> SigmaFiles:
    from casbd.policies.sigma.rules import SigmaFiles

    return SigmaFiles(files)


def _own(path: Path, documents: Sequence[Document], connectors: Connectors | None) -> Policy:
    """The policy of a rule file in casbd's own language."""
    document = documents[0]
    data = document.data
    if not isinstance(data, dict):
        raise Mistakes([Mistake(str(path), 1, 1, "a rule file is a mapping", "name: ..., filters: ...")])
    if len(documents) > 1:
        raise Mistakes([documents[1].mistake([], "a second document", "one file is one policy")])
    found = wrong_id(path)
    rule = None
    try:
        rule = document.check(RuleFile)
    except Mistakes as mistakes:
        found += mistakes.found
    filters = FilterReader(document)
    tree = filters.read(data["filters"], ["filters"]) if "filters" in data else AllOf(())
    steps = _steps(filters, data.get("match"))
    if "filters" not in data and not steps:
        found.append(document.mistake([], "`filters` is missing", "filters: {activity_type: {eq: Log on}}"))
    examples = ExampleReader(document)
    tests = examples.read(data.get("tests"))
    found += [*filters.found, *examples.found, *wrong_steps(document, connectors)]
    if found or rule is None:
        raise Mistakes(found)
    match = _match(rule.match, steps)
    filled = tree or AllOf(())
    if steps:
        one_of_them = AnyOf(tuple(step.filters for step in steps))
        filled = AllOf((filled, one_of_them)) if "filters" in data else one_of_them
    return Policy(
        id=policy_id(path),
        name=rule.name,
        description=rule.description,
        severity=rule.severity,
        category=rule.category,
        enabled=rule.enabled,
        mode=rule.mode,
        filters=filled,
        match=match,
        alert=alert_options(rule.alert),
        governance=tuple((step.action, step.connector) for step in rule.governance),
        tags=tuple(rule.tags),
        references=tuple(rule.references),
        path=path,
        digest=digest(filled, match),
        tests=tests,
        template=rule.template,
        line=document.place([])[0],
    )


def load_sigma(directory: Path) -> tuple[list[Policy], list[Path], list[Mistake], list[Path]]:
    """What can be used of a directory of Sigma rules.

    The policies; the files that are only parts of correlations; what is wrong in others; the files that are no Sigma rules.
    """
    found: list[Mistake] = []
    files: dict[Path, list[Document]] = {}
    others: list[Path] = []
    for path in _rule_files([directory], found):
        try:
            documents = Document.several(path)
        except Mistakes as mistakes:
            found += mistakes.found
            continue
        if any(is_sigma(document.data) for document in documents):
            files[path] = documents
        else:
            others.append(path)
    policies, wrong, parts = _policies(files, None)
    return policies, [path for path in files if policy_id(path) in parts], found + wrong, others


def rule_files(directories: Sequence[Path]) -> list[Path]:
    """Every rule file. Mistakes where a directory is none."""
    found: list[Mistake] = []
    paths = [*_rule_files(directories, found)]
    if found:
        raise Mistakes(found)
    return paths


def _rule_files(directories: Sequence[Path], found: list[Mistake]) -> Iterator[Path]:
    """Every rule file once, though directories may overlap; nothing hidden, such as an editor's lock or a mount's own links."""
    seen: set[Path] = set()
    for directory in directories:
        if not directory.is_dir():
            found.append(Mistake(str(directory), 0, 0, "is no directory", "rules: a list of directories with rule files"))
            continue
        for path in sorted(directory.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
            if path.suffix not in _ENDINGS or path.name in EXCEPTIONS:
                continue
            if not hidden and path.is_file() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _duplicates(paths: dict[str, list[Path]]) -> Iterator[Mistake]:
    for name, same in paths.items():
        for path in same if len(same) > 1 else ():
            others = ", ".join(str(other) for other in same if other is not path)
            yield Mistake(str(path), 0, 0, f"the id `{name}` is used twice", f"also {others}")


_NO_STEP = {
    "filters": "write the fields themselves: {activity_type: {eq: Log on}}",
    "repeat": "did you mean `repeated`?",
    "count": "did you mean `repeated`?",
    "within": "it stands beside `sequence`, for all steps",
    "by": "it stands beside `sequence`, for all steps",
}


def _steps(filters: FilterReader, match: Any) -> tuple[Step, ...]:
    """The steps of `match.sequence`, each filters and perhaps `repeated`; what has another shape is told by the schema."""
    sequence = match.get("sequence") if isinstance(match, dict) else None
    steps = []
    for index, given in enumerate(sequence if isinstance(sequence, list) else ()):
        if not isinstance(given, dict):
            continue
        where: Where = ["match", "sequence", index]
        repeated = given.get("repeated", 1)
        if not isinstance(repeated, int) or isinstance(repeated, bool) or not 1 <= repeated <= MOST_REPEATED:
            filters.wrong([*where, "repeated"], f"`repeated` of a step is never `{repeated}`", f"a whole number from 1 to {MOST_REPEATED}")
            repeated = 1
        fields = {key: value for key, value in given.items() if key != "repeated"}
        for key in _NO_STEP.keys() & fields.keys():
            filters.wrong([*where, key], f"`{key}` is no part of a step", _NO_STEP[key], at_key=True)
            del fields[key]
        tree = filters.read(fields, where) if fields else None
        if not given.keys() - {"repeated"}:
            filters.wrong(where, "a step without filters", "such as {activity_type: {eq: Log on}}")
        steps.append(Step(filters=tree or AllOf(()), repeated=repeated))
    return tuple(steps)


def _match(match: MatchPart | None, steps: tuple[Step, ...]) -> Repeated | Sequenced | None:
    if match is None:
        return None
    by = tuple(match.by)
    if match.repeated is None:
        return Sequenced(steps=steps, within=match.within, by=by, single_app=match.single_app, any_order=match.any_order)
    return Repeated(repeated=match.repeated, within=match.within, by=by, single_app=match.single_app, unique=match.unique)
