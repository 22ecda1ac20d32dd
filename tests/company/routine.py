"""A person's usual day."""

import random as randomness
from collections.abc import Iterator

from company.people import DOMAIN, Person
from company.setting import Setting
from company.shapes.written import Record
from company.world import CITIES, chance, number

_MINUTE = 60_000
OUTLOOK = "Client=OutlookService;Outlook-iOS/2.0;"


class Routine:
    """What people do every day: log on, read and write files and mail, make mistakes."""

    def __init__(self, setting: Setting) -> None:
        self._s = setting
        self._busy = setting.parameters.busy
        self._stubborn = number(setting.parameters.seed, "passwords") % 2 == 0

    def day(self, person: Person, day: int) -> Iterator[Record]:
        """One person's records of one day, in no order."""
        random = chance(self._s.parameters.seed, person.upn, day)
        if not person.is_there(day):
            if person.joins <= day <= person.leaves and person.has_phone and random.random() < 0.3:
                yield from self._phone(person, day, random, 1)  # on holiday, and still curious
            return
        worked = random.random() < 5 / 7 if person.turns else self._s.calendar.is_worked(day)
        if person.has_phone:
            yield from self._phone(person, day, random, random.randrange(1, 4) if worked else random.randrange(2))
        if worked or random.random() < person.works_late * 0.3:
            yield from self._at_work(person, day, random, 1.0 if worked else 0.2)
        yield from self._background(person, day, random)
        if (trip := person.trip(day)) and day == trip.first and trip.flight > 4 and random.random() < 0.2:
            yield from self._in_the_air(person, day)

    def _times(self, person: Person, day: int, random: randomness.Random, count: int) -> list[int]:
        """Moments of a working day; some people come back in the evening."""
        city, (begin, end) = self._s.place(person, day), person.shift
        hours = [random.triangular(begin, end, (begin + end) / 2) for _ in range(count)]
        if random.random() < person.works_late:
            hours += [random.uniform(20, 23) for _ in range(max(1, count // 8))]
        return sorted(time for hour in hours if self._s.is_on_ground(person, time := self._s.calendar.at(day, hour, city)))

    def _at_work(self, person: Person, day: int, random: randomness.Random, share: float) -> Iterator[Record]:
        s, upn, amount = self._s, person.upn, person.keen * share * self._busy * random.lognormvariate(0, 0.35)
        month_end = 2.5 if person.department == "Finance" and s.calendar.is_end_of_month(day) else 1.0
        log_ons = self._times(person, day, random, random.randrange(1, 4))
        for moment in log_ons:
            yield from self._log_on(person, moment, random)
        if not log_ons:
            return
        first = log_ons[0]
        for time in self._times(person, day, random, _poisson(random, 10 * amount * month_end)):
            time = max(time, first + _MINUTE)
            roll = random.random()
            operation = next(name for name, most in _FILES if roll < most)
            own = random.random() < 0.3
            yield s.m365.file(
                time, upn, s.pc(person, time), operation, self._file(person, random, own), own=own, **self._more(operation, random)
            )
        for time in self._times(person, day, random, _poisson(random, 7 * amount)):
            time = max(time, first + _MINUTE)
            where = s.mail(person, time)
            roll = random.random()
            operation, items = next((name, most_items) for name, most, most_items in _MAIL if roll < most)
            yield s.m365.mail(time, upn, where, operation, items=random.randint(1, items))
        if random.random() < 0.5:
            time = random.choice(log_ons) + 20 * _MINUTE
            if s.is_on_ground(person, time):
                yield s.okta.event(time, upn, s.pc(person, time), "user.session.start")
                yield s.okta.event(time + 2000, upn, s.pc(person, time), "user.authentication.sso")

    def _log_on(self, person: Person, moment: int, random: randomness.Random) -> Iterator[Record]:
        """Some mistype, some deny a prompt, some have forgotten the password."""
        s, where = self._s, self._s.pc(person, moment)
        roll, tries = random.random(), 0
        if roll < 0.05:
            tries = random.randrange(1, 3)
        elif roll < 0.056:
            tries = random.randrange(4, 9)
            if self._stubborn and number(person.upn, moment) % 4 == 0:
                tries += 6
        for n in range(tries):
            yield s.m365.sign_in(
                moment - (tries - n) * random.randrange(15, 60) * 1000, person.upn, where, error="InvalidUserNameOrPassword"
            )
        if random.random() < 0.02:
            for n in range(random.choice((1, 1, 2))):
                failed = {"error": "UserDeclinedAuthentication", "number": "500121"}
                yield s.m365.sign_in(moment - 50_000 * (n + 1), person.upn, where, **failed)
        if random.random() < 0.2:
            interrupt = {"error": "UserStrongAuthClientAuthNRequiredInterrupt", "number": "50074"}
            yield s.m365.sign_in(moment - 5000, person.upn, where, **interrupt)
        yield s.m365.sign_in(moment, person.upn, where, request=random.choice(("Login:login", "OAuth2:Authorize", "SAS:ProcessAuth")))
        if tries > 3:
            yield s.m365.directory(moment + 60_000, person.upn, where, "Change user password", person.upn)

    def _phone(self, person: Person, day: int, random: randomness.Random, count: int) -> Iterator[Record]:
        s = self._s
        for _ in range(count):
            time = s.calendar.at(day, random.triangular(6.5, 23.5, 13), s.place(person, day))
            if not s.is_on_ground(person, time):
                continue
            where = s.phone(person, time)
            if random.random() < 0.6:
                yield s.m365.sign_in(time, person.upn, where, request="OAuth2:Token", application="27922004-5251-4030-b22d-91ecd9a37ea4")
            mail = where._replace(agent=OUTLOOK)
            yield s.m365.mail(
                time + 3000, person.upn, mail, random.choice(("MailItemsAccessed", "MailItemsAccessed", "Send", "MoveToDeletedItems"))
            )

    def _in_the_air(self, person: Person, day: int) -> Iterator[Record]:
        """The aeroplane's Wi-Fi comes out wherever the satellite's ground station is."""
        s = self._s
        time = s.calendar.at(day, 8, person.city)
        where = s.pc(person, time)._replace(address=s.world.satellite().address(person.upn, day))
        yield s.m365.sign_in(time, person.upn, where)
        for n in range(4):
            yield s.m365.mail(time + n * 9 * _MINUTE, person.upn, where, "MailItemsAccessed", items=3)

    def _background(self, person: Person, day: int, random: randomness.Random) -> Iterator[Record]:
        """Services that act in the user's name from the cloud provider's addresses, and the internet that tries passwords."""
        s = self._s
        if number(person.upn, "background") % 3 == 0 and random.random() < 0.6:
            time = s.calendar.at(day, random.uniform(0, 24), person.city)
            where = s.service(f"sync {number(person.upn) % 4}", day)
            yield s.m365.file(time, person.upn, where, "FileAccessed", self._file(person, random, own=True), own=True)
            if random.random() < 0.3:
                yield s.m365.sign_in(time + 1000, person.upn, where, request="OAuth2:Token")
        if random.random() < s.parameters.noise / 7:
            time = s.calendar.at(day, random.uniform(0, 24), person.city)
            city = random.choice(_SOURCES)
            where = s.pc(person, time)._replace(
                address=s.world.hosting(CITIES[city], random.randrange(6)).address(time), session="", device=""
            )
            yield s.m365.sign_in(
                time, person.upn, where._replace(agent="BAV2ROPC"), error="InvalidUserNameOrPassword", request="OAuth2:Token"
            )

    def _file(self, person: Person, random: randomness.Random, own: bool) -> str:
        """Mostly among those that the person worked on before."""
        document = int(400 * random.random() ** 2)
        kind = ("docx", "xlsx", "pptx", "pdf", "png")[number(person.upn, document) % 5]
        where = person.name.replace(".", "_") if own else f"{person.department}{number(document, person.department) % 3}"
        folder = f"Documents/Project {document % 23}"
        return f"{where}/{folder}/{('Plan', 'Report', 'Minutes', 'Offer')[document % 4]} {document}.{kind}"

    def _more(self, operation: str, random: randomness.Random) -> dict[str, str]:
        """What the record says besides."""
        if operation == "SharingSet":
            outside = random.random() < 0.3
            to = f"client{random.randrange(40)}@partner{random.randrange(8)}.example" if outside else f"ann.arp@{DOMAIN}"
            return {"TargetUserOrGroupName": to, "TargetUserOrGroupType": "Guest" if outside else "Member"}
        if operation == "FileRenamed":
            return {"DestinationFileName": f"Final {random.randrange(1000)}.docx", "DestinationFileExtension": "docx"}
        return {}


_FILES = (
    *(("FileAccessed", 0.5), ("FileModified", 0.72), ("FileDownloaded", 0.83), ("FileUploaded", 0.9), ("FilePreviewed", 0.93)),
    *(("FileSyncDownloadedFull", 0.955), ("FileRenamed", 0.965), ("FileRecycled", 0.98), ("SharingSet", 0.99), ("FileMoved", 1.0)),
)
_MAIL = (
    *(("MailItemsAccessed", 0.45, 8), ("Send", 0.68, 1), ("MoveToDeletedItems", 0.86, 4), ("SoftDelete", 0.93, 3)),
    *(("Update", 0.97, 1), ("HardDelete", 0.985, 2), ("Create", 1.0, 1)),
)
_SOURCES = ("Moscow", "Hanoi", "Shanghai", "Lagos", "Sao Paulo", "Bucharest", "Ashburn", "Amsterdam", "Hong Kong")


def _poisson(random: randomness.Random, mean: float) -> int:
    """How many of independent events happen."""
    count, left = 0, random.expovariate(1)
    while left < mean:
        count += 1
        left += random.expovariate(1)
    return count
