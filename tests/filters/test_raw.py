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


@pytest.mark.parametrize(
    ("filters", "held"),
    [
        ("raw.role: {mentions: raw.account}", True),
        ("raw.role: {nmentions: raw.account}", False),
        ("raw.role: {mentions: [raw.nobody, app]}", False),
        ("raw.role: {mentions: user}", True),
        ("raw.number: {mentions: raw.account}", True),
        ("raw.longer: {mentions: raw.account}", False),
        ("raw.role: {mentions: raw.nothing}", False),
        ("raw.nothing: {mentions: raw.nothing}", False),
        ("raw.nobody: {nmentions: raw.account}", True),
        ("raw.roles: {nmentions: raw.account}", False),
        ("raw.roles: {element: {.: {nmentions: raw.account}}}", True),
        ("raw.role: {element: {.: {nmentions: raw.account}}}", False),
    ],
)
def test_the_value_of_another_field_within_a_value(filters, held):
    role = "arn:aws:iam::111122223333:role/ANNA"
    record = {"role": role, "number": 111122223333, "account": "111122223333", "longer": "1111222233334", "nothing": "--"}
    record["roles"] = [role, "arn:aws:iam::999988887777:root"]
    activity = Activity(user="anna", raw=msgspec.json.encode(record).decode())
    assert holds(f"{{{filters}}}", activity) is held


LISTS = msgspec.json.encode(
    {
        "Parameters": [{"Name": "ForwardTo", "Value": "a@contoso.com"}, {"Name": "RedirectTo", "Value": "thief@example.net"}],
        "One": {"Name": "ForwardTo", "Value": "x"},
        "Text": '[{"Name": "ForwardTo", "Value": "x", "Tags": "[{\\"k\\": 1}, {\\"k\\": 2}]"}]',
        "Resources": [{"type": "User", "changes": [{"name": "a", "to": "1"}, {"name": "b", "to": "2"}]}, {"type": "App", "changes": []}],
        "Nested": [[{"a": 1, "b": 2}], [{"a": 3, "b": 4}]],
        "Mails": ["anna@contoso.com", "thief@example.net", None, ""],
        "Empty": [],
        "Strange": [None, "", {}, [], 7],
        "user_role": [{"user_role": "object"}],
    }
).decode()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("raw.Parameters: {element: {Name: {eq: forwardto}, Value: {endswith: contoso.com}}}", True),
        ("raw.Parameters: {element: {name: {eq: ForwardTo}, Value: {endswith: example.net}}}", False),
        ("raw.Parameters: {nelement: {Name: {eq: ForwardTo}, Value: {endswith: example.net}}}", True),
        ("raw.Parameters: {nelement: {Name: {eq: RedirectTo}, Value: {endswith: example.net}}}", False),
        ("raw.Parameters: {element: [{Value: {eq: nobody}}, {Name: {eq: RedirectTo}}]}", True),
        ("raw.Parameters: {nelement: [{Value: {eq: nobody}}, {Name: {eq: RedirectTo}}]}", False),
        ("raw.Parameters: {element: {any_of: [{Value: {eq: x}}, {Name: {eq: RedirectTo}}], none_of: [{Value: {contains: thief}}]}}", False),
        ("raw.Parameters: {element: {Missing: {neq: x}}}", True),
        ("raw.Parameters: {element: {Missing: {isset: true}}}", False),
        ("raw.One: {element: {Name: {eq: ForwardTo}, Value: {eq: x}}}", True),
        ("raw.Text: {element: {Name: {eq: ForwardTo}, Value: {eq: x}}}", True),
        ("raw.Text: {element: {Tags: {element: {k: {gt: 1}}}}}", True),
        ("raw.Text: {element: {Tags: {element: {k: {gt: 2}}}}}", False),
        ("raw.Resources: {element: {type: {eq: User}, changes: {element: {name: {eq: b}, to: {eq: 2}}}}}", True),
        ("raw.Resources: {element: {type: {eq: User}, changes: {element: {name: {eq: a}, to: {eq: 2}}}}}", False),
        ("raw.Resources: {element: {type: {eq: App}, changes: {nelement: {name: {isset: true}}}}}", True),
        ("raw.Resources.changes: {element: {name: {eq: b}, to: {eq: 2}}}", True),
        ("raw.Nested: {element: {a: {eq: 3}, b: {eq: 4}}}", True),
        ("raw.Nested: {element: {a: {eq: 1}, b: {eq: 4}}}", False),
        ("raw.Mails: {element: {.: {substring: '@', nendswith: '@contoso.com'}}}", True),
        ("raw.Mails: {element: {.: {startswith: anna, nendswith: '@contoso.com'}}}", False),
        ("raw.Mails: {element: {.: {isset: false}}}", False),
        ("raw.Empty: {element: {a: {isset: false}}}", False),
        ("raw.Empty: {nelement: {a: {isset: false}}}", True),
        ("raw.Missing: {element: {a: {isset: false}}}", False),
        ("raw.Strange: {element: {.: {neq: 7}}}", False),
        ("raw.Parameters: {element: {Value: {same_as: user}}}", True),
        ("raw.Parameters: {element: {Name: {eq: RedirectTo}, Value: {same_as: user}}}", False),
        ("raw.user_role: {element: {user_role: {eq: object}}}", True),
        ("raw.Mails: {element: {'.': {cidr: 10.0.0.0/8}}}", False),
    ],
)
def test_one_and_the_same_element(filters, expected):
    assert holds("{" + filters + "}", Activity(user="a@contoso.com", raw=LISTS)) is expected
