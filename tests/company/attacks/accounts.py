"""Attacks on passwords, factors and accounts that nobody uses."""

from collections.abc import Iterator

from company.attacks.stage import LINUX, MINUTE, PYTHON, Scene, attack, over
from company.people import DOMAIN
from company.shapes.written import Record
from company.world import CITIES

WRONG = "InvalidUserNameOrPassword"


@attack("failed log ons", "multiple-failed-log-ons")
def guesses(scene: Scene) -> Iterator[Record]:
    """Loud: two hundred passwords in some minutes. Quiet: one each few minutes over a night, from several addresses of one provider."""
    person, day = scene.victim()
    city = CITIES[scene.random.choice(("Bucharest", "Moscow", "Hong Kong"))]
    places = [scene.from_(scene.s.world.hosting(city, 3), PYTHON) for _ in range(1 if scene.loud else 3)]
    begin = scene.s.calendar.at(day, 23, person.city)
    for n, time in enumerate(scene.times(begin, 200, 3) if scene.loud else scene.times(begin, 60, 360)):
        yield scene.s.m365.sign_in(time, person.upn, places[n % len(places)], error=WRONG)


@attack("password spray that succeeds", "password-spray", "password-spray-succeeded", "password-spray-with-success")
def spray(scene: Scene) -> Iterator[Record]:
    """Few tries each on many; one fits. Loud: from one address within the hour. Quiet: a dozen people in ten hours, from three."""
    person, day = scene.victim()
    others = [one for one in scene.s.people if one.is_there(day) and one.department != "Partner" and one is not person]
    others = scene.random.sample(others, min(len(others), 40 if scene.loud else 14))
    city = CITIES[scene.random.choice(("Bucharest", "Moscow", "Amsterdam"))]
    places = [scene.from_(scene.s.world.hosting(city, 5), LINUX) for _ in range(1 if scene.loud else 3)]
    begin = scene.s.calendar.at(day, 13 if scene.loud else 8, person.city)
    times = scene.times(begin, len(others), 80 if scene.loud else 2400)
    hit = len(others) * 2 // 3
    for n, (one, time) in enumerate(zip(others, times, strict=True)):
        scene.users.add(one.upn)
        for k in range(1 + (scene.loud and n % 3 == 0)):
            yield scene.s.m365.sign_in(time + k * 4000, one.upn, places[n % len(places)], error=WRONG)
        if n == hit:
            where = places[(n + 1) % len(places)]
            yield scene.s.m365.sign_in(time + 20_000, person.upn, where, error=WRONG)
            yield scene.s.m365.sign_in(time + 25_000, person.upn, where)
            yield scene.s.m365.mail(time + 50_000, person.upn, where, "MailItemsAccessed", items=20)


@attack("failures of an address range", "failures-from-an-address-range", "password-spray")
def range_of_addresses(scene: Scene) -> Iterator[Record]:
    """Many addresses of one network try names, some of them of nobody. Quiet: forty tries in a day."""
    _, day = scene.victim()
    scene.users.clear()
    city, count = CITIES[scene.random.choice(("Hong Kong", "Lagos", "Bogota"))], 300 if scene.loud else 40
    network = scene.s.world.hosting(city, 1)
    people = [one.upn for one in scene.s.people if one.is_there(day)]
    begin = scene.s.calendar.at(day, 6, CITIES[scene.s.parameters.cities[0]])
    for n, time in enumerate(scene.times(begin, count, 40 if scene.loud else 900)):
        name = f"info{n}@{DOMAIN}" if n % 4 == 3 else scene.random.choice(people)
        scene.users.add(name)
        error, code = ("UserAccountNotFound", "50034") if n % 4 == 3 else (WRONG, "50126")
        yield scene.s.m365.sign_in(time, name, scene.from_(network, "BAV2ROPC"), error=error, number=code, request="OAuth2:Token")


@attack("push fatigue", "push-notifications-until-one-is-accepted", "push-fatigue")
def fatigue(scene: Scene) -> Iterator[Record]:
    """Loud: a dozen requests by night. Quiet: four within half an hour, in Okta or Entra ID."""
    person, day = scene.victim()
    where = scene.far(person) if scene.loud else scene.from_(scene.s.world.residential(person.city, 2))
    begin = scene.s.calendar.at(day, 22.5, person.city)
    times = scene.times(begin, 12 if scene.loud else 4, 45 if scene.loud else 240)
    in_okta = not scene.loud and scene.random.random() < 0.5
    for time in times:
        if in_okta:
            yield scene.s.okta.event(time, person.upn, where, "user.mfa.okta_verify.deny_push", result="FAILURE")
        else:
            yield scene.s.m365.sign_in(time, person.upn, where, error="UserDeclinedAuthentication", number="500121")
    end = times[-1] + 2 * MINUTE
    if in_okta:
        yield scene.s.okta.event(end, person.upn, where, "user.authentication.auth_via_mfa")
        yield scene.s.okta.event(end + 1000, person.upn, where, "user.session.start")
    else:
        yield scene.s.m365.sign_in(end, person.upn, where)


@attack("dormant account", "dormant-account-active")
def dormant(scene: Scene) -> Iterator[Record]:
    """An account of somebody who is long away, or a test account of old that last worked in the first week."""
    last = scene.s.calendar.days - 4
    if scene.loud:
        name, when = f"test.old@{DOMAIN}", last
    else:
        name, when = f"room.projector@{DOMAIN}", last - 3
    scene.users.add(name)
    city = CITIES[scene.s.parameters.cities[0]]
    office = scene.s.pc(scene.s.people[0], scene.s.calendar.at(1, 10, city), alone=True)
    for day in (1, 2, 3):  # before it fell asleep; not the attacker's
        scene.stage.innocent.append(scene.s.m365.sign_in(scene.s.calendar.at(day, 10, city), name, office))
    where = scene.host() if scene.loud else scene.from_(scene.s.world.residential(city, 2))
    begin = scene.s.calendar.at(when, 14, city)
    yield scene.s.m365.sign_in(begin, name, where)
    for time in scene.times(over(begin, 0.1), 20 if scene.loud else 2, 60):
        yield scene.s.m365.file(time, name, where, "FileAccessed", f"Finance0/Documents/Old {time % 50}.docx")


@attack("terminated user", "activity-by-terminated-user")
def terminated(scene: Scene) -> Iterator[Record]:
    """Deleted in Entra ID, and still at work elsewhere, days later; from the usual line at home."""
    leavers = [one for one in scene.s.people if one.leaves < scene.s.calendar.days - 8 and one.upn not in scene.stage.taken]
    person = scene.random.choice(leavers) if leavers else scene.stage.dismiss(scene.random)
    scene.users.add(person.upn)
    scene.stage.taken.add(person.upn)
    day = person.leaves + (2 if scene.loud else 5)
    begin = scene.at(person, day)
    where = scene.s.pc(person, begin, alone=True)._replace(address=scene.s.home_address(person, day))
    if scene.loud:
        yield scene.s.aws.console(begin, person.upn, where)
        for n, time in enumerate(scene.times(begin + MINUTE, 20, 50)):
            yield scene.s.aws.call(time, person.upn, where, "GetObject", "s3", {"bucketName": "artifacts", "key": f"k{n}"}, read_only=True)
    else:
        yield scene.s.okta.event(begin, person.upn, where, "user.session.start")
        yield scene.s.okta.event(begin + 4000, person.upn, where, "user.authentication.sso")
