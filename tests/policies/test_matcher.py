import itertools

from casbd.counting.repeated import Repeated
from casbd.filters.compile import compile_filter
from casbd.filters.condition_text import parse_condition
from casbd.filters.tree import AllOf, AnyOf, Condition, NoneOf
from casbd.model.activity import Activity, ActivityObject
from casbd.policies.asking import Asking
from casbd.policies.conditions_by_value import required
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy


def all_of(*texts):
    return AllOf(tuple(parse_condition(text) for text in texts))


def any_of(*nodes):
    return AnyOf(tuple(parse_condition(node) if isinstance(node, str) else node for node in nodes))


def matcher(**filters):
    return Matcher(
        [Policy(id=name, name=name, filters=parse_condition(node) if isinstance(node, str) else node) for name, node in filters.items()]
    )


def ids(found):
    return [policy.id for policy in found]


def test_no_policies_match_nothing():
    assert Matcher([]).match(Activity()) == ()


def test_policies_come_in_the_order_of_their_ids():
    many = matcher(c="app eq Okta", a="user eq x", b="activity_type eq Log on", d="city isset false")
    assert ids(many.match(Activity(activity_type="log on", app="OKTA", user="X"))) == ["a", "b", "c", "d"]


def test_a_policy_that_is_not_enabled_is_not_asked():
    assert Matcher([Policy(id="a", name="", filters=parse_condition("app eq x"), enabled=False)]).match(Activity(app="x")) == ()


def test_simulated_policies_match():
    assert ids(Matcher([Policy(id="a", name="", filters=parse_condition("app eq x"), mode="simulate")]).match(Activity(app="x"))) == ["a"]


def test_the_same_operation_with_another_user_type():
    one = matcher(a=all_of("action_type eq Set-Mailbox", "user_type neq System"))
    for _ in range(2):
        assert ids(one.match(Activity(action_type="set-mailbox", user_type="Admin"))) == ["a"]
        assert ids(one.match(Activity(action_type="set-mailbox", user_type="System"))) == []
        assert ids(one.match(Activity(action_type="set-mailbox"))) == ["a"]


def test_policies_in_a_table_by_value():
    many = matcher(**{f"p{number}": f"user eq u{number},shared" for number in range(20)})
    assert ids(many.match(Activity(user="U7"))) == ["p7"]
    assert len(many.match(Activity(user="shared"))) == 20
    assert many.match(Activity(user="other")) == many.match(Activity()) == ()


def test_a_list_that_holds_several_values_of_a_policy_finds_it_once():
    many = matcher(**{f"p{number}": "user_groups eq a,b" for number in range(4)})
    assert ids(many.match(Activity(user_groups=("A", "b", "c")))) == ["p0", "p1", "p2", "p3"]


def test_records_may_name_any_operation():
    many = matcher(a="action_type startswith op", b="app eq x")
    for number in range(20_000):
        assert ids(many.match(Activity(action_type=f"Op{number}"))) == ["a"]
    assert len(many._remembered) <= 8192
    assert ids(many.match(Activity(action_type="op" * 100_000, app="X"))) == ["a", "b"]

    assert one_sign(many, "user") is None


def test_policies_of_hundreds_of_groups_and_users():
    """Their signs make too many combinations to remember them: from then on they are asked."""
    many = matcher(**{f"g{n}": f"user_groups eq g{n}" for n in range(100)}, **{f"u{n}": f"user eq u{n}" for n in range(100)})
    assert one_sign(many, "user") == 100
    for n in range(100):
        for m in range(100):
            assert ids(many.match(Activity(user=f"U{m}", user_groups=(f"g{n}",)))) == sorted([f"g{n}", f"u{m}"])
    assert many._signed == {}
    assert len(many._remembered) < 10


def test_invented_operations_do_not_cost_the_signs():
    many = matcher(a="action_type startswith op", b="user eq x")
    for number in range(20_000):
        assert ids(many.match(Activity(action_type=f"Op{number}", user="X" if number % 2 else "y"))) == (
            ["a", "b"] if number % 2 else ["a"]
        )
    assert one_sign(many, "user") == 1
    assert len(many._remembered) <= 8192


def test_long_values_in_ever_new_combinations_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("casbd.policies.matcher._REMEMBERED", 64)
    many = matcher(**{f"p{n}": f"user_agent substring w{n:02}" for n in range(10)})
    for number in range(1024):
        words = [f"w{n:02}" for n in range(10) if number >> n & 1]
        found = many.match(Activity(action_type="x" * 600, user_agent=" ".join(words)))
        assert ids(found) == [f"p{int(word[1:])}" for word in words]
    assert many._compiler.compiled <= 64


