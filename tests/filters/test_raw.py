"""Filters on the exported record itself, on users that were acted on, and on another field's value."""

import msgspec
import pytest
from verdicts import holds

from casbd.model.activity import Activity, ActivityObject


class TestUserRole:
    ACTIVITY = Activity(
        user="admin@example.com",
        user_domain="example.com",
        objects=(ActivityObject("id-1", "Victim@Partner.com", "user"), ActivityObject("id-2", "boss@example.com", "Mailbox")),
    )

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ("{user: {eq: admin@example.com}, user_role: actor}", True),
            ("{user: {eq: victim@partner.com}, user_role: actor}", False),
            ("{user: {eq: victim@partner.com}, user_role: object}", True),
            ("{user: {eq: id-1}, user_role: object}", True),
            ("{user: {eq: boss@example.com}, user_role: object}", False),
            ("{user: {eq: admin@example.com}, user_role: object}", False),
            ("{user: {eq: admin@example.com}, user_role: any}", True),
            ("{user: {eq: victim@partner.com}, user_role: any}", True),
            ("{user: {neq: victim@partner.com}, user_role: any}", False),
            ("{user: {neq: admin@example.com}, user_role: any}", False),
            ("{user: {neq: somebody}, user_role: any}", True),
            ("{user_id: {eq: ID-1}, user_role: object}", True),
            ("{user_display_name: {startswith: victim}, user_role: object}", True),
            ("{user_domain: {eq: partner.com}, user_role: object}", True),
            ("{user_domain: {eq: example.com}, user_role: object}", False),
            ("{user_domain: {eq: example.com}, user_role: any}", True),
            ("{user: {isset: true}, user_role: object}", True),
            # A role is about the filters on users of its own mapping, and about no others.
            ("{user_role: object, user: {eq: victim@partner.com}, user_agent: {isset: false}}", True),
            ("{user: {eq: admin@example.com}, any_of: [{user_role: object, user: {eq: id-1}}]}", True),
        ],
    )
    def test_whom_it_is_about(self, filters, expected):
        assert holds(filters, self.ACTIVITY) is expected

    def test_nobody_was_acted_on(self):
        assert holds("{user: {isset: false}, user_role: object}", Activity(user="a"))
        assert holds("{user: {neq: a}, user_role: object}", Activity(user="a"))


