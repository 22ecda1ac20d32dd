"""Rule directories to policies: all mistakes of all files at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from casbd.counting.match import Step
from casbd.documents import Document
from casbd.errors import Mistake, Mistakes
from casbd.filters.limits import too_large
from casbd.filters.reading import FilterReader
from casbd.filters.tree import AllOf, AnyOf
from casbd.policies import kinds
from casbd.policies.examples import ExampleReader
from casbd.policies.exceptions import exempted, load_exemptions
from casbd.policies.governance_steps import Connectors, of_nobody, wrong_steps
from casbd.policies.policy import Exemption, Policy
from casbd.policies.rule_file import RuleFile, policy_id, policy_of, wrong_each, wrong_id
from casbd.policies.rule_places import exception_files, find_rule_files
from casbd.policies.sigma import is_sigma

if TYPE_CHECKING:
    from casbd.policies.sigma.rules import SigmaFiles


class RuleSet(msgspec.Struct, frozen=True):
    """What rule directories come to.

    policies: by id. unusable: what is wrong in Sigma files, and links out of the directories; such a file has no policy, and holds
    no other back. notes: what is no mistake in Sigma files, but perhaps not what somebody meant. parts: files whose rules only
    correlations and filters use.
    """

    policies: list[Policy]
    unusable: Sequence[Mistake] = ()
    notes: Sequence[Mistake] = ()
    parts: Sequence[Path] = ()


def load(directories: Sequence[Path], connectors: Connectors | None = None) -> list[Policy]:
    """As `load_rule_set`, where a Sigma file that cannot be used is a mistake like any other."""
    rules = load_rule_set(directories, connectors)
    if rules.unusable:
        raise Mistakes(rules.unusable)
    return rules.policies


def load_rule_set(directories: Sequence[Path], connectors: Connectors | None = None) -> RuleSet:
    """The policies of all rule files below the directories.

    connectors: those that `governance:` may name, with what each takes; None: not checked.
    Raises Mistakes with every mistake of every file, where one is in casbd's own files, or in one that is no YAML at all. A directory
    that is not there is one too.
    """
    mistakes: list[Mistake] = []
    links: list[Mistake] = []
    files = _Files(find_rule_files(directories, mistakes, links))
    exception_files(directories, links)
    mistakes += files.wrong
    files.unusable += links
    rules = _rules(files, connectors, mistakes)
    ids: dict[str, list[Path]] = {}
    for name, path in [*((policy_id(path), path) for path in files.paths), *((policy.id, policy.path) for policy in rules.policies)]:
        if path not in ids.setdefault(name, []):
            ids[name].append(path)
    mistakes += _duplicates(ids)
    exemptions: list[Exemption] = []
    try:
        exemptions = load_exemptions(
            directories,
            (ids.keys() | files.ids_left_out(rules) | {policy_id(Path(link.file)) for link in links})
            - {policy_id(path) for path in rules.parts},
        )
    except Mistakes as error:
        mistakes += error.mistakes
    if mistakes:
        raise Mistakes([*mistakes, *rules.unusable])
    return msgspec.structs.replace(rules, policies=[exempted(policy, exemptions) for policy in rules.policies])


def load_file(path: Path, connectors: Connectors | None = None, text: str | None = None, others: Sequence[Path] = ()) -> Policy:
    """The policy of one rule file (or of `text`, as if it stood there), the first of several. As `load_all_of`."""
    return load_all_of(path, connectors, text, others)[0]


def load_all_of(path: Path, connectors: Connectors | None = None, text: str | None = None, others: Sequence[Path] = ()) -> list[Policy]:
    """The policies of one rule file: a Sigma file may have several. Raises Mistakes with everything wrong in it.

    others: files with Sigma rules that a correlation in this one may refer to, and filters; what is wrong in them does not matter.
    """
    documents = Document.several(path, text)
    if not any(is_sigma(document.data) for document in documents):
        return [_own(path, documents, connectors)]
    sigma = _sigma({path: documents} | {other: sigma_documents for other, sigma_documents in _Files(others).sigma.items() if other != path})
    return sigma.policies(path, connectors) or [sigma.part(path)]


class _Files:
    """Rule files as documents. own: in casbd's language. sigma: those with Sigma rules, without what is wrong in them.

    unusable: what is wrong in those. wrong: what is wrong in others, or in files that may be either's.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths: list[Path] = []
        self.own: dict[Path, list[Document]] = {}
        self.sigma: dict[Path, list[Document]] = {}
        self.unusable: list[Mistake] = []
        self.wrong: list[Mistake] = []
        for path in paths:
            documents, wrong = Document.readable(path)
            self.paths.append(path)
            is_of_sigma = any(is_sigma(document.data) for document in documents)
            if documents and not is_of_sigma and not any(map(_is_own, documents)) and isinstance(documents[0].data, dict):
                self.wrong.append(_no_rule(path))
            elif wrong:
                (self.unusable if is_of_sigma else self.wrong).extend(wrong)
            else:
                (self.sigma if is_of_sigma else self.own)[path] = documents

    def ids_left_out(self, rules: RuleSet) -> set[str]:
        """Ids that policies of Sigma files might have if these could be used: an exception for one is no mistake."""
        used = {policy.path for policy in rules.policies}
        several = {path: len(documents) for path, documents in self.sigma.items() if path not in used}
        return {f"{policy_id(path)}-{number}" for path, most in several.items() for number in range(2, most + 1)}


