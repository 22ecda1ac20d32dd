"""The keys at the top of a Sigma file: which there are, and what is said about one that is nearly one of them.

Anybody may add keys of their own to a rule ("arbitrary custom fields"), so an unknown key is never a mistake.
https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html,
https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html,
https://sigmahq.io/sigma-specification/specification/sigma-filters-specification.html
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from casbd.documents import Document
from casbd.errors import Mistake
from casbd.policies.rule_file import CommonKeys

RULE_KEYS = (
    *("title", "id", "name", "related", "taxonomy", "status", "description", "license", "references", "author", "date", "modified"),
    *("logsource", "detection", "fields", "falsepositives", "level", "tags", "scope"),
)
"""Of a rule, in the specification's order; correlations and filters share most of them."""
KEYS = frozenset({*RULE_KEYS, "correlation", "generate", "filter", "action", "timeframe"})
"""All of them: `action` parts old collections of rules, `timeframe` is where some wrote that of an old aggregation."""
_ELSEWHERE = {
    "severity": "Sigma's word is `level`",
    "match": "write a correlation, in this file behind `---`",
    "filters": "they stand in `detection`",
}
_NEARLY = 0.85
"""`enable` is nearly `enabled`, and `modes` nearly `mode`; `author_email` is a key of somebody's own."""


class SigmaKeys(CommonKeys):
    """What casbd reads of a Sigma file besides the rule."""


def notes(document: Document) -> Iterator[Mistake]:
    """What is no mistake, but perhaps not what the author meant: keys that are not read, and look as if they should be."""
    keys = [*KEYS, *SigmaKeys.model_fields]
    for key in document.data:
        if key in keys:
            continue
        if key in _ELSEWHERE:
            yield document.mistake([key], f"`{key}` is not read in a Sigma rule", _ELSEWHERE[key])
        elif close := difflib.get_close_matches(key, keys, 1, _NEARLY):
            yield document.mistake([key], f"the key `{key}` is not read", f"did you mean `{close[0]}`?")
