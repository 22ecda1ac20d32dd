"""What runs and is run: service accounts with steady load, machines that come and go, administrators' days, applications."""

from collections.abc import Iterator

from company.people import DOMAIN, Person
from company.setting import Setting
from company.shapes.written import Record, Where
from company.world import CITIES, chance, number

MINUTE = 60_000
APPLICATIONS = ("Contoso Backup", "CRM Connector", "Payroll Sync", "Ticket Bridge")
LET_IN = (
    *("Zoom", "Zoom for Outlook", "Trello", "Trello for Teams", "Adobe Acrobat", "Adobe Acrobat Sign", "DocuSign", "Calendly"),
    *("Jira Cloud for Outlook", "Microsoft Graph PowerShell", "Microsoft Azure CLI", "Café Planner", "Календарь", "Office Timeline"),
    *("Grammarly", "iOS Accounts", "Apple Internet Accounts", "Thunderbird", "Miro", "Notion", "Figma", "Salesforce Inbox"),
)
ROLLED_OUT = ("Zoom", "Miro", "Contoso Travel", "DocuSign", "Grammarly")


class Systems:
    """Of the whole company; a day's records, in no order."""

    def __init__(self, setting: Setting) -> None:
        self._s = setting
        people = [one for one in setting.people if one.department != "Partner"]
        self.administrators = [one for one in people if "administrator" in one.roles]
        self._helpdesk = [one for one in people if "helpdesk" in one.roles] or self.administrators
        self._developers = [one for one in people if one.roles & {"aws", "azure"}]
        random = chance(setting.parameters.seed, "systems")
        self._migration = random.randrange(14, setting.calendar.days - 8)
        self._roll_out = random.randrange(10, setting.calendar.days - 8)
        self._expiry = random.randrange(12, setting.calendar.days - 8)

    def day(self, day: int) -> Iterator[Record]:
        """All of it."""
        yield from self._services(day)
        yield from self._applications(day)
        yield from self._machines(day)
        for person in self._developers:
            if person.is_there(day) and self._s.calendar.is_worked(day):
                yield from self._develops(person, day)
        for person in self.administrators:
            if person.is_there(day) and (self._s.calendar.is_worked(day) or self._s.calendar.is_patch_day(day)):
                yield from self._administers(person, day)
        yield from self._helps(day)
        if day in (self._migration, self._migration + 1):
            yield from self._migrates(day)
        if day == self._roll_out:
            yield from self._rolls_out(day)
        if day == self._expiry:
            yield from self._passwords_expire(day)
        yield from self._consents(day)
        yield from self._inherits(day)

    def _services(self, day: int) -> Iterator[Record]:
        """Backup by night, a scanner that sends mail with a password of old, a mailbox that a ticket system empties."""
        s = self._s
        backup, tickets, scanner = f"svc-backup@{DOMAIN}", f"svc-tickets@{DOMAIN}", f"svc-scanner@{DOMAIN}"
        where = s.service("backup", 0)
        yield s.m365.sign_in(s.calendar.at(day, 1, CITIES["Oslo"]), backup, where, request="OAuth2:Token")
        for n in range(150 + number(day) % 20):
            time = s.calendar.at(day, 1.1, CITIES["Oslo"]) + n * 5000
            yield s.m365.file(time, backup, where, "FileDownloaded", f"Finance{n % 3}/Documents/Backup {n}.xlsx")
        for n in range(24):
            time = s.calendar.at(day, n, CITIES["Oslo"])
            yield s.m365.mail(time, tickets, s.service("tickets", day), "MailItemsAccessed", items=2)
            yield s.m365.mail(time + 9000, tickets, s.service("tickets", day), "HardDelete", items=1 + number(day, n) % 6)
            office = Where(s.office_address(s.people[0]) if s.people[0].city.name in s.parameters.cities else "20.0.0.9", "BAV2ROPC")
            if 7 <= n <= 17:
                yield s.m365.sign_in(time + 1234, scanner, office, request="OAuth2:Token")
            yield s.m365.sign_in(
                time + 4321, f"svc-old@{DOMAIN}", office, error="InvalidUserNameOrPassword", request="OAuth2:Token"
            )  # nobody has looked after it for years

    def _applications(self, day: int) -> Iterator[Record]:
        """Their log ons, and what they fetch; a secret is renewed by pipeline once a month."""
        s = self._s
        for index, app in enumerate(APPLICATIONS):
            where = s.service(app, day)
            for n in range(6):
                time = s.calendar.at(day, n * 4 + index / 4, CITIES["Oslo"])
                yield s.entra_apps.sign_in(time, app, where)
                if app == "CRM Connector":
                    context = {"ClientAppName": app, "ClientAppId": f"app-{app}"}
                    fields = {"UserType": 5, "AppAccessContext": context, "ApplicationDisplayName": app, "ApplicationId": f"app-{app}"}
                    for k in range(5):
                        path = f"Sales{k % 3}/Documents/Offer {k + n * 5}.pdf"
                        yield s.m365.file(time + k * 2000, "app@sharepoint", where, "FileDownloaded", path, **fields)
            if (day + index * 7) % 30 == 12:
                person = self.administrators[0]
                time = s.calendar.at(day, 10, person.city)
                changed = {"KeyDescription": f'["[KeyIdentifier={day},KeyType=Password,KeyUsage=Verify,DisplayName=renewed]"]'}
                operation = "Update application – Certificates and secrets management "
                yield s.m365.directory(time, person.upn, s.pc(person, time), operation, app, "Application", changed)

    def _machines(self, day: int) -> Iterator[Record]:
        """Build servers: machines start and end all day; a pipeline makes and drops storage."""
        s = self._s
        if s.parameters.industry not in ("software", "university", "agency"):
            return
        role, where = "ci-runner/build", s.service("ci", day)
        random = chance(s.parameters.seed, day, "machines")
        for n in range(random.randrange(15, 40)):
            time = s.calendar.at(day, random.uniform(5, 22), CITIES["Oslo"])
            instance = f"i-{number(day, n):012x}"
            run = {"instanceType": "c7g.large", "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 1}]}}
            yield s.aws.call(time, role, where, "RunInstances", "ec2", run, region=s.regions[0])
            end = {"instancesSet": {"items": [{"instanceId": instance}]}}
            yield s.aws.call(time + 25 * MINUTE, role, where, "TerminateInstances", "ec2", end, region=s.regions[0])
        if day % 7 == 3:  # everything is put as the code has it, which changes nothing
            trail = {"trailName": "main", "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": True}]}
            time = s.calendar.at(day, 12, CITIES["Oslo"])
            yield s.aws.call(time, "ci-runner/terraform", where, "PutEventSelectors", "cloudtrail", trail, region=s.regions[0])
        pipeline = "7a1c0000-0000-4000-8000-00000000aaaa"
        for n in range(6):
            time = s.calendar.at(day, 3 + n * 3, CITIES["Oslo"])
            for operation, later in (("write", 0), ("delete", 20 * MINUTE)):
                kind = f"Microsoft.Storage/storageAccounts/{operation}"
                yield s.azure.operation(time + later, pipeline, where, kind, f"test{day}{n}")

    def _develops(self, person: Person, day: int) -> Iterator[Record]:
        s, random = self._s, chance(self._s.parameters.seed, person.upn, day, "develops")
        time = s.calendar.at(day, random.uniform(person.shift[0], person.shift[1] - 2), s.place(person, day))
        if not s.is_on_ground(person, time):
            return
        where, region = s.pc(person, time), random.choice(s.regions)
        many = random.random() < 0.04  # a test of the whole cluster
        if "aws" in person.roles:
            if random.random() < 0.5:
                yield s.aws.console(time, person.upn, where)
            for n in range(random.randrange(2, 9)):
                event = random.choice(("DescribeInstances", "ListBuckets", "GetObject", "DescribeAlarms", "PutObject"))
                service = "s3" if "Object" in event or "Bucket" in event else "ec2"
                request = {"bucketName": "artifacts", "key": f"build/{n}.zip"} if "Object" in event else {}
                read_only = event not in ("PutObject",)
                yield s.aws.call(time + n * MINUTE, person.upn, where, event, service, request, region=region, read_only=read_only)
            for n in range(random.randrange(6, 10) if many else random.randrange(3) if random.random() < 0.3 else 0):
                run = {"instanceType": "t3.large", "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 1}]}}
                yield s.aws.call(time + 5 * MINUTE + n * 40_000, person.upn, where, "RunInstances", "ec2", run, region=region)
        elif random.random() < 0.35:
            for n in range(random.randrange(6, 10) if many else random.randrange(1, 4)):
                kind, name = "Microsoft.Compute/virtualMachines", f"vm-{person.name}-{day % 9}-{n}"
                yield s.azure.operation(time + n * 90_000, person.upn, where, f"{kind}/write", name)
                if n % 2:
                    yield s.azure.operation(time + n * 90_000 + 60 * MINUTE, person.upn, where, f"{kind}/delete", name)
            if random.random() < 0.1:
                kind = "Microsoft.Storage/storageAccounts/delete"
                yield s.azure.operation(time + 70 * MINUTE, person.upn, where, kind, f"old{person.name.replace('.', '')}{day}")

    def _administers(self, person: Person, day: int) -> Iterator[Record]:
        """Some changes a day; on patch day in the evening, a lot."""
        s, random = self._s, chance(self._s.parameters.seed, person.upn, day, "administers")
        if person.trip(day) or not s.is_on_ground(person, s.calendar.at(day, 9, person.city)):
            return
        begin = s.calendar.at(day, random.uniform(9, 15), person.city)
        where = s.pc(person, begin)
        for n in range(random.randrange(0, 8)):
            about = s.people[random.randrange(len(s.people))].upn
            time = begin + n * random.randrange(1, 9) * MINUTE
            if random.random() < 0.5:
                yield s.m365.cmdlet(
                    time, person.upn, where, random.choice(("Set-Mailbox", "Set-CASMailbox", "Set-User")), about, {"Identity": about}
                )
            else:
                operation = random.choice(("Update user", "Add member to group", "Change user license", "Update device"))
                yield s.m365.directory(time, person.upn, where, operation, about)
        if s.calendar.is_patch_day(day):
            evening = s.calendar.at(day, 19.5, person.city)
            for n in range(40 + number(person.upn, day) % 50):
                kind = "Microsoft.Compute/virtualMachines"
                operation = ("restart/action", "runCommand/action", "extensions/write")[n % 3]
                where = s.pc(person, evening, alone=False)
                yield s.azure.operation(evening + n * 50_000, person.upn, where, f"{kind}/{operation}", f"srv-{n // 3}")

    def _on_duty(self, day: int) -> Person:
        """Somebody of the help desk who is there, if anybody is."""
        there = [one for one in self._helpdesk if one.is_there(day) and not any(one.trip(near) for near in (day - 1, day, day + 1))]
        return there[day % len(there)] if there else self._s.people[0]

    def _helps(self, day: int) -> Iterator[Record]:
        """Who joins gets an account, who leaves loses it; on the first of the month there are more of them."""
        s = self._s
        person = self._on_duty(day)
        begin = s.calendar.at(day, 8.2, person.city)
        where = s.pc(person, begin)
        for n, one in enumerate(one for one in s.people if one.joins - 1 == day):
            yield s.m365.directory(begin + n * MINUTE, person.upn, where, "Add user", one.upn)
            yield s.m365.directory(begin + n * MINUTE + 9000, person.upn, where, "Change user license", one.upn)
        for n, one in enumerate(one for one in s.people if one.leaves == day):
            evening = s.calendar.at(day, 32, one.city) + n * MINUTE
            yield s.m365.directory(evening, person.upn, where, "Disable account" if number(one.upn) % 4 == 0 else "Delete user", one.upn)
        if not s.calendar.is_worked(day):
            return
        if day % 28 == 1:
            for n in range(12):
                new = f"temp{day}{n}@{DOMAIN}"
                yield s.m365.directory(begin + n * 2 * MINUTE, person.upn, where, "Add user", new)
                yield s.m365.directory(begin + n * 2 * MINUTE + 9000, person.upn, where, "Add member to group", new)
        random = chance(s.parameters.seed, day, "helps")
        for _ in range(random.randrange(4)):
            time = s.calendar.at(day, random.uniform(9, 16), person.city)
            about = s.people[random.randrange(len(s.people))].upn
            if s.is_on_ground(person, time):
                yield s.m365.directory(time, person.upn, s.pc(person, time), "Reset user password", about)

    def _migrates(self, day: int) -> Iterator[Record]:
        """A file share moves into the cloud on a weekend or by night, under an administrator's name."""
        s, person = self._s, self.administrators[-1]
        begin = s.calendar.at(day, 18.5, person.city)
        where = s.pc(person, begin)._replace(agent="SharePointMigrationTool/3.0")
        for n in range(700):
            yield s.m365.file(begin + n * 9000, person.upn, where, "FileUploaded", f"Share/Old {n % 40}/Paper {day}-{n}.docx")

    def _rolls_out(self, day: int) -> Iterator[Record]:
        """A new application: everybody consents within a day or two."""
        s = self._s
        app = ROLLED_OUT[number(s.parameters.seed, "roll out") % len(ROLLED_OUT)]
        for person in s.people:
            if person.is_there(day) and not person.trip(day) and number(person.upn, "roll out") % 10 < 6 and person.department != "Partner":
                time = s.calendar.at(day, 9 + number(person.upn, "when") % 70 / 10, person.city)
                where = s.pc(person, time)
                changed = {"ConsentContext.IsAdminConsent": "False", "ConsentAction.Permissions": "Scope: User.Read"}
                yield s.m365.directory(time, person.upn, where, "Consent to application.", app, "ServicePrincipal", changed)

    def _consents(self, day: int) -> Iterator[Record]:
        """Somebody lets an application in, mostly one that others use."""
        s, random = self._s, chance(self._s.parameters.seed, day, "consents")
        if not s.calendar.is_worked(day):
            return
        for _ in range(sum(random.random() < 0.01 for _ in s.people)):
            person = random.choice(s.people)
            if person.is_there(day) and not person.trip(day) and person.department != "Partner":
                time, app = s.calendar.at(day, random.uniform(10, 16), person.city), random.choice(LET_IN)
                where = s.pc(person, time)
                if random.random() < 0.3:
                    shown = {"DisplayName": f'["{app}"]'}
                    yield s.m365.directory(time - 1000, person.upn, where, "Add service principal.", app, "ServicePrincipal", shown)
                changed = {"ConsentContext.IsAdminConsent": "False", "ConsentAction.Permissions": "Scope: User.Read Calendars.Read"}
                yield s.m365.directory(time, person.upn, where, "Consent to application.", app, "ServicePrincipal", changed)

    def _inherits(self, day: int) -> Iterator[Record]:
        """What somebody has left behind goes to a colleague: the mail is forwarded and read through, some files are fetched."""
        s = self._s
        for gone in (one for one in s.people if one.leaves == day - 1 and one.department != "Partner"):
            heirs = [one for one in s.people if one.department == gone.department and one.is_there(day) and not one.trip(day)]
            if not heirs or not s.calendar.is_worked(day):
                continue
            heir, admin = heirs[number(gone.upn) % len(heirs)], self._on_duty(day)
            time = s.calendar.at(day, 10, heir.city)
            parameters = {"Identity": gone.upn, "ForwardingSmtpAddress": f"smtp:{heir.upn}", "DeliverToMailboxAndForward": "True"}
            yield s.m365.cmdlet(time, admin.upn, s.pc(admin, time), "Set-Mailbox", gone.upn, parameters)
            for n in range(4 + number(gone.upn) % 8):
                later = time + 3_600_000 + n * 2 * MINUTE
                yield s.m365.mail(later, heir.upn, s.pc(heir, later), "MailItemsAccessed", owner=gone.upn, items=5)
            for n in range(40 if number(gone.upn, "files") % 8 == 0 else 5):
                later = time + 7_200_000 + n * 40_000
                path = f"{gone.name.replace('.', '_')}/Documents/Project {n % 9}/Paper {n}.docx"
                yield s.m365.file(later, heir.upn, s.pc(heir, later), "FileDownloaded", path, own=True)

    def _passwords_expire(self, day: int) -> Iterator[Record]:
        """All old passwords end on one day: failures of many, out of the office and from home."""
        s = self._s
        for person in s.people:
            if person.is_there(day) and s.is_on_ground(person, s.calendar.at(day, 8, person.city)) and number(person.upn, "expiry") % 3:
                begin = s.calendar.at(day, 8 + number(person.upn, "at") % 100 / 60, s.place(person, day))
                for n in range(1 + number(person.upn, "tries") % 4):
                    where = s.pc(person, begin)
                    yield s.m365.sign_in(begin + n * 20_000, person.upn, where, error="InvalidUserNameOrPassword")
                expired = {"error": "InvalidPasswordExpiredPassword", "number": "50055"}
                yield s.m365.sign_in(begin + 100_000, person.upn, s.pc(person, begin), **expired)
