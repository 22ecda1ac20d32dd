"""Sigma rules as files, and the policies that they become."""

from casbd.model.activity import Activity
from casbd.policies.matcher import Matcher


def rule(title, event="x", more="", source="product: aws, service: cloudtrail"):
    return f"title: {title}\nname: {title}\nlogsource: {{{source}}}\ndetection: {{s: {{eventName: {event}}}, condition: s}}\n{more}"


def ids(found):
    return [policy.id for policy in found.policies]


def met(policy, event, user="u"):
    activity = Activity(source="json", raw=f'{{"eventName": "{event}", "userIdentity": {{"userName": "{user}"}}}}')
    return bool(Matcher([policy], now=lambda: 0).match(activity))