RECORD = msgspec.json.encode(
    {
        "Operation": "New-InboxRule",
        "Parameters": [
            {"Name": "Name", "Value": "."},
            {"Name": "ForwardTo", "Value": "smtp:thief@example.net"},
            {"Name": "Empty", "Value": ""},
        ],
        "Tags": [{"Key": "env", "Value": "prod"}, {"Key": "Owner", "Value": None}],
        "Nested": '{"User": {"IDs": [7, 8.50, true]}, "Parameters": [{"Name": "A", "Value": "1"}]}',
        "Items": [{"name": "a", "size": 1}, {"name": "b", "size": 20}, [{"name": "c"}], "text"],
        "a.b": {"c d": 1},
        'quo"te': "x",
        "Price": msgspec.Raw(b"1.50"),
        "Big": msgspec.Raw(b"123456789012345678901234567890"),
        "Flag": False,
        "Nothing": None,
        "Blank": "",
        "EmptyList": [],
        "EmptyObject": {},
        "Text": "12",
    }
).decode()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("raw.operation: {eq: new-inboxrule}", True),
        ("raw.Parameters.ForwardTo: {endswith: '@example.net'}", True),
        ("raw.parameters.forwardto: {isset: true}", True),
        ("raw.Parameters.RedirectTo: {isset: true}", False),
        ("raw.Parameters.RedirectTo: {neq: x}", True),
        ("raw.Parameters.Empty: {isset: true}", False),
        ("raw.Parameters.Name: {eq: .}", True),
        ("raw.Parameters.Name: {eq: ForwardTo}", False),
        ("'raw.Parameters[1].Name': {eq: ForwardTo}", True),
        ("raw.Parameters.Value: {startswith: smtp}", True),
        ("raw.Tags.ENV: {eq: prod}", True),
        ("raw.Tags.Owner: {isset: false}", True),
        ("raw.Nested.User.IDs: {eq: 7}", True),
        ("raw.Nested.User.IDs: {eq: '8.50'}", True),
        ("raw.Nested.User.IDs: {eq: true}", True),
        ("'raw.Nested.User.IDs[0]': {eq: 8}", False),
        ("'raw.Nested.User.IDs[9]': {isset: false}", True),
        ("raw.Nested.Parameters.A: {eq: 1}", True),
        ("raw.Items.name: {eq: b}", True),
        ("raw.Items.name: {eq: c}", True),
        ("raw.Items.name: {neq: b}", False),
        ("raw.Items.name: {neq: z}", True),
        ("'raw.Items[0].name': {eq: b}", False),
        ("raw.Items.size: {gt: 10}", True),
        ("raw.Items.size: {gt: 20}", False),
        ("raw.Items.size: {range: [20, 30]}", True),
        ("raw.Text: {lt: 12.5}", True),
        ("raw.Operation: {lt: 12.5}", False),
        ('raw."a.b".c d: {eq: 1}', True),
        ('raw."quo\\"te": {eq: x}', True),
        ("raw.Price: {eq: '1.50'}", True),
        ("raw.Price: {eq: '1.5'}", False),
        ("raw.Price: {gte: 1.5}", True),
        ("raw.Big: {eq: '123456789012345678901234567890'}", True),
        ("raw.Flag: {eq: false}", True),
        ("raw.Flag: {isset: true}", True),
        ("raw.Nothing: {isset: false}", True),
        ("raw.Nothing: {eq: 'null'}", False),
        ("raw.Blank: {isset: false}", True),
        ("raw.Blank: {eq: ''}", True),
        ("raw.EmptyList: {isset: false}", True),
        ("raw.EmptyObject: {isset: false}", True),
        ("raw.Nested: {substring: IDs}", True),
        ("raw.Operation.deeper: {isset: false}", True),
        ("raw: {substring: thief@example}", True),
    ],
)
def test_raw(filters, expected):
    assert holds("{" + filters + "}", Activity(raw=RECORD)) is expected


@pytest.mark.parametrize("raw", ["", "no JSON", "[" * 100_000, '{"a":' * 100_000, "1", "null", '{"b": 1', '"\\ud800"'])
def test_a_raw_record_that_cannot_be_read_holds_nothing(raw):
    assert holds("{raw.a: {isset: false}}", Activity(raw=raw))
    assert holds("{raw.a: {neq: x}}", Activity(raw=raw))
    assert not holds("{raw.a: {eq: x}}", Activity(raw=raw))


def test_a_raw_record_with_half_a_surrogate_pair_or_nan_is_read_all_the_same():
    # Formats read such records: nobody hides a forwarding rule behind a broken display name.
    activity = Activity(raw='{"a": "\\ud800x", "b": NaN, "c": "thief", "d": 1.50}')
    assert holds("{raw.c: {eq: thief}, raw.a: {endswith: x}}", activity)
    assert holds("{raw.a: {matches: x$}, raw.d: {eq: '1.50'}}", activity)


def test_nested_groups():
    filters = "{app: {eq: AWS}, any_of: [{user: {eq: a}}, {none_of: [{user: {eq: b}}, {city: {eq: Oslo}}]}]}"
    assert holds(filters, Activity(app="aws", user="a", city="Oslo"))
    assert holds(filters, Activity(app="aws", user="c", city="Bergen"))
    assert not holds(filters, Activity(app="aws", user="b"))
    assert not holds(filters, Activity(app="okta", user="a"))


@pytest.mark.parametrize(
    ("filters", "held"),
    [
        ("raw.who: {same_as: raw.whom}", True),
        ("raw.who: {same_as: [raw.nobody, raw.whom]}", True),
        ("raw.who: {same_as: user}", True),
        ("raw.who: {same_as: app}", False),
        ("raw.who: {nsame_as: app}", True),
        ("raw.who: {nsame_as: raw.whom}", False),
        ("raw.nobody: {same_as: raw.nobody}", False),
        ("raw.list: {same_as: raw.who}", True),
    ],
)
def test_the_value_of_another_field(filters, held):
    activity = Activity(user="ANNA", raw='{"who": "Anna", "whom": "anna", "list": ["x", "anna"]}')
    assert holds(f"{{{filters}}}", activity) is held
