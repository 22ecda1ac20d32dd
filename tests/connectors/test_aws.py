"""Against moto, the stand-in for AWS, behind a front that can fail, lose answers, and remembers what was changed."""

import http.client
import json
import re
import sys
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from urllib.parse import parse_qs

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from msgspec.structs import replace
from pydantic import ValidationError

from casbd.connectors import _aws_policies as policies
from casbd.daemon import logs
from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import UNCHANGED, Previewing, Reversible, Stateful, registry

Aws = registry.load("connectors", "aws")

NOW = 1_795_973_400_123
OWN, OTHER = "123456789012", "444455556666"
SECRET = "wJalrXUtnFEMI/K7MDENG/verysecret"
READS = ("Get", "List", "Assume")
DENIED = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>r</RequestId></ErrorResponse>"


def refused(status, code, message="no"):
    return lambda forward: (status, DENIED.format(code, message).encode())


def lost(forward):
    """AWS has done it, and the answer never comes."""
    forward()


THROTTLED = refused(400, "Throttling", "Rate exceeded")


class Front:
    """Passes requests on to moto, but for what `faults` has for their action.

    changes: what moto was asked to change. secrets: what it gave out.
    """

    def __init__(self, host, port):
        self.faults = defaultdict(list)
        self.actions = []
        self.secrets: list[str] = []
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                action = parse_qs(body.decode())["Action"][0]

                def forward():
                    front.actions.append(action)
                    moto = http.client.HTTPConnection(host, port)
                    moto.request("POST", self.path, body, dict(self.headers))
                    answer = moto.getresponse()
                    found = answer.status, answer.read()
                    front.secrets += re.findall(r"<(?:SecretAccessKey|SessionToken)>([^<]+)", found[1].decode())
                    moto.close()
                    return found

                faults = front.faults[action]
                answer = faults.pop(0)(forward) if faults else forward()
                self.close_connection = True
                if answer:
                    self.send_response(answer[0])
                    self.send_header("Content-Type", "text/xml")
                    self.send_header("Content-Length", str(len(answer[1])))
                    self.end_headers()
                    self.wfile.write(answer[1])

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def changes(self):
        return [action for action in self.actions if not action.startswith(READS)]


