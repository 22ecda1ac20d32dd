"""`filters:` of a rule file to the filter tree, with every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from casbd.documents import Document, Where, nearest
from casbd.errors import Mistake, Mistakes
from casbd.filters.fields import FieldRef, parse_alert_field, parse_field, parse_inner_path
from casbd.filters.operators import OBJECT_USER_FIELDS, USER_FIELDS, Operator
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, NoneOf, Role, Value
from casbd.filters.values import FilterError, check, instructions

GROUPS: dict[str, type[AllOf | AnyOf | NoneOf]] = {"all_of": AllOf, "any_of": AnyOf, "none_of": NoneOf}
MOST_INSTRUCTIONS = 200_000
"""Of the regular expressions of a whole file; RE2 takes 2 microseconds to make one."""
_ROLES: tuple[Role, ...] = get_args(Role)


def read_element_filter(text: str) -> Node:
    """The filter of `element` from text, as a rule file has it. FilterError, with what is allowed, where something in it is wrong."""
    try:
        document = Document(Path("filter"), text)
    except Mistakes as error:
        raise FilterError(error.mistakes[0].message, _IN_AN_ELEMENT) from None
    reader = FilterReader(document, parse_inner_path)
    node = reader.read(document.data, ())
    if reader.mistakes:
        raise FilterError(reader.mistakes[0].message, reader.mistakes[0].hint)
    assert node is not None, "what cannot be read is a mistake"
    return node


_IN_AN_ELEMENT = "as in a rule file: {Name: {eq: ForwardTo}, Value: {nendswith: '@contoso.com'}}"


class FilterReader:
    """Reads one document's filters. `mistakes` collects what is wrong; a tree is whole only while it is empty. parse: what a field is."""

    def __init__(self, document: Document, parse: Callable[[str], FieldRef] = parse_field) -> None:
        self._document = document
        self._parse = parse
        self.mistakes: list[Mistake] = []
        self._program = 0

    def read(self, data: Any, where: Where) -> Node | None:
        """The tree of one filter mapping: all its fields and groups hold. None where nothing in it can be read."""
        if not isinstance(data, dict) or not data:
            such = "Name: {eq: ForwardTo}" if self._parse is parse_inner_path else "activity_type: {eq: Log on}"
            self.wrong(where, "expected fields with operators", f"such as {such}", at_key=True)
            return None
        role = self._role(data, where)
        nodes: list[Node] = []
        for key, value in data.items():
            if key == "user_role" and self._parse is not parse_inner_path:
                continue
            at = [*where, key]
            nodes += self._group(key, value, at) if key in GROUPS else self._field(key, value, at, role)
        if not nodes:
            return None
        return nodes[0] if len(nodes) == 1 else AllOf(tuple(nodes))

    def _role(self, data: dict[str, Any], where: Where) -> Role:
        if "user_role" not in data or self._parse is parse_inner_path:
            return "actor"
        at = [*where, "user_role"]
        if self._parse is parse_alert_field:
            self.wrong(at, "`user_role` is about the objects of activities, and alerts have none", at_key=True)
            return "actor"
        role = data["user_role"]
        if role not in _ROLES:
            self.wrong(at, f"`user_role` is never `{role}`", f"allowed: {', '.join(_ROLES)}")
            return "actor"
        if not any(field in data for field in USER_FIELDS):
            self.wrong(at, "`user_role` stands beside no filter on a user", f"one of {', '.join(USER_FIELDS)}", at_key=True)
        return next(one for one in _ROLES if one == role)

    def _group(self, key: str, value: Any, where: Where) -> list[Node]:
        if not isinstance(value, list):
            self.wrong(where, f"`{key}` takes a list of filter mappings", f"such as {key}: [{{country: {{eq: NO}}}}, ...]")
            return []
        if not value:
            self.wrong(where, f"`{key}` is empty and says nothing", "leave it out", at_key=True)
        nodes = [self.read(element, [*where, index]) for index, element in enumerate(value)]
        return [GROUPS[key](tuple(node for node in nodes if node is not None))]

    def _field(self, key: str, value: Any, where: Where, role: Role) -> list[Node]:
        try:
            field = self._parse(key)
        except FilterError as error:
            hint = nearest(key, [*GROUPS, "user_role"]) if "did you mean" not in error.hint else ""
            self.wrong(where, error.message, hint if hint.startswith("did") else error.hint, at_key=True)
            return []
        if field.name == "matched_policies":
            self.wrong(where, "`matched_policies` is filled in by the policies themselves", "search for it instead", at_key=True)
        if not isinstance(value, dict) or not value:
            hint = f"did you mean `{key}: {{eq: {value}}}`?" if isinstance(value, str | int | bool) else "such as {eq: ...}"
            self.wrong(where, f"`{key}` needs an operator", hint)
            return []
        conditions = self._conditions(field, value, where, self._role_of(field, role, where))
        self._can_hold(conditions, where)
        return [*conditions]

    def _role_of(self, field: FieldRef, role: Role, where: Where) -> Role:
        if field.name not in USER_FIELDS or role == "actor":
            return "actor"
        if field.name not in OBJECT_USER_FIELDS:
            self.wrong(where, f"`{field.name}` of an object is not known", f"with user_role: {', '.join(OBJECT_USER_FIELDS)}", at_key=True)
        return role

    def _conditions(self, field: FieldRef, operators: dict[str, Any], where: Where, role: Role) -> list[Condition]:
        conditions = []
        for name, value in operators.items():
            at = [*where, name]
            try:
                operator = field.operator(name)
            except FilterError as error:
                self.wrong(at, error.message, error.hint, at_key=True)
                continue
            values = self._values(field, operator, value, at)
            if values:
                conditions.append(field.condition(operator, values, role))
        return conditions

    def _values(self, field: FieldRef, operator: Operator, value: Any, where: Where) -> tuple[Value, ...]:
        several = isinstance(value, list)
        if operator.takes == "range":
            several = several and any(isinstance(element, list) for element in value)
        if several and not value:
            self.wrong(where, f"`{operator.name}` has no values" + ("" if operator.negated else " and never holds"))
        elif several and operator.takes == "flag":
            self.wrong(where, "`isset` is either true or false")
            return ()
        values: list[Value] = []
        for index, element in enumerate(value if several else [value]):
            if operator.takes == "filters":
                values += self._filters(element, [*where, index] if several else where)
                continue
            if self._program > MOST_INSTRUCTIONS:
                break  # reported where it began: to compile thousands more would take minutes
            try:
                values.append(check(field.name, field.kind, operator, element))
                self._program += instructions(str(values[-1])) if operator.takes == "pattern" else 0
            except FilterError as error:
                self._program += MOST_INSTRUCTIONS // 100 if operator.takes == "pattern" else 0  # it may have taken as long
                self.wrong([*where, index] if several else where, error.message, error.hint)
            if self._program > MOST_INSTRUCTIONS:
                problem = f"too many and too large regular expressions: RE2 makes at most {MOST_INSTRUCTIONS:,} instructions of a file's"
                self.wrong([*where, index] if several else where, problem)
        return tuple(values)

    def _filters(self, data: Any, where: Where) -> list[Node]:
        """A filter on a list's elements; none where nothing in it can be read."""
        inner = FilterReader(self._document, parse_inner_path)
        inner.mistakes, inner._program = self.mistakes, self._program
        node = inner.read(data, where)
        self._program = inner._program
        return [] if node is None else [node]

    def _can_hold(self, conditions: list[Condition], where: Where) -> None:
        """A mapping that nothing can meet, where that is cheap to find out: null beside a value, or every value excluded again."""
        equal = {_folded(value) for c in conditions if c.operator == "eq" and not c.negated for value in c.values}
        excluded = {_folded(value) for c in conditions if c.operator == "eq" and c.negated for value in c.values}
        if equal and equal <= excluded:
            self.wrong(where, "this filter never holds: `neq` excludes every value of `eq`", at_key=True)
        unset = any(c.operator == "isset" and c.negated for c in conditions)
        if unset and "" not in equal and any(not c.negated for c in conditions):
            self.wrong(where, "this filter never holds: `isset: false` beside an operator that needs a value", at_key=True)

    def wrong(self, where: Where, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Note a mistake at its place."""
        self.mistakes.append(self._document.mistake(where, message, hint, at_key=at_key))


def _folded(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value
