"""Policies that are asked, and which of them were set aside."""


def ids(found):
    return [policies for _, policies, _ in found]
