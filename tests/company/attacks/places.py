"""Attacks that show by where they come from."""

from collections.abc import Iterator

from company.attacks.stage import LINUX, MINUTE, NEVER, PYTHON, Scene, attack, been, over
from company.shapes.written import Record, Where
from company.world import CITIES, kilometres


def _works(scene: Scene, user: str, where: Where, begin: int, count: int) -> Iterator[Record]:
    """Logs on and looks around."""
    m365 = scene.s.m365
    yield m365.sign_in(begin, user, where)
    for n, time in enumerate(scene.times(begin + MINUTE, count, 70)):
        if n % 2:
            yield m365.mail(time, user, where, "MailItemsAccessed", items=scene.random.randrange(1, 9))
        else:
            yield m365.file(time, user, where, "FileAccessed", f"Finance1/Documents/Contract {n}.docx")


@attack("impossible travel", "impossible-travel")
def impossible_travel(scene: Scene) -> Iterator[Record]:
    """Loud: from the other end of the world, while the owner works. Quiet: a city that lies some hours' drive away, forty minutes later."""
    person, day = scene.victim(lambda one: not one.own_vpn)
    begin = scene.at(person, day, 10, 14)
    own = scene.s.pc(person, begin, alone=True)
    yield scene.s.m365.sign_in(begin, person.upn, own)  # the owner
    yield scene.s.m365.mail(begin + MINUTE, person.upn, own, "MailItemsAccessed", items=2)
    if scene.loud:
        where = scene.far(person)
    else:
        near = [city for city in CITIES.values() if 600 < kilometres(person.city, city) < 2500 and city.country not in been(person)]
        where = scene.from_(scene.s.world.residential(scene.random.choice(near), 1), own.agent)
    where = scene.with_device(person, day, where)
    yield from _works(scene, person.upn, where, begin + (20 if scene.loud else 40) * MINUTE, 12 if scene.loud else 4)


@attack("infrequent country", "activity-from-infrequent-country", "impossible-travel")
def infrequent_country(scene: Scene) -> Iterator[Record]:
    """By night, hours from the owner's last log on, from a country where neither the person nor any colleague has been."""
    person, day = scene.victim(lambda one: not one.works_late and one.shift[1] < 19)
    where = scene.with_device(person, day, scene.far(person, LINUX if scene.loud else scene.s.agent(person, day)))
    yield from _works(scene, person.upn, where, scene.s.calendar.at(day, 26.5, person.city), 20 if scene.loud else 3)


@attack("country new to the organization", "activity-from-infrequent-country", "country-new-to-the-organization", "impossible-travel")
def new_country(scene: Scene) -> Iterator[Record]:
    """To somebody who travels a lot, so that one more country alone is nothing."""
    person, day = scene.victim(lambda one: len({trip.city.country for trip in one.trips}) >= (1 if scene.loud else 2))
    where = scene.with_device(person, day, scene.far(person, scene.s.agent(person, day), places=NEVER))
    yield from _works(scene, person.upn, where, scene.s.calendar.at(day, 27, person.city), 10 if scene.loud else 2)


@attack("anonymous address", "activity-from-anonymous-ip", "activity-from-suspicious-ip")
def anonymous(scene: Scene) -> Iterator[Record]:
    person, day = scene.victim()
    where = scene.from_(scene.s.tor())
    yield from _works(scene, person.upn, where, scene.at(person, day), 15 if scene.loud else 1)


@attack("suspicious address", "activity-from-suspicious-ip")
def suspicious(scene: Scene) -> Iterator[Record]:
    person, day = scene.victim()
    where = scene.from_(scene.s.risky(), PYTHON)
    yield from _works(scene, person.upn, where, scene.at(person, day), 15 if scene.loud else 1)


@attack("one session, two networks", "session-used-from-two-networks", "impossible-travel")
def stolen_token(scene: Scene) -> Iterator[Record]:
    """The cookie of a session is used elsewhere, without any log on; quiet: in the same country, with the same browser."""
    person, day = scene.victim(lambda one: not one.own_vpn)
    begin = scene.at(person, day, 10, 14)
    own = scene.s.pc(person, begin)
    if scene.loud:
        where = scene.far(person, PYTHON, own.session)
    else:
        where = scene.from_(scene.s.world.hosting(scene.s.world.capital(person.city.country), 4), own.agent, own.session)
    m365 = scene.s.m365
    for n, time in enumerate(scene.times(begin, 18, 90)):
        yield m365.file(time, person.upn, own, "FileAccessed" if n % 2 else "FileModified", f"Sales1/Documents/Own {n}.docx")
        if n % (2 if scene.loud else 4) == 1:
            yield m365.mail(time + 20_000, person.upn, where, "MailItemsAccessed", items=4)


@attack("first legacy protocol", "legacy-protocol-first-use", "first-use-of-a-legacy-protocol")
def legacy(scene: Scene) -> Iterator[Record]:
    """Loud: IMAP from a server abroad. Quiet: once, from a line in the same country."""
    person, day = scene.victim(lambda one: "imap" not in one.roles)
    begin = over(scene.s.calendar.at(day, 20, person.city), scene.random.random())
    quiet = scene.s.world.residential(person.city, 3)
    where = scene.host(None, "BAV2ROPC") if scene.loud else scene.from_(quiet, "BAV2ROPC")
    yield scene.s.m365.sign_in(begin, person.upn, where, request="OAuth2:Token")
    imap = where._replace(agent="Client=POP3/IMAP4;Protocol=IMAP4")
    for time in scene.times(begin + 4000, 12 if scene.loud else 2, 40):
        yield scene.s.m365.mail(time, person.upn, imap, "MailItemsAccessed", items=10)
