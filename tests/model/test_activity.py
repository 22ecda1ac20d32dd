"""The activity, as a struct."""

import copy

import msgspec

from casbd.model.activity import FIELDS, Activity


def test_a_field_is_set_and_stored_as_of_any_struct():
    one = Activity()
    for number, name in enumerate(FIELDS):
        setattr(one, name, number)
    assert list(msgspec.structs.astuple(one)) == [*range(len(FIELDS))] == msgspec.msgpack.decode(msgspec.msgpack.encode(one))
    assert copy.copy(one) == one


def test_setting_a_field_is_what_cpython_has_a_short_cut_for():
    """It has one for types that have Python's own way alone (`_Py_Specialize_StoreAttr`): scanning takes a twentieth less time."""
    assert Activity.__setattr__ is object.__setattr__
    assert Activity.__delattr__ is object.__delattr__