@pytest.fixture(scope="session")
def moto():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture
def front(moto, monkeypatch):
    connection = http.client.HTTPConnection(*moto)
    connection.request("POST", "/moto-api/reset")
    connection.getresponse().read()
    connection.close()
    monkeypatch.setenv("CASBD_TEST_AWS", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    front = Front(*moto)
    yield front
    front.server.shutdown()
    front.server.server_close()


def aws_client(service, moto, key="AKIAIOSFODNN7EXAMPLE", secret="x", token=None):
    where = f"http://{moto[0]}:{moto[1]}"
    return boto3.client(
        service, "us-east-1", endpoint_url=where, aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token
    )


@pytest.fixture(scope="session")
def own_client(moto):
    return aws_client("iam", moto)


@pytest.fixture
def iam(own_client, front):
    return own_client


@pytest.fixture
def make(front):
    def connector(clock=lambda: NOW, **options):
        options = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": {"env": "CASBD_TEST_AWS"}, **options}
        return Aws(Aws.Options.model_validate({"endpoint_url": front.url, "timeout": "5s", **options}), clock)

    return connector


@pytest.fixture
def anna(iam):
    """A user with an active and an inactive access key; gives their ids."""
    iam.create_user(UserName="anna", Path="/staff/")
    used, unused = (iam.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"] for _ in range(2))
    iam.update_access_key(UserName="anna", AccessKeyId=unused, Status="Inactive")
    return used, unused


def command(action="suspend_user", target="anna", **more):
    more = {"app": "AWS", "app_instance": OWN, "created": NOW - 60_000, **more}
    return GovernanceCommand(command_id="c1", action=action, connector="aws", target=target, status="queued", **more)


def keys(iam, name="anna"):
    return {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]}


def user_policies(iam, name="anna"):
    return {
        one: iam.get_user_policy(UserName=name, PolicyName=one)["PolicyDocument"]
        for one in iam.list_user_policies(UserName=name)["PolicyNames"]
    }


def until_done(connector, wanted):
    """As the dispatcher: again after each Retry; gives what was done, and how often it was tried."""
    for tries in range(1, 100):
        try:
            return connector.execute(wanted), tries
        except Retry:
            pass
    raise AssertionError("never done")


class TestSuspend:
    def test_everything_is_denied_and_the_way_back_restores(self, make, iam, anna):
        used, unused = anna
        done = make().execute(command())
        assert user_policies(iam)["casbd-suspend"]["Statement"] == [
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Sid": f"casbdActiveBefore{used}"}
        ]
        assert keys(iam) == {used: "Inactive", unused: "Inactive"}
        assert done.restore == {"access_keys": [used]}
        assert done.request == f"iam PutUserPolicy casbd-suspend, UpdateAccessKey Inactive: user anna in {OWN}"
        back = make().execute(command("unsuspend_user", restore=done.restore))
        assert user_policies(iam) == {}
        assert keys(iam) == {used: "Active", unused: "Inactive"}
        assert back.request == f"iam UpdateAccessKey Active, DeleteUserPolicy casbd-suspend: user anna in {OWN}"

    def test_the_way_back_needs_no_memory_of_casbds(self, make, iam, anna):
        make().execute(command())
        make().execute(command("unsuspend_user"))
        assert (user_policies(iam), keys(iam)) == ({}, {anna[0]: "Active", anna[1]: "Inactive"})

    def test_what_is_done_is_not_done_again(self, make, front, anna):
        first = make().execute(command())
        before = front.changes
        again = make().execute(command())
        assert front.changes == before
        assert (again.request, again.answer, again.restore) == ("", UNCHANGED, first.restore)

    def test_a_policy_that_somebody_changed_is_written_again(self, make, iam, anna):
        """Its name alone denies nothing."""
        first = make().execute(command())
        intact = user_policies(iam)["casbd-suspend"]
        for change in ({"Action": "s3:*"}, {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, {"Effect": "Allow"}):
            changed = json.dumps(intact | {"Statement": [intact["Statement"][0] | change]})
            iam.put_user_policy(UserName="anna", PolicyName="casbd-suspend", PolicyDocument=changed)
            assert not make().is_done(command())
            assert make().execute(command()).restore == first.restore
            assert user_policies(iam)["casbd-suspend"] == intact

    def test_a_key_that_was_made_since_is_remembered_too(self, make, iam, anna):
        make().execute(command())
        iam.delete_access_key(UserName="anna", AccessKeyId=anna[1])
        new = iam.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]
        assert make().execute(command()).restore == {"access_keys": sorted([anna[0], new])}
        make().execute(command("unsuspend_user"))
        assert set(keys(iam).values()) == {"Active"}

    def test_a_key_that_is_gone_does_not_stop_the_way_back(self, make, iam, anna):
        done = make().execute(command())
        iam.delete_access_key(UserName="anna", AccessKeyId=anna[0])
        make().execute(command("unsuspend_user", restore=done.restore))
        assert (user_policies(iam), keys(iam)) == ({}, {anna[1]: "Inactive"})

    def test_who_was_not_suspended_is_left_alone(self, make, front, anna):
        assert make().execute(command("unsuspend_user")).answer == UNCHANGED
        assert front.changes == []

    def test_the_password_goes_only_where_that_is_asked_for(self, make, iam, front, anna):
        iam.create_login_profile(UserName="anna", Password="Correct-horse-1")
        make().execute(command())
        assert "DeleteLoginProfile" not in front.changes
        own = make(delete_login_profile=True)
        assert not own.is_done(command())
        own.execute(command())
        assert front.changes.count("DeleteLoginProfile") == 1
        assert own.is_done(command())
        own.execute(command())
        assert front.changes.count("DeleteLoginProfile") == 1


FAULTS = {
    "lost": lost,
    "throttled": THROTTLED,
    "unavailable": refused(503, "ServiceUnavailable"),
    "failed": refused(500, "InternalFailure"),
    "too many": refused(429, "TooManyRequestsException"),
}
READING = ("GetCallerIdentity", "GetUser", "GetUserPolicy", "ListAccessKeys")


class TestUnknownOutcomes:
    """Whatever request fails, in whatever way: tried again, the state and the way back are those of an untroubled run."""

    @pytest.mark.parametrize(
        ("request_", "fault"),
        [*((request, "throttled") for request in READING), *product(("PutUserPolicy", "UpdateAccessKey"), FAULTS)],
    )
    def test_of_suspending(self, make, iam, front, anna, request_, fault):
        front.faults[request_].append(FAULTS[fault])
        done, tries = until_done(make(), command())
        assert tries == 2
        assert done.restore == {"access_keys": [anna[0]]}
        assert policies.active_before(user_policies(iam)["casbd-suspend"]) == {anna[0]}
        assert set(keys(iam).values()) == {"Inactive"}
        assert sorted(front.changes) == ["PutUserPolicy", "UpdateAccessKey"]
        assert make().is_done(command())

    @pytest.mark.parametrize("restores", [True, False], ids=["with restore", "without"])
    @pytest.mark.parametrize("fault", ["lost", "throttled"])
    @pytest.mark.parametrize("request_", ["UpdateAccessKey", "DeleteUserPolicy"])
    def test_of_the_way_back(self, make, iam, front, anna, fault, request_, restores):
        back = command("unsuspend_user", restore=make().execute(command()).restore if restores else None)
        make().execute(command())
        assert not make().is_done(back)
        front.faults[request_].append(FAULTS[fault])
        front.actions.clear()
        until_done(make(), back)
        assert (user_policies(iam), keys(iam)) == ({}, {anna[0]: "Active", anna[1]: "Inactive"})
        assert sorted(front.changes) == ["DeleteUserPolicy", "UpdateAccessKey"]
        assert make().is_done(back)

    @given(
        statuses=st.lists(st.sampled_from(["Active", "Inactive"]), max_size=2),
        faults=st.lists(st.tuples(st.sampled_from(["PutUserPolicy", "UpdateAccessKey", "DeleteUserPolicy"]), st.sampled_from([*FAULTS]))),
        suspensions=st.integers(1, 2),
    )
    @settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_number_of_any_kind(self, make, iam, front, statuses, faults, suspensions):
        """Suspended once or by two commands: the way back ends where all began."""
        name = f"user{len(front.actions)}"
        iam.create_user(UserName=name)
        for status in statuses:
            key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
            iam.update_access_key(UserName=name, AccessKeyId=key, Status=status)
        before = keys(iam, name)
        for request, fault in faults:
            front.faults[request].append(FAULTS[fault])
        for _ in range(suspensions):
            done, _ = until_done(make(), command(target=name))
            assert "Active" not in keys(iam, name).values()
            assert set(done.restore["access_keys"]) == {key for key, status in before.items() if status == "Active"}
        until_done(make(), command("unsuspend_user", target=name))
        assert (user_policies(iam, name), keys(iam, name)) == ({}, before)
        front.faults.clear()

    @pytest.mark.parametrize("code", ["AccessDenied", "MalformedPolicyDocument", "LimitExceeded", "InvalidClientTokenId"])
    def test_a_no_is_final_and_says_why(self, make, front, anna, code):
        front.faults["PutUserPolicy"].append(refused(403, code, "because\n\x7f\u202eI say so " + "x" * 9000))
        with pytest.raises(Rejected, match=rf"^AWS: An error occurred \({code}\).*because") as caught:
            make().execute(command())
        assert len(str(caught.value)) < 600
        assert str(caught.value).isprintable()

    def test_nobody_there_is_another_try(self, make, front, anna):
        with pytest.raises(Retry, match=r"127\.0\.0\.1"):
            make(endpoint_url="http://127.0.0.1:9").execute(command())

    def test_a_page_of_a_proxy_is_another_try_and_is_not_quoted(self, make, front, anna):
        front.faults["GetUser"].append(lambda forward: (200, b"<html>secret"))
        with pytest.raises(Retry, match=r"^AWS: the answer is none of AWS$"):
            make().execute(command())

    def test_no_credentials_yet_is_another_try(self, make, front, monkeypatch, tmp_path):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        with pytest.raises(Retry, match="Unable to locate credentials"):
            make(access_key_id=None, secret_access_key=None).execute(command())
        connector = make()
        monkeypatch.delenv("CASBD_TEST_AWS")
        with pytest.raises(Retry, match=r"\$CASBD_TEST_AWS.*not set"):
            connector.execute(command())


class TestWhoItIs:
    def test_nobody(self, make, front, anna):
        with pytest.raises(Rejected, match=f"^not found: account {OWN} has no IAM user bob$"):
            make().execute(command(target="bob"))
        assert front.changes == []

    def test_a_name_is_the_same_in_any_case(self, make, iam):
        iam.create_user(UserName="Anna@Contoso.com")
        make().execute(command(target="anna@contoso.com"))
        assert "casbd-suspend" in user_policies(iam, "Anna@Contoso.com")

    def test_on_the_last_page_of_many(self, make, iam):
        for number in range(130):
            iam.create_user(UserName=f"user{number}")
        iam.create_user(UserName="Zoe")
        make().execute(command(target="zoe"))
        assert "casbd-suspend" in user_policies(iam, "Zoe")

    def test_ambiguous(self, make, iam, front):
        """AWS promises that this cannot be; a guess would be worse than a promise kept."""
        for name in ("Bob", "BOB"):
            iam.create_user(UserName=name)
        with pytest.raises(Rejected, match=r"^ambiguous: .* 2 IAM users bob$"):
            make().execute(command(target="bob"))
        assert front.changes == []

    def test_by_the_arn_of_the_record(self, make, iam, anna):
        make().execute(command(user_id=f"arn:aws:iam::{OWN}:user/staff/anna"))
        assert "casbd-suspend" in user_policies(iam)

    @pytest.mark.parametrize("user_id", [f"arn:aws:iam::{OWN}:user/bob", f"arn:aws:sts::{OWN}:federated-user/anna"])
    def test_an_arn_of_somebody_else(self, make, front, anna, user_id):
        with pytest.raises(Rejected, match="anna is neither an IAM user nor a session: arn:aws"):
            make().execute(command(user_id=user_id))
        assert front.changes == []

    def test_one_who_was_made_anew_is_another(self, make, iam, front, anna):
        own = iam.get_user(UserName="anna")["User"]["UserId"]
        with pytest.raises(Rejected, match="is another one by now: its id is not AIDAOLD"):
            make().execute(command(user_id="AIDAOLDOLDOLD"))
        assert front.changes == []
        make().execute(command(user_id=own if own.startswith("AIDA") else None))

    def test_never_casbd_itself(self, make, iam, front, monkeypatch):
        iam.create_user(UserName="casbd")
        key = iam.create_access_key(UserName="casbd")["AccessKey"]
        monkeypatch.setenv("CASBD_TEST_AWS", key["SecretAccessKey"])
        with pytest.raises(Rejected, match="the IAM user casbd is the one that casbd itself acts as"):
            make(access_key_id=key["AccessKeyId"]).execute(command(target="casbd"))
        assert front.changes == []


class TestAccounts:
    def test_credentials_of_another_account(self, make, front, anna):
        with pytest.raises(Rejected, match=f"about account {OTHER}, and the credentials are of account {OWN}"):
            make().execute(command(app_instance=OTHER))
        assert front.changes == []

    def test_a_user_seen_in_another_account_than_its_own(self, make, front, anna):
        with pytest.raises(Rejected, match=f"anna is of account {OTHER}, and was seen in {OWN}"):
            make().execute(command(user_id=f"arn:aws:iam::{OTHER}:user/anna"))
        assert front.actions == []

    @pytest.mark.parametrize("instance", [None, "contoso"])
    def test_an_account_that_is_not_known_is_not_compared(self, make, iam, anna, instance):
        make().execute(command(app_instance=instance))
        assert "casbd-suspend" in user_policies(iam)

    def test_a_role_in_the_account_of_the_command(self, make, moto, iam, front, anna):
        role = {"assume_role": "arn:aws:iam::{account}:role/casbd", "external_id": "casbd-4711"}
        taken = aws_client("sts", moto).assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/casbd", RoleSessionName="test")["Credentials"]
        there = aws_client("iam", moto, taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        there.create_user(UserName="anna")
        make(**role).execute(command(app_instance=OTHER))
        assert "casbd-suspend" in user_policies(there)
        assert user_policies(iam) == {}
        with pytest.raises(Rejected, match="does not say which account"):
            make(**role).execute(command(app_instance=None))


SESSION = {"target": "anna@contoso.com", "user_id": f"arn:aws:sts::{OWN}:assumed-role/Admin/Anna@contoso.com"}


class TestSignInAgain:
    @pytest.fixture
    def role(self, iam):
        found = iam.create_role(RoleName="Admin", AssumeRolePolicyDocument="{}")["Role"]
        return lambda: iam.get_role_policy(RoleName="Admin", PolicyName="casbd-sign-in-again")["PolicyDocument"]["Statement"], found[
            "RoleId"
        ]

    def test_of_a_user(self, make, iam, front, anna):
        again = command("require_sign_in_again")
        assert not make().is_done(again)
        make().execute(again)
        assert user_policies(iam)["casbd-sign-in-again"]["Statement"] == [
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-11-29T17:30:01Z"}},
            }
        ]
        assert keys(iam)[anna[0]] == "Active"
        assert make().is_done(again)

    def test_who_has_signed_in_since_is_not_signed_out_by_a_second_try(self, make, iam, front, anna):
        front.faults["PutUserPolicy"].append(lost)
        _, tries = until_done(make(), command("require_sign_in_again"))
        before = user_policies(iam)
        assert tries == 2
        make(lambda: NOW + 60_000).execute(command("require_sign_in_again"))
        assert front.changes == ["PutUserPolicy"]
        assert user_policies(iam) == before

    def test_a_later_command_signs_out_again(self, make, iam, anna):
        make().execute(command("require_sign_in_again"))
        later = command("require_sign_in_again", created=NOW + 3_600_000)
        assert not make().is_done(later)
        make(lambda: NOW + 3_600_500).execute(later)
        assert policies.denied_since(user_policies(iam)["casbd-sign-in-again"]) == (NOW // 1000 + 3601) * 1000
        assert len(user_policies(iam)["casbd-sign-in-again"]["Statement"]) == 1

    def test_of_a_role_only_that_persons_sessions(self, make, role):
        statements, role_id = role
        make().execute(command("require_sign_in_again", **SESSION))
        [one] = statements()
        assert one["Condition"]["StringEquals"] == {"aws:userid": f"{role_id}:Anna@contoso.com"}
        assert make().is_done(command("require_sign_in_again", **SESSION))

    def test_of_a_role_others_stay_denied_until_their_sessions_have_ended(self, make, role):
        statements, role_id = role
        bob = {"target": "bob@contoso.com", "user_id": f"arn:aws:sts::{OWN}:assumed-role/Admin/bob@contoso.com"}
        make().execute(command("require_sign_in_again", **bob))
        make(lambda: NOW + 3_600_000).execute(command("require_sign_in_again", **SESSION))
        assert [one["Condition"]["StringEquals"]["aws:userid"] for one in statements()] == [
            f"{role_id}:bob@contoso.com",
            f"{role_id}:Anna@contoso.com",
        ]
        assert make().is_done(command("require_sign_in_again", **bob))
        days = 2 * 86_400_000
        make(lambda: NOW + days).execute(command("require_sign_in_again", created=NOW + days, **SESSION))
        assert [one["Condition"]["StringEquals"]["aws:userid"] for one in statements()] == [f"{role_id}:Anna@contoso.com"]

    def test_a_session_is_no_user_to_suspend(self, make, role, front):
        for action in ("suspend_user", "unsuspend_user", "revoke_tokens"):
            with pytest.raises(Rejected, match=f"has sessions of the role Admin, and no IAM user: {action} is for where they sign in"):
                make().execute(command(action, **SESSION))
        assert front.changes == []

    def test_no_such_role_and_roles_that_cannot_be_changed(self, make, front):
        arn = f"arn:aws:sts::{OWN}:assumed-role/%s/anna@contoso.com"
        with pytest.raises(Rejected, match=r"^not found: .* no role Gone"):
            make().execute(command("require_sign_in_again", target="anna@contoso.com", user_id=arn % "Gone"))
        with pytest.raises(Rejected, match="a role of IAM Identity Center, which nobody else can change"):
            make().execute(command("require_sign_in_again", target="anna@contoso.com", user_id=arn % "AWSReservedSSO_Admin_0123"))
        with pytest.raises(Rejected):
            make().execute(command("require_sign_in_again", target="Admin/session"))
        assert front.changes == []

    def test_tokens(self, make, iam, front, anna):
        front.faults["PutUserPolicy"] += [lost, THROTTLED]
        revoke = command("revoke_tokens")
        assert not make().is_done(revoke)
        until_done(make(), revoke)
        assert set(keys(iam).values()) == {"Inactive"}
        assert [*user_policies(iam)] == ["casbd-sign-in-again"]
        assert sorted(front.changes) == ["PutUserPolicy", "UpdateAccessKey"]
        assert make().is_done(revoke)


class TestPolicies:
    @pytest.mark.parametrize("document", [None, {}, {"Statement": {"Effect": "Deny"}}, {"Statement": ["x", {"Condition": 5}]}])
    def test_whatever_somebody_made_of_a_policy_is_read(self, document):
        assert policies.active_before(document) == set()
        assert policies.denied_since(document) is None
        assert len(policies.older_sessions(document, NOW)["Statement"]) == 1

    @pytest.mark.parametrize(
        "moment", ["soon", 5, None, [], {"x": 1}, "2026-11-29T17:30:01", "9999-12-31T23:59:59-23:59", "2026-11-29T18:30:01+01:00"]
    )
    def test_a_moment_that_casbd_did_not_write(self, moment):
        document = json.loads(json.dumps(policies.older_sessions(None, NOW)))
        assert policies.denied_since(document) == NOW // 1000 * 1000 + 1000
        document["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"] = moment
        assert policies.denied_since(document) is None

    @pytest.mark.parametrize("change", [{"Action": "s3:*"}, {"Effect": "Allow"}, {"Resource": []}, {"NotAction": "iam:*"}])
    def test_a_statement_that_somebody_changed_denies_nobody(self, change):
        document = json.loads(json.dumps(policies.older_sessions(None, NOW, "AROA:anna")))
        assert policies.denied_since(document, "AROA:anna") is not None
        document["Statement"][0] |= change
        assert policies.denied_since(document, "AROA:anna") is None

    def test_all_keys_come_back_out_of_a_policy(self):
        ids = {"AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"}
        document = json.loads(json.dumps(policies.everything(ids)))
        assert policies.active_before(document) == ids
        assert document["Statement"][0]["Sid"].isalnum()


class TestOptions:
    def test_it_is_all_that_it_says(self, make):
        assert isinstance(make(), Previewing)
        assert isinstance(make(), Stateful)
        assert isinstance(make(), Reversible)
        assert {*Aws.ways_back, *Aws.ways_back.values()} <= {*Aws.actions}

    @pytest.mark.parametrize("action", Aws.actions)
    def test_a_preview_sends_nothing(self, make, front, action):
        assert make().preview(command(action)).startswith("iam ")
        assert front.actions == []

    def test_an_action_that_it_does_not_know(self, make, front):
        for ask in (make().execute, make().preview, make().is_done):
            with pytest.raises(Rejected, match="no expire_password"):
                ask(command("expire_password"))
        assert front.actions == []

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "go together"),
            ({"secret_access_key": "plain"}, "never a plain value"),
            ({"external_id": "casbd"}, "for assume_role"),
            ({"assume_role": "casbd"}, "pattern"),
            ({"endpoint_url": "http://example.com"}, "https"),
        ],
    )
    def test_mistakes_are_told(self, options, message):
        with pytest.raises(ValidationError, match=message):
            Aws.Options.model_validate(options)

    def test_without_boto3_it_says_what_is_missing(self, make, monkeypatch):
        monkeypatch.setitem(sys.modules, "boto3", None)
        with pytest.raises(Mistakes, match=r"needs boto3 \(pip install 'casbd\[aws\]'\)"):
            make()

    def test_a_secret_that_is_not_there(self, make, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_AWS")
        with pytest.raises(Mistakes, match=r"\$CASBD_TEST_AWS"):
            make()

    def test_no_secret_is_told(self, make, front, anna, caplog):
        """Not even where everything is logged: what AWS answers to AssumeRole is a secret, too."""
        caplog.set_level("DEBUG")
        logs.set_level("debug")
        role = {"assume_role": f"arn:aws:iam::{OWN}:role/casbd"}
        told = [str(make(**role).execute(command())), make().preview(command())]
        front.faults["GetUser"] += [refused(403, "AccessDenied"), lost]
        for _ in range(2):
            with pytest.raises((Retry, Rejected)) as caught:
                make(**role).execute(replace(command(), command_id="c2"))
            told.append(repr(caught.value))
        logged = "".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")
        assert not [secret for secret in (SECRET, *front.secrets) if secret in "".join(told) + logged]
        assert len(front.secrets) == 6
