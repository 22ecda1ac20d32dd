"""Attacks that show by how much is done: insiders and stolen sessions, from the person's own computer, so that no place gives them away."""

from collections.abc import Iterator

from company.attacks.stage import Scene, attack
from company.people import Person
from company.shapes.written import Record


def _plain(person: Person) -> bool:
    """Nobody whose work is to do a lot of it."""
    return not person.roles & {"weekly report", "tidies mail", "assistant", "shared mailbox", "administrator"} and person.keen < 2


def _not_finance(person: Person) -> bool:
    return _plain(person) and person.department != "Finance"


def _files(scene: Scene, operation: str, count: int, seconds: float) -> Iterator[Record]:
    person, day = scene.victim(_not_finance)
    where = scene.s.pc(person, begin := scene.at(person, day, 10, 15))
    for n, time in enumerate(scene.times(begin, count, seconds)):
        yield scene.s.m365.file(time, person.upn, where, operation, f"Engineering{n % 3}/Designs/Drawing {n}.pdf")


@attack("unusual download", "unusual-file-download", "mass-download-by-one-user")
def download(scene: Scene) -> Iterator[Record]:
    """Loud: four hundred files in half an hour. Quiet: seventy in an hour."""
    yield from _files(scene, "FileDownloaded", *((400, 4.5) if scene.loud else (70, 50)))


@attack("unusual deletion", "unusual-file-deletion", "mass-delete-by-one-user", "ransomware-activity")
def deletion(scene: Scene) -> Iterator[Record]:
    yield from _files(scene, "FileRecycled", *((250, 3) if scene.loud else (45, 45)))


@attack("unusual access", "unusual-file-access")
def access(scene: Scene) -> Iterator[Record]:
    """Looks through everything."""
    yield from _files(scene, "FileAccessed", *((500, 4) if scene.loud else (130, 26)))


@attack("unusual share", "unusual-file-share", "mass-share-by-one-user")
def share(scene: Scene) -> Iterator[Record]:
    """Loud: fifty links for everybody. Quiet: fifteen files for a private address."""
    person, day = scene.victim(_plain)
    where = scene.s.pc(person, begin := scene.at(person, day, 10, 15))
    for n, time in enumerate(scene.times(begin, 50, 20) if scene.loud else scene.times(begin, 15, 120)):
        path = f"Sales1/Documents/Customer {n}.xlsx"
        if scene.loud:
            yield scene.s.m365.file(time, person.upn, where, "AnonymousLinkCreated", path, kind=14)
        else:
            more = {"TargetUserOrGroupName": f"{person.name}@freemail.example", "TargetUserOrGroupType": "Guest"}
            yield scene.s.m365.file(time, person.upn, where, "SharingSet", path, kind=14, **more)


@attack("unusual administration", "unusual-administrative-activity")
def administration(scene: Scene) -> Iterator[Record]:
    """Loud: somebody of the help desk makes sixty changes at once. Quiet: eighteen by somebody who never made one."""
    person, day = scene.victim((lambda one: "helpdesk" in one.roles) if scene.loud else (lambda one: not one.roles), joined_before=6)
    where = scene.s.pc(person, begin := scene.at(person, day, 17, 18))
    for n, time in enumerate(scene.times(begin, 60, 15) if scene.loud else scene.times(begin, 18, 70)):
        about = scene.s.people[(n * 7) % len(scene.s.people)].upn
        if n % 2:
            yield scene.s.m365.directory(time, person.upn, where, ("Reset user password", "Update user")[n % 4 == 1], about)
        else:
            yield scene.s.m365.cmdlet(
                time, person.upn, where, ("Set-Mailbox", "Add-MailboxPermission")[n % 4 == 2], about, {"Identity": about}
            )


@attack("unusual impersonation", "unusual-impersonated-activity")
def impersonation(scene: Scene) -> Iterator[Record]:
    """Loud: reads ten colleagues' mailboxes as an administrator. Quiet: sends twelve letters as the boss."""
    person, day = scene.victim(_plain)
    where = scene.s.pc(person, begin := scene.at(person, day, 9, 15))
    if scene.loud:
        for n, time in enumerate(scene.times(begin, 80, 25)):
            yield scene.s.m365.mail(time, person.upn, where, "MailItemsAccessed", owner=scene.s.people[n % 10 + 20].upn, items=9)
    else:
        for time in scene.times(begin, 14, 110):
            yield scene.s.m365.mail(time, person.upn, where, "SendAs", owner=scene.s.people[3].upn)


