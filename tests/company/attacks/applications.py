"""Attacks by way of applications that a user or administrator has let in."""

from collections.abc import Iterator

from company.attacks.stage import PYTHON, Scene, attack
from company.shapes.written import Record
from company.systems import APPLICATIONS
from company.world import CITIES


@attack("misleading application name", "misleading-oauth-app-name")
def misleading_name(scene: Scene) -> Iterator[Record]:
    """Loud: with a Cyrillic letter. Quiet: one letter of an application's that the company uses is another."""
    person, day = scene.victim()
    where = scene.s.pc(person, begin := scene.at(person, day))
    name = (
        scene.random.choice(("Microsоft Outlook", "Оffice 365", "ShаrePoint"))
        if scene.loud
        else scene.random.choice(("Micros0ft Teams", "Contoso Backuρ"))
    )
    changed = {"ConsentContext.IsAdminConsent": "False", "ConsentAction.Permissions": "Scope: Mail.ReadWrite offline_access"}
    yield scene.s.m365.directory(
        begin, person.upn, where, "Add service principal.", name, "ServicePrincipal", {"DisplayName": f'["{name}"]'}
    )
    yield scene.s.m365.directory(begin + 1000, person.upn, where, "Consent to application.", name, "ServicePrincipal", changed)


@attack("misleading publisher name", "misleading-publisher-name")
def misleading_publisher(scene: Scene) -> Iterator[Record]:
    person, day = scene.victim()
    where = scene.s.pc(person, begin := scene.at(person, day))
    publisher, app = "Micrоsoft Corporation" if scene.loud else "Microsoft Corp0ration", "Mail Helper"
    by = {"PublisherName": f'["{publisher}"]', "VerifiedPublisher": f'{{"DisplayName":"{publisher}"}}'}
    shown = {"DisplayName": f'["{app}"]'} | by
    yield scene.s.m365.directory(begin, person.upn, where, "Add service principal.", app, "ServicePrincipal", shown)
    changed = {"ConsentContext.IsAdminConsent": "False", "ConsentAction.Permissions": "Scope: Mail.Read"} | by
    yield scene.s.m365.directory(begin + 1000, person.upn, where, "Consent to application.", app, "ServicePrincipal", changed)


@attack("credentials of an application", "unusual-addition-of-credentials-to-an-oauth-app", "application-credential-added")
def credentials(scene: Scene) -> Iterator[Record]:
    """Loud: to three applications from a server abroad. Quiet: to one, from the computer of somebody who never did it."""
    person, day = scene.victim(lambda one: not one.roles & {"administrator"})
    begin = scene.at(person, day)
    where = scene.host() if scene.loud else scene.s.pc(person, begin)
    for n, app in enumerate(APPLICATIONS[: 3 if scene.loud else 1]):
        changed = {"KeyDescription": '["[KeyIdentifier=x,KeyType=Password,KeyUsage=Verify,DisplayName=t]"]'}
        operation = "Add service principal credentials." if n % 2 else "Update application – Certificates and secrets management "
        yield scene.s.m365.directory(begin + n * 90_000, person.upn, where, operation, app, "Application", changed)


@attack("unusual ISP of an application", "unusual-isp-for-an-oauth-app")
def unusual_isp(scene: Scene) -> Iterator[Record]:
    """An application's stolen secret is used from a rented server; quiet: once, in the country where it always runs."""
    app = "Payroll Sync" if scene.loud else "Ticket Bridge"
    scene.users |= {app, f"sp-{app}"}
    day = scene.random.randrange(18, scene.s.calendar.days - 3)
    where = scene.host(None if scene.loud else CITIES["Dublin"], PYTHON)
    for time in scene.times(scene.s.calendar.at(day, 10, CITIES["Oslo"]), 6 if scene.loud else 1, 120):
        yield scene.s.entra_apps.sign_in(time, app, where)


@attack("download by an application", "suspicious-oauth-app-file-download", "unusual-file-download")
def app_download(scene: Scene) -> Iterator[Record]:
    """Loud: an application that was let in today fetches hundreds. Quiet: one that fetches some every day takes ten times as many."""
    person, day = scene.victim()
    begin = scene.at(person, day, 9, 15)
    app = "Mail Merge Pro" if scene.loud else "CRM Connector"
    scene.users |= {app, "app@sharepoint", f"app-{app}"}
    where = scene.host(None, PYTHON) if scene.loud else scene.s.service(app, day)
    if scene.loud:
        changed = {"ConsentAction.Permissions": "Scope: Files.Read.All"}
        own = scene.s.pc(person, begin)
        yield scene.s.m365.directory(begin - 60_000, person.upn, own, "Consent to application.", app, "ServicePrincipal", changed)
    context = {"ClientAppName": app, "ClientAppId": f"app-{app}"}
    more = {"AppAccessContext": context, "ApplicationDisplayName": app, "ApplicationId": f"app-{app}"}
    user, kind = (person.upn, 0) if scene.loud else ("app@sharepoint", 5)
    for n, time in enumerate(scene.times(begin, 300 if scene.loud else 120, 5 if scene.loud else 20)):
        path = f"Sales{n % 3}/Documents/Offer {n}.pdf"
        yield scene.s.m365.file(time, user, where, "FileDownloaded", path, **(more | {"UserType": kind}))