def _rules(files: _Files, connectors: Connectors | None, mistakes: list[Mistake]) -> RuleSet:
    """The rules of some files. found: takes what is wrong in casbd's own."""
    policies: list[Policy] = []
    for path, documents in files.own.items():
        try:
            policies.append(_own(path, documents, connectors))
        except Mistakes as error:
            mistakes += error.mistakes
    if not files.sigma:
        return RuleSet(sorted(policies, key=lambda policy: policy.id), sorted(files.unusable))
    sigma = _sigma(files.sigma)
    unusable = [*files.unusable]
    parts = []
    for path in files.sigma:
        try:
            of_file = sigma.policies(path, connectors)
            policies += of_file
            parts += [] if of_file else [path]
        except Mistakes as error:
            unusable += error.mistakes
    unusable += sigma.wrong_filters()
    return RuleSet(sorted(policies, key=lambda policy: policy.id), sorted(unusable), sigma.notes(), parts)


def _sigma(files: Mapping[Path, Sequence[Document]]) -> SigmaFiles:
    from casbd.policies.sigma.rules import SigmaFiles

    return SigmaFiles(files)


def _own(path: Path, documents: Sequence[Document], connectors: Connectors | None) -> Policy:
    """The policy of a rule file in casbd's own language."""
    document = documents[0]
    data = document.data
    if not isinstance(data, dict):
        raise Mistakes([Mistake(str(path), 1, 1, "a rule file is a mapping", "name: ..., filters: ...")])
    if not _is_own(document):
        raise Mistakes([_no_rule(path)])
    if len(documents) > 1:
        raise Mistakes([documents[1].mistake([], "a second document", "one file is one policy")])
    mistakes = wrong_id(path)
    rule = None
    try:
        rule = document.check(RuleFile)
    except Mistakes as error:
        mistakes += error.mistakes
    filters = FilterReader(document)
    tree = filters.read(data["filters"], ["filters"]) if "filters" in data else AllOf(())
    match_part = kinds.read(document, filters, mistakes)
    needs_filters = match_part is None or match_part.kind.needs_filters
    if match_part is not None and match_part.steps and needs_filters:
        match_part = match_part._replace(steps=(*match_part.steps, Step(filters=tree or AllOf(()))))
    steps = match_part.steps if match_part is not None else ()
    if "filters" not in data and (needs_filters or not steps):
        mistakes.append(document.mistake([], "`filters` is missing", "filters: {activity_type: {eq: Log on}}"))
    if "filters" in data and any(step.filters == AnyOf(()) for step in steps):
        mistakes.append(document.mistake(["filters"], "`filters` are left out where no activity is looked at, but alerts"))
    examples = ExampleReader(document)
    tests = examples.read(data.get("tests"))
    mistakes += [*filters.mistakes, *examples.mistakes, *wrong_steps(document, connectors)]
    match = match_part.match(acts=bool(rule.governance)) if match_part is not None and rule is not None else None
    mistakes += [*of_nobody(document, match), *wrong_each(document, match)]
    if not mistakes and (problem := too_large(*([tree] if tree else []), *(step.filters for step in steps))):
        mistakes.append(document.mistake(["filters"], problem))
    if mistakes or rule is None:
        raise Mistakes(mistakes)
    filled = tree or AllOf(())
    if steps:
        one_of_them = AnyOf(tuple(step.filters for step in steps))
        filled = AllOf((filled, one_of_them)) if "filters" in data and not needs_filters else one_of_them
    return policy_of(
        rule,
        document,
        filled,
        match,
        tests,
        id=policy_id(path),
        name=rule.name,
        description=rule.description,
        severity=rule.severity,
        category=rule.category,
        tags=tuple(rule.tags),
        references=tuple(rule.references),
        template=rule.template,
    )


def _is_own(document: Document) -> bool:
    return isinstance(document.data, dict) and not document.data.keys().isdisjoint(RuleFile.model_fields)


def _no_rule(path: Path) -> Mistake:
    """The mistake of a file that is no rule. It quotes nothing of the file, which may hold secrets."""
    return Mistake(str(path), 1, 1, "this is no rule: it has none of a rule's keys", "name: ..., filters: ...")


def load_sigma(directory: Path) -> tuple[RuleSet, list[Path]]:
    """What can be used of a directory of Sigma rules, and the files that are none."""
    mistakes: list[Mistake] = []
    files = _Files(find_rule_files([directory], mistakes))
    others, files.own = [*files.own], {}
    rules = _rules(files, None, mistakes)
    return msgspec.structs.replace(rules, unusable=sorted([*mistakes, *files.wrong, *rules.unusable])), others


def rule_files(directories: Sequence[Path]) -> list[Path]:
    """Every rule file. Mistakes where a directory is none."""
    mistakes: list[Mistake] = []
    paths = [*find_rule_files(directories, mistakes)]
    if mistakes:
        raise Mistakes(mistakes)
    return paths


def _duplicates(paths: dict[str, list[Path]]) -> Iterator[Mistake]:
    """Ids that are there twice; those that differ in case alone pass for each other."""
    alike: dict[str, list[tuple[str, Path]]] = {}
    for name, same in paths.items():
        alike.setdefault(name.casefold(), []).extend((name, path) for path in same)
    for named in alike.values():
        for name, path in named if len(named) > 1 else ():
            others = ", ".join(str(other) for _, other in named if other is not path)
            yield Mistake(str(path), 0, 0, f"the id `{name}` is used twice", f"also {others}")
