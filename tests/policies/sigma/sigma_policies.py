"""A policy of a Sigma rule's text."""

from pathlib import Path

from casbd.policies.loading import load_file

HEAD = "title: T\nlogsource: {{{source}}}\ndetection:\n  selection:\n    {item}\n  condition: {condition}\n"


AWS = "product: aws, service: cloudtrail"


def policy(item, *, source=AWS, condition="selection", more=""):
    return load_file(Path("t.yml"), text=HEAD.format(source=source, item=item, condition=condition) + more)
