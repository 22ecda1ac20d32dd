"""What is done regularly or once by some, loud and legitimate: reports, services, patch days, migrations, moving in and out."""

from collections.abc import Iterator

from company.calendar_of import date_of
from company.people import DOMAIN, Person
from company.setting import Setting
from company.shapes.written import Record
from company.world import chance, number

MINUTE = 60_000


class Habits:
    """Of people beside their routine, by their roles."""

    def __init__(self, setting: Setting) -> None:
        self._s = setting
        self._once = _once(setting)
        self._all_close = number(setting.parameters.seed, "books") % 3 == 0

    def day(self, person: Person, day: int) -> Iterator[Record]:
        """One person's records of one day, in no order."""
        s = self._s
        if not person.is_there(day) or person.trip(day) or not s.is_on_ground(person, s.calendar.at(day, 8, person.city)):
            return
        if s.calendar.is_worked(day):
            if "weekly report" in person.roles and s.calendar.is_last_of_week(day):
                yield from self._report(person, day)
            if "tidies mail" in person.roles and s.calendar.is_last_of_week(day):
                yield from self._tidying(person, day)
            if person.roles & {"assistant", "shared mailbox"}:
                yield from self._for_others(person, day)
            if "shares reports" in person.roles and number(person.upn, day, "reports") % 4 == 0:
                yield from self._sharing_reports(person, day)
            if person.department == "Finance" and s.calendar.is_end_of_month(day) and (self._all_close or number(person.upn) % 3 == 0):
                yield from self._closing(person, day)
        for what in self._once.get((person.upn, day), ()):
            yield from getattr(self, f"_{what}")(person, day)
        if "imap" in person.roles:
            yield from self._imap(person, day)

    def _report(self, person: Person, day: int) -> Iterator[Record]:
        """The figures of every team, fetched on the last day of the week."""
        random = chance(self._s.parameters.seed, person.upn, day, "report")
        begin = self._s.calendar.at(day, random.uniform(13, 15), person.city)
        count = 40 + number(person.upn) % 120
        for n in range(int(count * random.uniform(0.8, 1.2))):
            time = begin + n * random.randrange(7, 15) * 1000
            name = f"Figures/Week {day // 7}/Team {n}.xlsx"
            yield self._s.m365.file(time, person.upn, self._s.pc(person, time), "FileDownloaded", name)

    def _tidying(self, person: Person, day: int) -> Iterator[Record]:
        """The mailbox is emptied before the weekend."""
        random = chance(self._s.parameters.seed, person.upn, day, "tidying")
        begin = self._s.calendar.at(day, random.uniform(14, 15.5), person.city)
        operation = ("MoveToDeletedItems", "SoftDelete", "MoveToDeletedItems", "HardDelete")[number(person.upn) % 4]
        for n in range(random.randrange(15, 40)):
            time = begin + n * random.randrange(4, 30) * 1000
            yield self._s.m365.mail(time, person.upn, self._s.pc(person, time), operation, items=random.randrange(1, 12))

    def _for_others(self, person: Person, day: int) -> Iterator[Record]:
        random = chance(self._s.parameters.seed, person.upn, day, "others")
        if "assistant" in person.roles:
            owner, operation = self._s.people[number(person.upn) % 9].upn, "SendOnBehalf"
        else:
            owner, operation = f"sales@{DOMAIN}", "SendAs"
        for _ in range(random.randrange(2, 9)):
            time = self._s.calendar.at(day, random.uniform(9, 16), person.city)
            yield self._s.m365.mail(time, person.upn, self._s.pc(person, time), operation, owner=owner)
            if random.random() < 0.5:
                yield self._s.m365.mail(time + MINUTE, person.upn, self._s.pc(person, time), "MailItemsAccessed", owner=owner, items=3)

    def _sharing_reports(self, person: Person, day: int) -> Iterator[Record]:
        random = chance(self._s.parameters.seed, person.upn, day, "reports")
        time = self._s.calendar.at(day, random.uniform(10, 16), person.city)
        for n in range(random.choice((1, 1, 2, 3, 6))):
            to = self._s.people[random.randrange(self._s.parameters.people)].upn
            where = self._s.pc(person, time)
            yield self._s.m365.power_bi(time + n * 3 * MINUTE, person.upn, where, "ShareReport", f"Sales {n % 2}", to)

    def _closing(self, person: Person, day: int) -> Iterator[Record]:
        """The month's books."""
        random = chance(self._s.parameters.seed, person.upn, day, "closing")
        begin = self._s.calendar.at(day, random.uniform(8, 12), person.city)
        for n in range(random.randrange(30, 90)):
            time = begin + n * random.randrange(20, 90) * 1000
            operation = random.choice(("FileDownloaded", "FileDownloaded", "FileUploaded", "FileModified", "FileRecycled"))
            path = f"Books/{date_of(day):%Y-%m}/Account {n % 60}.xlsx"
            yield self._s.m365.file(time, person.upn, self._s.pc(person, time), operation, path)
        if self._all_close:
            for n in range(random.randrange(60, 200)):  # each the vouchers of some accounts
                time = begin + n * random.randrange(5, 25) * 1000
                path = f"Books/Vouchers/{person.name} {day} {n}.pdf"
                yield self._s.m365.file(time, person.upn, self._s.pc(person, time), "FileDownloaded", path)

    def _imap(self, person: Person, day: int) -> Iterator[Record]:
        """A mail program of old, every day."""
        for n in range(3):
            time = self._s.calendar.at(day, 8 + n * 4, person.city)
            where = self._s.pc(person, time)._replace(agent="Client=POP3/IMAP4;Protocol=IMAP4", device="")
            yield self._s.m365.mail(time, person.upn, where, "MailItemsAccessed", items=2)
            if n == 0:
                basic = where._replace(agent="BAV2ROPC")
                yield self._s.m365.sign_in(time - 1000, person.upn, basic, request="OAuth2:Token")

    def _big_clean_up(self, person: Person, day: int) -> Iterator[Record]:
        """An old project's folders go: once in a while, by somebody who never does it."""
        begin = self._s.calendar.at(day, 14, person.city)
        for n in range(60 + number(person.upn) % 100):
            time = begin + n * 6000
            yield self._s.m365.file(time, person.upn, self._s.pc(person, time), "FileRecycled", f"Old Project/Archive/Old {n}.docx")

    def _new_computer(self, person: Person, day: int) -> Iterator[Record]:
        """The sync client fetches everything."""
        begin = self._s.calendar.at(day, 9.5, person.city)
        where = self._s.pc(person, begin)._replace(agent="Microsoft SkyDriveSync 25.040.0302.0001 ship; Windows NT 10.0 (19045)")
        for n in range(400):
            yield self._s.m365.file(
                begin + n * 1500, person.upn, where, "FileSyncDownloadedFull", f"{person.name}/Documents/Own {n}.docx", own=True
            )

    def _photos(self, person: Person, day: int) -> Iterator[Record]:
        """Of a fair, put up and renamed."""
        begin = self._s.calendar.at(day, 10, person.city)
        for n in range(80):
            time, where = begin + n * 4000, self._s.pc(person, begin)
            yield self._s.m365.file(time, person.upn, where, "FileUploaded", f"Marketing/Fair/IMG_{n:04}.jpg")
            more = {"DestinationFileName": f"Fair 2026 {n}.jpg", "DestinationFileExtension": "jpg"}
            if n % 2:
                yield self._s.m365.file(time + 600_000, person.upn, where, "FileRenamed", f"Marketing/Fair/IMG_{n:04}.jpg", **more)

    def _converts(self, person: Person, day: int) -> Iterator[Record]:
        """Old documents into the new format: a new file each, and the old one goes."""
        begin = self._s.calendar.at(day, 11, person.city)
        for n in range(45):
            time, where = begin + n * 9000, self._s.pc(person, begin)
            yield self._s.m365.file(time, person.upn, where, "FileUploaded", f"Manuals/All/Manual {n}.docx")
            yield self._s.m365.file(time + 3000, person.upn, where, "FileRecycled", f"Manuals/All/Manual {n}.doc")

    def _mail_rule(self, person: Person, day: int) -> Iterator[Record]:
        """Newsletters into a folder; or for the holidays, to a colleague."""
        time = self._s.calendar.at(day, 11, person.city)
        where = self._s.pc(person, time)
        if number(person.upn, day) % 3:
            parameters = {"Name": "Newsletters", "From": "news@letters.example"}
            parameters |= {"DeleteMessage": "True"} if number(person.upn, day, "rule") % 7 == 0 else {"MoveToFolder": "Newsletters"}
            parameters |= {"MarkAsRead": "True"} if number(person.upn, day) % 2 else {}
        else:
            parameters = {"Name": "Holiday", "ForwardTo": self._s.people[number(person.upn) % self._s.parameters.people].upn}
        yield self._s.m365.cmdlet(time, person.upn, where, "New-InboxRule", person.upn, parameters)

    def _stale_phone(self, person: Person, day: int) -> Iterator[Record]:
        """The password was changed, and the phone goes on with the old one for some days."""
        for n in range(150 + number(person.upn) % 120):
            time = self._s.calendar.at(day, 9, person.city) + n * (8 * MINUTE + number(person.upn, n) % (9 * MINUTE))
            where = self._s.phone(person, time)._replace(agent=("BAV2ROPC", "Apple-iPhone14C5/1806.72")[number(person.upn) % 2], session="")
            error, code = ("IdsLocked", "50053") if n % 11 == 10 else ("InvalidUserNameOrPassword", "50126")
            yield self._s.m365.sign_in(time, person.upn, where, error=error, number=code, request="OAuth2:Token")

    def _forgotten(self, person: Person, day: int) -> Iterator[Record]:
        """Behind the holidays nobody knows the password any more; the help desk resets it."""
        begin = self._s.calendar.at(day, person.shift[0] + 0.2, person.city)
        where = self._s.pc(person, begin, alone=True)
        tries = 4 + min(number(person.upn, day) % 5, 3) + (8 if number(person.upn, day, "stubborn") % 8 == 0 else 0)
        for n in range(tries):
            yield self._s.m365.sign_in(begin + n * 33_000, person.upn, where, error="InvalidUserNameOrPassword")
        desk = next(
            (one for one in self._s.people if "helpdesk" in one.roles and one.is_there(day) and not one.trip(day)), self._s.people[0]
        )
        yield self._s.m365.directory(begin + 900_000, desk.upn, self._s.pc(desk, begin), "Reset user password", person.upn)
        yield self._s.m365.sign_in(begin + 960_000, person.upn, where)

    def _new_phone(self, person: Person, day: int) -> Iterator[Record]:
        time = self._s.calendar.at(day, 17.5, person.city)
        yield self._s.m365.directory(time, person.upn, self._s.phone(person, time), "User registered security info", person.upn)

    def _works_at_weekend(self, person: Person, day: int) -> Iterator[Record]:
        """Before a deadline: everything in one go, at night."""
        begin = self._s.calendar.at(day, 21, person.city)
        for n in range(50):
            time = begin + n * 2 * MINUTE
            operation = ("FileAccessed", "FileModified", "FileDownloaded")[n % 3]
            yield self._s.m365.file(time, person.upn, self._s.pc(person, time), operation, f"Tender/Final/Part {n % 20}.docx")


ONE_OFFS = {
    "big_clean_up": 0.02,
    "new_computer": 2.0,
    "photos": 0.3,
    "converts": 0.02,
    "mail_rule": 3.0,
    "stale_phone": 0.8,
    "forgotten": 2.0,
    "new_phone": 2.0,
    "works_at_weekend": 0.5,
}
"""How many happen for every hundred people in a week."""


def _once(setting: Setting) -> dict[tuple[str, int], list[str]]:
    """Who does what out of turn, on which day."""
    random = chance(setting.parameters.seed, "once")
    staff = [one for one in setting.people if one.department != "Partner"]
    found: dict[tuple[str, int], list[str]] = {}
    for what, rate in ONE_OFFS.items():
        for _ in range(round(rate * len(staff) / 100 * setting.parameters.weeks)):
            person, day = random.choice(staff), random.randrange(setting.calendar.days - 1)
            if what == "works_at_weekend" or setting.calendar.is_worked(day):
                found.setdefault((person.upn, day), []).append(what)
    return found
