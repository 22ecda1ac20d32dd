"""Whose account it is, by the names that audit logs have."""

import pytest

from casbd.governance.accounts import no_person, no_target
from casbd.model.activity import Activity

GUID = "6cdf381d-5eef-4ab2-be3d-07780fcc4b5d"

PERSONS = [
    "anna@contoso.com",
    "ANNA.SMITH@CONTOSO.ONMICROSOFT.COM",
    "anna_fabrikam.com#ext#@contoso.onmicrosoft.com",
    "o'neil+x@mail.contoso.co.uk",
    "münchen@bücher.example",
    "иван@contoso.com",
    "王anna@contoso.com",
    "o@contoso.com",
    "bert-jan",
    "octocat",
    "contoso\\anna",
    "contoso\\anna smith",
    "0055g00000AbCdEAAV",
    "system.admin@contoso.com",
    "root@contoso.com",
    "robot",
    "service@contoso.com",
    "sync_team@contoso.com",
    "migration.team@contoso.com",
]
NOT_PERSONS = {
    "nobody is named": [
        "",
        " ",
        "-",
        "Not Available",
        "Unknown",
        "<null>",
        "anonymous",
        "ANONYMOUS LOGON",
        "HIDDEN_DUE_TO_SECURITY_REASONS",
    ],
    "it is a system account": [
        "SHAREPOINT\\system",
        "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.Servicehost)",
        "NT SERVICE\\MSSQLSERVER",
        "contoso\\krbtgt",
        "SYSTEM",
        "root",
        "ghost",
        "deploy_key",
        "system@okta.com",
        "FfoServicePartnerUser",
    ],
    "it is an object's id": [GUID, GUID.upper(), f"{{{GUID}}}", f"{GUID}@{GUID}"],
    "it is a security identifier": ["S-1-5-18", "S-1-5-21-1-2-3-1103"],
    "it is a service principal": [f"ServicePrincipal_{GUID}"],
    "it is a directory synchronization": ["Sync_DC01_a1b2c3d4e5f6@contoso.onmicrosoft.com", "ADToAADSyncServiceAccount@contoso.com"],
    "it is a mailbox of Exchange itself": [
        "HealthMailbox1a2b@contoso.com",
        f"DiscoverySearchMailbox{{{GUID}}}@contoso.com",
        f"Migration.{GUID}@contoso.com",
    ],
    "it is a claim": ["c:0(.s|true", "i:0#.f|membership|anna@contoso.com", f"i:0i.t|{GUID}|app@sharepoint"],
    "it is a bot": ["dependabot[bot]"],
    "it is a computer or a managed service account": ["contoso\\pc1$", "PC1$", "pc1$@contoso.com"],
    "it is the name of a resource": ["arn:aws:iam::1:user/x", "system:serviceaccount:ns:x", "urn:spo:anon#1", "principal://iam"],
    "it is a role's session or a service": ["AdminRole/i-0317", "http/web.contoso.com@contoso.com"],
    "it is a service's account": [
        "ec2.amazonaws.com",
        "x@project.iam.gserviceaccount.com",
        "fim_password_service@support.onmicrosoft.com",
        "spoolsprovisioning-applicationaccount@eurprd04.prod.outlook.com",
        "AutomationUser_1_x@boxdevedition.com",
    ],
    "it is no e-mail address": [
        "app@sharepoint",
        "@contoso.com",
        "a@",
        "a b@contoso.com",
        "a@contoso.com@evil.org",
        "anna.@contoso.com",
        ".anna@contoso.com",
    ],
    "it is a name for people, which no app can resolve": ["Anna Smith", "Microsoft Managed Policy Manager"],
    "no account has such a name": [
        *("a" * 321, "a\x00b", "a\nb", "\ud800", "a\u202eb", "<username>", "admin*"),
        *(
            "live.com#anna@contoso.com",
            "anna%40contoso.com",
            "spo:anna@contoso.com",
            "anna#EXT#@contoso.com",
            "contoso\\ anna",
            "a;b",
            "a?b",
        ),
        *("\u0430nna@contoso.com", "anna@c\u043entoso.com", "\u03bfnna"),
        *("\uff41nna@contoso.com", "anna@contoso.com.", "anna@contoso.com\u00a0", " anna", "an\u200bna@contoso.com"),
    ],
}


@pytest.mark.parametrize("name", PERSONS)
def test_a_persons_account(name):
    assert no_person(name) == ""
    assert no_target(Activity(user=name)) == ""


@pytest.mark.parametrize(("reason", "name"), [(reason, name) for reason, names in NOT_PERSONS.items() for name in names])
def test_no_persons_account(reason, name):
    assert no_person(name).endswith(f" is not a person's account: {reason}")
    assert no_target(Activity(user=name)) == no_person(name)


def test_a_long_name_is_not_repeated_as_a_whole():
    assert len(no_person("a" * 100_000)) < 500


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"user": None}, "nobody is named"),
        ({"user_type": "System"}, "the record's user type is System"),
        ({"user_type": "Application"}, "the record's user type is Application"),
        ({"user_type": "Admin"}, ""),
        ({"user_type": "Guest"}, ""),
        ({"user": "anna", "source": "m365"}, "Microsoft 365 names people by their address"),
        ({"user": "CONTOSO\\anna", "source": "entra"}, "Entra ID names people by their address"),
        ({"user": "anna", "source": "aws_cloudtrail"}, ""),
        ({"user": "anna", "source": "github"}, ""),
        ({"activity_type": "Failed log on", "result_detail": "UserAccountNotFound"}, "the app knows no such account"),
        ({"activity_type": "Failed log on", "result_detail": "50034"}, "the app knows no such account"),
        ({"activity_type": "Failed log on", "result_detail": "no such user (0xC0000064), Network"}, "the app knows no such account"),
        ({"activity_type": "Failed log on", "result_detail": "InvalidUserNameOrPassword"}, ""),
        ({"activity_type": "Log on", "result_detail": "50034"}, ""),
        ({"activity_type": "Failed log on", "source": "okta"}, "the app knows no such account"),
        ({"activity_type": "Failed log on", "source": "okta", "user_id": "00u1"}, ""),
    ],
)
def test_what_the_record_tells(fields, told):
    assert no_target(Activity(**{"user": "anna@contoso.com"} | fields)).partition(": ")[2] == told
