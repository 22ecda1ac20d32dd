"""One AWS account, as boto3 reaches it: whose credentials, which account, and what its errors mean.

Sources: AWS, "Common errors" of the IAM API (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html), "AssumeRole" and
"GetCallerIdentity" of the STS API; boto3, "Credentials" (https://docs.aws.amazon.com/boto3/latest/guide/credentials.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field, model_validator

from casbd.connectors._vendor import shown
from casbd.documents.duration_option import Duration
from casbd.documents.secrets import Secret
from casbd.errors import Mistake, Mistakes, Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Options
from casbd.web.api import SecureUrl
from casbd.wire.plain_text import cut, single_line

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_MOST_OF_REASON = 500
_PASSING = re.compile(
    r"Throttl|RequestLimitExceeded|TooManyRequests|ServiceUnavailable|InternalFailure|ServiceFailure|ConcurrentModification"
)
"""In codes of errors that ask for another try. AWS answers Throttling with 400."""
_ACCOUNT = re.compile(r"[0-9]{12}")
_ARN = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::([0-9]{12}):(.+)")
_OF_THE_COMMAND = "{account}"


class AwsOptions(Options):
    """Options of the connector `aws`."""

    assume_role: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|\{account\}):role/[\w+=,.@/-]+$")] | None = Field(
        default=None, examples=["arn:aws:iam::{account}:role/casbd"]
    )
    """A role to take on first; `{account}` stands for the account that the command is about, so that one connector does for many. Left
    out: the credentials act themselves."""
    external_id: Annotated[str, Field(min_length=2, max_length=1224)] | None = Field(default=None, examples=["casbd-4711"])
    """What the role's trust policy asks for as `sts:ExternalId`."""
    access_key_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{16,128}$")] | None = Field(default=None, examples=["AKIAIOSFODNN7EXAMPLE"])
    """casbd's own access key. Left out: what boto3 finds (environment variables, the instance's role)."""
    secret_access_key: Secret | None = Field(default=None, examples=[{"credential": "aws-secret-key"}])
    """Its secret: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")] = "us-east-1"
    """Of STS. IAM is the same in all regions of a partition; for China write cn-north-1, for GovCloud us-gov-west-1."""
    delete_login_profile: bool = False
    """true: suspend_user deletes the user's console password, too, which no way back restores. Without, the password is left, and
    is good for nothing, as everything is denied."""
    endpoint_url: SecureUrl | None = Field(default=None, examples=["https://vpce.example.com"])
    """Where IAM and STS are asked, for a private endpoint. Left out: AWS."""
    timeout: Duration = 30_000
    """For each request."""

    @model_validator(mode="after")
    def _whole_key(self) -> AwsOptions:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together")
        if self.external_id and not self.assume_role:
            raise ValueError("external_id is for assume_role")
        return self


class Account(NamedTuple):
    """An account that is open. own: the ARN that casbd acts as. iam: boto3's client."""

    id: str
    own: str
    iam: Any


def check(options: AwsOptions) -> None:
    """Raise Mistakes where boto3 is not installed, or the secret cannot be read."""
    if find_spec("boto3") is None:
        raise Mistakes([Mistake("the connector aws", 0, 0, "needs boto3", "pip install 'casbd[aws]'")])
    if options.secret_access_key:
        options.secret_access_key.check()


def account_of(command: GovernanceCommand) -> str | None:
    """The account that a command is about; None where it does not say. Rejected where it says two: whose user is it?"""
    of_user = arn_of(command)
    found = {of_user[0]} if of_user else set()
    if command.app_instance and _ACCOUNT.fullmatch(command.app_instance):
        found.add(command.app_instance)
    if len(found) > 1:
        raise Rejected(f"{shown(command.target)} is of account {of_user and of_user[0]}, and was seen in {command.app_instance}")
    return found.pop() if found else None


def arn_of(command: GovernanceCommand) -> tuple[str, str] | None:
    """The account and the rest of the ARN that CloudTrail names the user by; None where the command has none."""
    found = _ARN.fullmatch(command.user_id or "")
    return (found[1], found[2]) if found else None


def open_account(options: AwsOptions, command: GovernanceCommand) -> Account:
    """The account that a command is about. Rejected where the credentials are of another one."""
    wanted = account_of(command)
    session = _session(options, wanted)
    caller = _client(session, options, "sts").get_caller_identity()
    if wanted and caller["Account"] != wanted:
        raise Rejected(f"the command is about account {wanted}, and the credentials are of account {caller['Account']}")
    return Account(caller["Account"], caller["Arn"], _client(session, options, "iam"))


def _session(options: AwsOptions, account: str | None) -> Any:
    secret = options.secret_access_key.reveal() if options.secret_access_key else None
    session = _session_of(options, options.access_key_id, secret)
    if options.assume_role is None:
        return session
    if account is None and _OF_THE_COMMAND in options.assume_role:
        raise Rejected("the command does not say which account it is about, and assume_role needs one")
    external = {"ExternalId": options.external_id} if options.external_id else {}
    role = options.assume_role.replace(_OF_THE_COMMAND, account or "")
    taken = _client(session, options, "sts").assume_role(RoleArn=role, RoleSessionName="casbd", **external)["Credentials"]
    return _session_of(options, taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])


def _session_of(options: AwsOptions, *credentials: str | None) -> Any:
    import boto3  # takes 250 ms, and is an extra
    from botocore.session import Session

    core = Session()
    core.register_component("data_loader", _descriptions())
    return boto3.Session(*credentials, region_name=options.region, botocore_session=core)


@cache
def _descriptions() -> Any:
    """What reads boto3's descriptions of AWS' services, and remembers them: they take 80 ms."""
    from botocore.session import Session

    return Session().get_component("data_loader")


def _client(session: Any, options: AwsOptions, service: str) -> Any:
    from botocore.config import Config

    seconds = options.timeout / 1000
    once = {"total_max_attempts": 1}  # trying again is the dispatcher's
    return session.client(
        service, endpoint_url=options.endpoint_url, config=Config(connect_timeout=seconds, read_timeout=seconds, retries=once)
    )


@contextmanager
def told() -> Iterator[None]:
    """What boto3 raises, as Retry where it may pass by itself and Rejected where it will not."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _meant(error) from None
    except ParamValidationError as error:
        raise Rejected(_short(error)) from None
    except ResponseParserError:  # a page of a proxy; its text would quote it
        raise Retry("AWS: the answer is none of AWS") from None
    except (BotoCoreError, Mistakes) as error:  # no connection, no credentials yet
        raise Retry(_short(error)) from None


def _meant(error: ClientError) -> Retry | Rejected:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    passing = _PASSING.search(code) or status == 429 or status >= 500
    return (Retry if passing else Rejected)(f"AWS: {_short(error)}")


def _short(error: Exception) -> str:
    return cut(single_line(str(error)), _MOST_OF_REASON)
