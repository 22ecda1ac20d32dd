"""Pseudonyms: stable, the same for the same person, and nothing of a name left in any text."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.pseudonyms import NONE, USER, Pseudonyms
from casbd.records import addresses

KEY = b"0123456789abcdef"
BOTH = Pseudonyms(("user", "ip_address"), KEY)
ANNA, IP = "anna.berg@contoso.com", "203.0.113.7"
OWN = BOTH.user(ANNA)

names = st.text(st.sampled_from("bcdghjkqvwxz.-_"), min_size=1, max_size=8).map(lambda text: f"j{text}j")
users = st.one_of(
    st.builds("{}@{}.com".format, names, st.sampled_from(("contoso", "fabrikam"))),
    st.builds("CONTOSO\\{}".format, names),
    names,
    st.builds("{} {}".format, names, names),
)
ips = st.one_of(
    st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda ip: addresses.parse(str(ip)).ip).filter(lambda ip: ip != "::")
)
spelt = st.sampled_from((str, str.upper, lambda name: name.replace("@", "%40"), lambda name: name.replace("@", "\\u0040")))


@st.composite
def activities(draw):
    user, ip, other = draw(users), draw(ips), draw(users.filter(lambda name: "@" in name))
    spell = draw(spelt)
    text = f"{spell(user)} from {ip}, ({spell(other)}) 'to' [{ip}]"
    record = {
        "UserId": spell(user),
        user: {"to": [other, ip]},
        "text": text,
        "inner": json.dumps({"a": text}),
        "n": 12.5,
        "b": [True, None],
    }
    return Activity(
        timestamp=1,
        user=user,
        user_display_name=draw(st.none() | names),
        user_id=draw(st.none() | st.integers(100, 10**12).map(str)),
        ip_address=ip,
        objects=(ActivityObject("7e57", text, "File"), ActivityObject(None, other, "User", "target")),
        object_name=text,
        result_detail=text,
        user_agent="Mozilla/5.0 Chrome/120.0.0.0",
        raw=json.dumps(record, ensure_ascii=draw(st.booleans())),
    ), other


def texts(activity):
    return json.dumps(
        [activity.user, activity.user_id, activity.user_display_name, activity.object_name, activity.result_detail]
    ) + json.dumps([[thing.id, thing.name] for thing in activity.objects])


@given(activities())
def test_nothing_of_a_name_is_left(one):
    activity, other = one
    new = BOTH.activity(activity)
    everything = (texts(new) + activity_text(json.loads(new.raw))).casefold()
    for name in (activity.user, activity.user_display_name, other, activity.user.rpartition("\\")[2]):
        assert name is None or name.casefold() not in everything
    assert activity.ip_address not in [new.ip_address, *json.loads(new.raw).values()]
    assert f"[{activity.ip_address}]" not in everything
    assert new.user_agent == activity.user_agent
    assert (json.loads(new.raw)["n"], json.loads(new.raw)["b"]) == (12.5, [True, None])
    assert BOTH.activity(new) == new
    assert Pseudonyms(("user", "ip_address"), KEY).activity(activity) == new


def activity_text(value):
    if isinstance(value, dict):
        return " ".join(f"{activity_text(key)} {activity_text(one)}" for key, one in value.items())
    if isinstance(value, list):
        return " ".join(map(activity_text, value))
    return str(value)


@given(st.text())
def test_other_texts_stay(text):
    if "@" not in text and "%40" not in text and ":" not in text:
        assert Pseudonyms(("user",), KEY).text(text) == text
        raw = json.dumps({"a": text})
        assert Pseudonyms(("user",), KEY).record(raw) == raw


def test_the_form_of_a_pseudonym():
    assert USER.fullmatch(OWN)
    assert BOTH.user("Anna.Berg@Contoso.COM") == OWN
    assert BOTH.user(OWN) == OWN
    ip = BOTH.address(IP)
    assert (ip[:2], addresses.parse(ip).ip) == ("fd", ip)
    assert BOTH.address(ip) == ip
    assert BOTH.address(f"::ffff:{IP}") == ip
    assert BOTH.address("fd00::1") not in ("fd00::1", ip)
    other = Pseudonyms(("user", "ip_address"), KEY[::-1])
    assert other.user(ANNA) != OWN
    assert other.address(IP) != ip
    assert [BOTH.is_pseudonym(one) for one in (OWN, ip, ANNA, IP, "fd00::1")] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"x {ANNA} y", f"x {OWN} y"),
        ("u=anna.berg%40contoso.com&b", f"u={OWN}&b"),
        ("https://c.sharepoint.com/personal/anna_berg_contoso_com/x", f"https://c.sharepoint.com/personal/{OWN}/x"),
        ("/personal/bob_contoso_com/x", f"/personal/{BOTH.user('bob_contoso_com')}/x"),
        ("CONTOSO\\anna.berg logged on", f"CONTOSO\\{OWN} logged on"),
        ("o'brien@fabrikam.co.uk", BOTH.user("o'brien@fabrikam.co.uk")),
        ("a_gmail.com#EXT#@contoso.com", BOTH.user("a_gmail.com#EXT#@contoso.com")),
        ("Chrome/120.0.0.0", "Chrome/120.0.0.0"),
        (f"sessions/{IP}", f"sessions/{BOTH.address(IP)}"),
        ("10:30:45", "10:30:45"),
        ("a::b std::string lodash@4.17", f"{BOTH.address('a::b')} std::string lodash@4.17"),
        (f"from {IP}:443.", f"from {BOTH.address(IP)}:443."),
        ("2001%3Adb8%3A%3A1", BOTH.address("2001:db8::1")),
        ("IsAdmin", "IsAdmin"),
        ("%61nna%2Eberg%40contoso%2Ecom", OWN),
        ("anna.berg%2540contoso.com", OWN),
        ("u=anna%25252Eberg%2525252540contoso.com&v=a%20b", f"u={OWN}&v=a%20b"),
        ("u=bob%2540fabrikam.com", f"u={quote(BOTH.user('bob@fabrikam.com'))}"),
        ("x%2Fbob%2Ek%40fabrikam%2Ecom", f"x%2F{BOTH.user('bob.k@fabrikam.com')}"),
        ("anna.berg&#64;contoso.com", OWN),
        ("anna.berg&#x40;contoso.com", OWN),
        ("anna.berg&commat;contoso.com", OWN),
        ("\\u0061nna.berg\\u0040contoso.com", OWN),
        ("ip=203%2E0%2E113%2E7&x", f"ip={BOTH.address(IP)}&x"),
        ("2001%253Adb8%253A%253A1", BOTH.address("2001:db8::1")),
        ("Failed password for anna.berg from x", f"Failed password for {OWN} from x"),
        ("ANNA.BERG logged in", f"{OWN} logged in"),
        ("user=anna.berg;", f"user={OWN};"),
        ("Anna Berg shared it", f"{OWN} shared it"),
        ("Anna%20Berg", OWN),
        ("AnnaBerg: hello", f"{OWN}: hello"),
        ("Berg, Anna", OWN),
        ("anna.bergs", "anna.bergs"),
        ("joanna.berg", "joanna.berg"),
        ("Annabergen", "Annabergen"),
        ("100%25 a%20b &amp; &#64; %zz", "100%25 a%20b &amp; &#64; %zz"),
    ],
)
def test_texts(text, expected):
    assert BOTH.activity(Activity(user=ANNA, ip_address=IP, result_detail=text)).result_detail == expected


def test_the_keys_of_a_record():
    keys = (ANNA, "anna.berg", "Anna Berg", "anna.berg%2540contoso.com", IP, "x anna.berg")
    for key in keys:
        new = BOTH.activity(Activity(user=ANNA, ip_address=IP, raw=json.dumps({"a": {key: {key: 1}}})))
        assert "anna" not in new.raw.casefold()
        assert IP not in new.raw


@pytest.mark.parametrize("word", ["admin", "root", "info"])
def test_what_is_a_word_of_any_message_stays_one(word):
    new = BOTH.activity(Activity(user=f"{word}@contoso.com", result_detail=f"as {word} by {word}@contoso.com, C\\{word}"))
    own = BOTH.user(f"{word}@contoso.com")
    assert new.result_detail == f"as {word} by {own}, C\\{own}"


@given(names.map(lambda name: f"{name}q@contoso.com"), st.integers(1, 4), st.booleans())
def test_no_layer_of_escapes_hides_a_name(user, layers, everything):
    text = "".join(f"%{ord(letter):02x}" for letter in user) if everything else user
    for _ in range(layers):
        text = quote(text, safe="")
    found = BOTH.activity(Activity(user=user, result_detail=f"to={text}&", raw=json.dumps({"a": [text, f"b {text}"]})))
    assert found.result_detail == f"to={BOTH.user(user)}&"
    assert json.loads(found.raw) == {"a": [BOTH.user(user), f"b {BOTH.user(user)}"]}


def test_numbers_in_the_record():
    new = BOTH.activity(Activity(user="octocat", user_id="583231", raw='{"actor_id":583231,"n":5832310,"t":1.50}'))
    assert new.raw == f'{{"actor_id":"{BOTH.user("octocat")}","n":5832310,"t":1.50}}'


def test_a_name_cannot_break_the_record():
    for name in ('"', '","a":"', "true", "{}", "\\", "}"):
        json.loads(BOTH.activity(Activity(user=name, raw=json.dumps({"user": name, "b": True}))).raw)


@pytest.mark.parametrize(("fields", "kept"), [(("user",), IP), (("ip_address",), ANNA), ((), f"{ANNA} {IP}")])
def test_only_what_is_asked_for(fields, kept):
    some = Pseudonyms(fields, KEY)
    activity = Activity(user=ANNA, ip_address=IP, raw=json.dumps({"a": f"{ANNA} {IP}"}))
    assert kept in some.activity(activity).raw
    assert (some.activity(activity).user == ANNA, some.activity(activity).ip_address == IP) == (ANNA in kept, IP in kept)
    assert NONE.activity(activity) is activity


def test_alerts_and_commands():
    alert = Alert(
        alert_id="1",
        policy_id="p",
        policy_name="P",
        policy_type="activity",
        severity="low",
        user="root",
        ip_address=IP,
        title=f"P: root, {IP}",
    )
    new = BOTH.alert(alert)
    assert (new.user, new.ip_address, new.title) == (BOTH.user("root"), BOTH.address(IP), f"P: {BOTH.user('root')}, {BOTH.address(IP)}")
    assert BOTH.alert(new) == new
    assert replace(new, user="root", ip_address=IP, title=alert.title) == alert
    command = GovernanceCommand(command_id="1", action="suspend_user", connector="c", target=ANNA, status="queued", reason=f"P: {ANNA}")
    assert (BOTH.command(command).target, BOTH.command(command).reason) == (OWN, f"P: {OWN}")


def test_all_who_are_named_in_evidence():
    alert = Alert(
        alert_id="1",
        policy_id="p",
        policy_name="P",
        policy_type="activity",
        severity="low",
        ip_address=IP,
        evidence=f"5 failed log ons by 3 users (bert.holm, {ANNA} and root) from {IP}",
        named=("bert.holm", "root"),
    )
    new = BOTH.alert(alert)
    bert, root = BOTH.user("bert.holm"), BOTH.user("root")
    assert new.evidence == f"5 failed log ons by 3 users ({bert}, {OWN} and {root}) from {BOTH.address(IP)}"
    assert new.named == (bert, root)
    assert BOTH.alert(new) == new


@pytest.mark.parametrize(
    "text",
    [
        "a." * 50_000,
        "a'" * 50_000,
        "::" * 50_000,
        "a@" * 50_000,
        "a@" + "b." * 50_000,
        "1.1." * 50_000,
        "%40" * 50_000,
        "%2525" * 50_000,
        "&#64;" * 50_000,
        "\\u0040" * 50_000,
        "&" * 100_000,
    ],
)
def test_a_long_text_takes_no_more_than_its_length(text):
    BOTH.text(text)