def test_what_decides_more_than_one_field_is_remembered_by_all_of_them(monkeypatch):
    """Also where little is remembered, and again after it was forgotten."""
    monkeypatch.setattr("casbd.policies.remaining.MOST_REMEMBERED", 3)
    one = matcher(
        a=any_of(
            all_of("app eq Okta", "user startswith a", "object_name contains x"), all_of("result eq failure", "object_name contains y")
        ),
        b=all_of("app neq Okta", "user neq anna", "object_name contains x"),
    )
    for _ in range(2):
        for app, user, result, name in itertools.product(["Okta", "box"], ["anna", "arne", "bob"], ["success", "failure"], "xy"):
            activity = Activity(app=app, user=user, result=result, object_name=name, city="Oslo")
            assert ids(one.match(activity)) == [p.id for p in one.policies if compile_filter(p.filters, now=lambda: 0)(activity)]
            assert len(one._remaining._remembered) <= 3


def test_what_long_values_decide_is_not_remembered():
    one = matcher(a=all_of("action_type startswith x", "object_name contains x"))
    for length in (400, 600):
        assert ids(one.match(Activity(action_type="x" * length, object_name="x"))) == ["a"]
    assert len(one._remaining._remembered) == 1


def test_a_condition_on_whoever_was_acted_on_is_no_sign_of_the_user():
    one = matcher(a=Condition("user", "eq", ("x",), role="any"), b="user eq y")
    assert one_sign(one, "user") == 1
    acted_on = (ActivityObject(None, "x", "User", "target"),)
    assert [ids(one.match(Activity(user=user, objects=things))) for user in "xyz" for things in ((), acted_on)] == [
        ["a"], ["a"], ["b"], ["a", "b"], [], ["a"],
    ]  # fmt: skip


def one_sign(matcher, field):
    """On how many conditions a field's sign tells; None where it has none."""
    return len(matcher._signed[field]) if field in matcher._signed else None


def test_raw_is_decoded_for_each_activity():
    one = matcher(a="raw.a eq 1", b="raw.a eq 2")
    assert [ids(one.match(Activity(raw=raw))) for raw in ('{"a":1}', '{"a":2}', "", '{"a":1}')] == [["a"], ["b"], [], ["a"]]


def test_within_days_asks_the_clock_each_time():
    moment = 10 * 86_400_000
    one = Matcher([Policy(id="a", name="", filters=parse_condition("timestamp within_days 1"))], now=lambda: moment)
    activity = Activity(timestamp=moment)
    assert ids(one.match(activity)) == ["a"]
    moment += 86_400_001
    assert ids(one.match(activity)) == []


def test_what_an_activity_must_have():
    assert required(parse_condition("app eq A,b")) == {"app": {"a", "b"}}
    assert required(parse_condition("app neq A")) == {}
    assert required(parse_condition("app startswith A")) == {}
    assert required(parse_condition("raw.app.id eq A")) == {("app", "id"): {"a"}}
    assert required(all_of("app eq a,b", "app eq a", "user eq c")) == {"app": {"a"}, "user": {"c"}}
    assert required(any_of("app eq a", all_of("app eq b", "user eq c"))) == {"app": {"a", "b"}}
    assert required(any_of("app eq a", "user eq b")) == {}
    assert required(NoneOf((parse_condition("app eq a"),))) == {}


def test_policies_that_count_by_other_fields_count_each_its_own():
    """Those that count by the same are told once whose it is."""
    counted = {
        "user": Repeated(repeated=2, within=1),
        "user again": Repeated(repeated=3, within=1, unique="city"),
        "address": Repeated(repeated=2, within=1, by=("ip_address",)),
        "each app": Repeated(repeated=2, within=1, single_app=True),
        "nobody": Repeated(repeated=2, within=1, by=("country",)),
    }
    policies = [Policy(id=name, name=name, filters=AllOf(()), match=match) for name, match in counted.items()]
    activity = Activity(user="A", ip_address="203.0.113.7", app="Okta", city="Oslo")
    asked = Matcher(policies)
    ((_, ids, found),) = Asking(asked).ask([activity])
    assert dict(zip(ids, found, strict=True)) == {policy.id: asked.counted(policy, activity) for policy in policies}
    assert dict(zip(ids, found, strict=True))["user again"] == ((found[ids.index("user")][0][0], "oslo"),)
    assert len({found[ids.index(name)] for name in ("user", "address", "each app", "nobody")}) == 4