@attack("mail deletion", "suspicious-email-deletion", "unusual-email-deletion")
def mail_deletion(scene: Scene) -> Iterator[Record]:
    """Loud: the mailbox is emptied. Quiet: thirty answers are purged one by one."""
    person, day = scene.victim(_plain)
    where = scene.s.pc(person, begin := scene.at(person, day, 9, 15))
    for time in scene.times(begin, 150, 6) if scene.loud else scene.times(begin, 30, 60):
        yield scene.s.m365.mail(time, person.upn, where, "HardDelete", items=5 if scene.loud else 1)


@attack("report sharing", "unusual-report-sharing")
def report_sharing(scene: Scene) -> Iterator[Record]:
    """Loud: forty reports to the public. Quiet: ten to a private address by somebody who shares some."""
    person, day = scene.victim((lambda one: True) if scene.loud else (lambda one: "shares reports" in one.roles))
    where = scene.s.pc(person, begin := scene.at(person, day, 9, 15))
    for n, time in enumerate(scene.times(begin, 40, 25) if scene.loud else scene.times(begin, 14, 100)):
        operation, to = ("PublishToWebReport", None) if scene.loud else ("ShareReport", f"buyer{n % 3}@freemail.example")
        yield scene.s.m365.power_bi(time, person.upn, where, operation, f"Board {n}", to)


@attack("ransomware, known extension", "ransomware-activity", "possible-ransomware")
def known_ransomware(scene: Scene) -> Iterator[Record]:
    """Loud: renames hundreds. Quiet: fifty, slowly."""
    person, day = scene.victim(_plain)
    where = scene.s.pc(person, begin := scene.at(person, day, 9, 15))
    ending = scene.random.choice(("lockbit", "akira", "locked", "encrypted"))
    for n, time in enumerate(scene.times(begin, 300, 2) if scene.loud else scene.times(begin, 50, 14)):
        more = {"DestinationFileName": f"Plan {n}.docx.{ending}", "DestinationFileExtension": ending}
        yield scene.s.m365.file(time, person.upn, where, "FileRenamed", f"Finance1/Documents/Plan {n}.docx", **more)


@attack("ransomware, unknown extension", "ransomware-activity", "possible-ransomware")
def unknown_ransomware(scene: Scene) -> Iterator[Record]:
    """Of its own. Loud: renames, and a note in each folder. Quiet: writes a new file for each old one, which then goes."""
    person, day = scene.victim(_plain)
    where = scene.s.pc(person, begin := scene.at(person, day, 9, 15))
    ending = "".join(scene.random.choice("abcdefghkmnpqrstuvwxyz0123456789") for _ in range(6))
    for n, time in enumerate(scene.times(begin, 200, 3) if scene.loud else scene.times(begin, 40, 20)):
        path = f"Finance1/Folder {n // 20}/Plan {n}.docx"
        if scene.loud:
            more = {"DestinationFileName": f"Plan {n}.docx.{ending}", "DestinationFileExtension": ending}
            yield scene.s.m365.file(time, person.upn, where, "FileRenamed", path, **more)
            if n % 20 == 0:
                note = f"Finance1/Folder {n // 20}/HOW_TO_RESTORE_FILES.txt"
                yield scene.s.m365.file(time + 900, person.upn, where, "FileUploaded", note)
        else:
            yield scene.s.m365.file(time, person.upn, where, "FileUploaded", f"{path}.{ending}")
            yield scene.s.m365.file(time + 1000, person.upn, where, "FileRecycled", path)


@attack("suspicious sync of files", "unusual-file-download", "unusual-file-access")
def guest_download(scene: Scene) -> Iterator[Record]:
    """A guest, or somebody who joined lately, fetches a site: the person's own history is short."""
    guests = [one for one in scene.s.people if one.guest and one.upn not in scene.stage.taken]
    if scene.loud and guests:
        person, day = scene.random.choice(guests), scene.random.randrange(16, scene.s.calendar.days - 4)
        scene.stage.taken.add(person.upn)
        scene.users.add(person.upn)
    else:
        person, day = scene.victim(lambda one: one.joins > 0 and _not_finance(one), joined_before=2)
    where = scene.s.pc(person, begin := scene.at(person, day, 10, 15))
    for n, time in enumerate(scene.times(begin, 250 if scene.loud else 100, 10 if scene.loud else 30)):
        yield scene.s.m365.file(time, person.upn, where, "FileDownloaded", f"Engineering2/Designs/Model {n}.pdf")
