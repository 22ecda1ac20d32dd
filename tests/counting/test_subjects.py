"""Who or what activities are counted of."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.counting.each import Each
from casbd.counting.repeated import Repeated
from casbd.counting.subjects import different, folded, subject, subjects
from casbd.habits.unusual import Unusual
from casbd.model.activity import Activity
from casbd.policies.loading import load_file
from casbd.records.record_path import RawReader


class TestSubject:
    ACTIVITY = Activity(
        user="Ann@Example.com",
        app="Okta",
        ip_address="192.0.2.7",
        asn=5,
        user_groups=("b", "A"),
        is_impersonated=False,
        raw='{"who": {"arn": "arn:X"}, "groups": ["b", "A"], "empty": ""}',
    )

    @pytest.mark.parametrize(
        ("by", "single_app", "expected"),
        [
            ("user", False, "ann@example.com"),
            ("asn", False, "5"),
            ("is_impersonated", False, "false"),
            ("[user, ip_address]", False, '["ann@example.com", "192.0.2.7"]'),
            ("user", True, '["ann@example.com", "okta"]'),
            ("user_groups", False, '["a", "b"]'),
            ("city", False, None),
            ("[user, city]", False, None),
            ("raw.who.arn", False, "arn:x"),
            ("raw.groups", False, '["a", "b"]'),
            ("raw.empty", False, None),
            ("raw.nobody", False, None),
        ],
    )
    def test_by(self, by, single_app, expected):
        assert subject(counting(by, single_app), self.ACTIVITY, RawReader()) == expected

    def test_an_unknown_app_is_an_app_of_its_own(self):
        assert subject(counting("user", True), Activity(user="a@b.com"), RawReader()) == '["a@b.com", null]'

    @pytest.mark.parametrize("by", ["user", "user_id", "[user, country]", "[country, user_id]"])
    @pytest.mark.parametrize("single_app", [False, True])
    def test_two_tenants_bobs_are_two(self, by, single_app):
        def of(**fields):
            return subject(counting(by, single_app), Activity(**{"country": "NO", "app": "AWS"} | fields), RawReader())

        bobs = [of(user="bob", user_id="1001", app_instance=instance) for instance in ("1", "2", None)]
        bobs += [of(user="bob", user_id="1001", app=app) for app in ("GitHub", None)]
        assert len({*bobs}) == 5
        assert of(user="BOB", user_id="1001", app_instance="a", app="aws") == of(user="bob", user_id="1001", app_instance="A")

    @pytest.mark.parametrize(
        "user", ["ANN@example.com", "ann@example.com.", "a\u200bnn@example.com", "ann_example.com#EXT#@x.onmicrosoft.com"]
    )
    def test_an_address_is_one_person_in_all_apps(self, user):
        match = counting("user")
        assert subject(match, Activity(user=user, app="AWS", app_instance="1"), RawReader()) == "ann@example.com"
        assert different("user", Activity(user=user, app="Okta"), RawReader()) == "ann@example.com"

    def test_an_objects_id_is_one_in_all_apps(self):
        one, other = "6CDF381D-5eef-4ab2-be3d-07780fcc4b5d", "6cdf381d-5eef-4ab2-be3d-07780fcc4b5d"
        match = counting("user_id")
        assert subject(match, Activity(user_id=one, app="x"), RawReader()) == subject(match, Activity(user_id=other, app="y"), RawReader())

    @pytest.mark.parametrize(
        ("session", "made_by_a_program"),
        [
            ("botocore-session-1789012345", True),
            ("aws-go-sdk-1790343213179119708", True),
            ("1789012345678", True),
            ("i-0abc12345678def01", True),
            ("AWSCodeBuild-5F0C3B1E-7d1a-4c43-8a55-000000000001", True),
            ("0123456789abcdef0123456789abcdef", True),
            ("GitHubActions", False),
            ("anna.berg", False),
            ("20481234", False),  # an employee's number
            ("wifi-0abc12345678def01", False),
            ("i-0abc", False),
        ],
    )
    def test_a_session_that_a_program_named_is_its_roles_where_amounts_are_unusual(self, session, made_by_a_program):
        of = {kind: self.of_session(kind, f"deploy/{session}") for kind in (AMOUNTS, counting("user"))}
        assert of[AMOUNTS] == ('["deploy/*", "aws", "1"]' if made_by_a_program else of[counting("user")])
        assert session.casefold() in of[counting("user")]
        assert session.casefold() in (self.of_session(AMOUNTS, session) or "")  # no role, no session
        assert session.casefold() in (self.of_session(AMOUNTS, f"deploy/{session}", app="GitHub") or "")

    @staticmethod
    def of_session(match, user, app="AWS"):
        activity = Activity(user=user, app=app, app_instance="1")
        assert subjects(match, RawReader())(activity) == subject(match, activity, RawReader())
        return subject(match, activity, RawReader())

    def test_no_value_can_pass_for_two(self):
        match = counting("[user, city]")
        one = subject(match, Activity(user='a", "b', city="c"), RawReader())
        other = subject(match, Activity(user="a", city='b", "c'), RawReader())
        assert one != other


AMOUNTS = Unusual(unique=None, session=1, at_least=1, learning=1)


def counting(by, single_app=False):
    text = (
        f"name: x\nfilters: {{user: {{isset: true}}}}\nmatch: {{repeated: 2, within: 1m, by: {by}, single_app: {str(single_app).lower()}}}"
    )
    return load_file(Path("x.yaml"), None, text).match


@pytest.mark.parametrize(("value", "expected"), [("ÄB", "äb"), (None, None), ((), None), (1.5, "1.5"), (True, "true")])
def test_a_value_as_text(value, expected):
    assert folded(value) == expected


BY = ("user", "user_id", "ip_address", "country", "user_groups", "is_admin_operation", "asn", "raw.who")
TEXTS = st.sampled_from((None, "", "bob", "Bob", "a@contoso.com", "A@contoso.com ", "x" * 600, "\ud800"))


@given(
    by=st.lists(st.sampled_from(BY), min_size=1, max_size=3, unique=True),
    kind=st.sampled_from((Repeated, Each)),
    single_app=st.booleans(),
    activities=st.lists(
        st.builds(
            Activity,
            *(st.just(0), st.just("1"), st.just("Log on"), st.none()),
            *(TEXTS for _ in range(4)),
            ip_address=TEXTS,
            country=TEXTS,
            user_groups=st.sampled_from(((), ("a",), ("b", "A"))),
            is_admin_operation=st.sampled_from((None, True, False)),
            asn=st.sampled_from((None, 0, 1)),
            raw=st.sampled_from(("{}", '{"who": "x"}')),
        ),
        max_size=6,
    ),
)
def test_remembered_it_is_the_same_subject(by, kind, single_app, activities):
    match, reader = kind(repeated=1, within=1, by=tuple(by), single_app=single_app), RawReader()
    remembered = subjects(match, reader)
    for activity in (*activities, *activities):
        assert remembered(activity) == subject(match, activity, reader)
