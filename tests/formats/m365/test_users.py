"""One person is one user, whichever of the person's names stands where."""

import json

import pytest
from builders import record

from casbd.formats.m365 import M365
from casbd.plugins import Options

FORMAT = M365(Options())
UPN, GUID, PUID = "anna@contoso.com", "8e1c2d3f-0000-4000-8000-00000000aaaa", "10032001A2B3C4D5"
SID = "S-1-5-21-1004336348-1177238915-682003330-512"
OTHER = "77777777-0000-4000-8000-00000000dddd"


def user(upn="Anna@Contoso.com", guid=GUID):
    """The names of a user as Entra ID lists them."""
    return [
        {"ID": upn, "Type": 5},
        {"ID": PUID, "Type": 3},
        {"ID": f"User_{guid}", "Type": 2},
        {"ID": guid, "Type": 2},
        {"ID": "User", "Type": 2},
    ]


def who(**fields):
    (found,) = FORMAT.parse(record(**fields))
    return found.user, found.user_id


ONE = [
    {"UserId": "Anna@Contoso.com", "UserKey": GUID},
    {"UserId": GUID, "UserKey": "Anna@Contoso.com"},
    {"UserId": GUID.upper(), "UserKey": "i:0#.f|membership|anna@contoso.com"},
    {"UserId": GUID, "UserKey": f"{PUID}@contoso.com", "Actor": user()},
    {"UserId": GUID, "UserKey": GUID, "Actor": user()},
    {"UserId": f"{PUID}@contoso.com", "UserKey": GUID, "Actor": user()},
    {"UserId": PUID, "Actor": user()},
    {"UserId": "Anna@Contoso.com", "UserKey": f"{PUID}@contoso.com", "Actor": user()},
    {"UserId": "Anna@Contoso.com", "Actor": [{"ID": GUID, "Type": 0}, {"ID": UPN, "Type": 5}]},
    {"UserId": "Not Available", "UserKey": "Not Available", "Actor": user()},
    {"UserId": GUID, "ExtendedProperties": [{"Name": "actorUPN", "Value": "Anna@Contoso.com"}, {"Name": "targetUPN", "Value": "b@x.com"}]},
    {"UserId": UPN, "Actor": user("", ""), "ExtendedProperties": [{"Name": "actorObjectId", "Value": GUID}]},
    {"UserId": GUID, "Target": user()},
    {"UserId": f"User_{GUID}", "UserKey": GUID, "Target": user()},
    {"UserId": GUID, "Workload": "Exchange", "Operation": "MailItemsAccessed", "LogonType": 0, "MailboxOwnerUPN": "Anna@contoso.com"},
    {"UserId": UPN, "UserKey": GUID, "Actor": [{"ID": "x"}, None, 5]},
]


@pytest.mark.parametrize("fields", ONE)
def test_user_is_the_upn_and_user_id_the_guid(fields):
    found, identifier = who(**fields)
    assert (found, identifier.lower()) == (UPN, GUID)


def test_a_policy_counts_them_as_one(make_core):
    core = make_core(
        rules={"several": {"filters": {"user": {"isset": True}}, "match": {"repeated": len(ONE), "within": "5m", "by": "user"}}}
    )
    core.feed_records(*(record(**fields) for fields in ONE))
    (alert,) = core.alerts()
    assert (alert.user, alert.activity_count) == (UPN, len(ONE))


@pytest.mark.parametrize(
    ("fields", "user_", "identifier"),
    [
        ({"UserId": GUID}, GUID, None),
        ({"UserId": GUID, "UserKey": PUID}, GUID, GUID),
        ({"UserId": GUID, "UserKey": f"{PUID}@contoso.com"}, GUID, GUID),
        ({"UserId": f"{PUID}@contoso.com"}, f"{PUID}@contoso.com".lower(), None),
        ({"UserId": GUID, "Target": user(guid=OTHER)}, GUID, None),  # it was done to somebody else
        ({"UserId": GUID, "ExtendedProperties": [{"Name": "targetUPN", "Value": UPN}]}, GUID, None),
        ({"UserId": SID, "LogonType": 2, "MailboxOwnerUPN": UPN}, SID, None),  # a delegate
        ({"UserId": SID, "LogonType": 0, "MailboxOwnerUPN": UPN}, UPN, SID),
        ({"UserId": UPN, "UserKey": PUID}, UPN, PUID),
        ({"UserId": UPN, "UserKey": "ANNA@contoso.com"}, UPN, None),
        ({"UserId": UPN, "UserKey": "00000000-0000-0000-0000-000000000000"}, UPN, None),
        ({"UserId": "\u00a0", "UserKey": " ", "Actor": user()}, UPN, GUID),
        ({"UserId": " ", "UserKey": "\t"}, None, None),
        ({"UserId": None, "Actor": [{"ID": GUID, "Type": 0}]}, GUID, None),
        ({"UserId": f"ServicePrincipal_{GUID}", "UserKey": "Not Available"}, f"ServicePrincipal_{GUID}", None),
        (
            {
                "UserId": "Sync",
                "Actor": [{"ID": "Sync", "Type": 1}, {"ID": OTHER, "Type": 2}, {"ID": f"ServicePrincipal_{GUID}", "Type": 2}],
            },
            "Sync",
            GUID,
        ),
    ],
)
def test_nothing_is_guessed(fields, user_, identifier):
    found = who(**fields)
    assert found[0] == user_
    assert found[1] in ((identifier,) if identifier else (None, user_))


def test_a_row_of_log_analytics_tells_it_in_text():
    row = {"TimeGenerated": "2026-01-31T12:00:00Z", "OfficeWorkload": "AzureActiveDirectory", "Operation": "Update user.", "UserId": GUID}
    (found,) = FORMAT.parse(json.dumps(row | {"Actor": json.dumps(user())}).encode())
    assert (found.user, found.user_id) == (UPN, GUID)
