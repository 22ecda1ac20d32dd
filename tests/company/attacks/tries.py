"""Passwords that are tried until one fits."""

from collections.abc import Iterator

from company.attacks.stage import LINUX, MINUTE, Scene, attack
from company.shapes.written import Record


@attack("guessed password", "password-guessed")
def guessed(scene: Scene) -> Iterator[Record]:
    """Loud: sixty tries in minutes, from a rented server. Quiet: fourteen in three quarters of an hour, from somebody's line nearby."""
    person, day = scene.victim()
    where = scene.host() if scene.loud else scene.from_(scene.s.world.residential(person.city, scene.random.randrange(4)), LINUX)
    times = scene.times(scene.at(person, day, 18, 21), 60 if scene.loud else 14, 5 if scene.loud else 190)
    for time in times:
        yield scene.s.m365.sign_in(time, person.upn, where, error="InvalidUserNameOrPassword")
    begin = times[-1] + MINUTE
    yield scene.s.m365.sign_in(begin, person.upn, where)
    for n in range(6):
        yield scene.s.m365.mail(begin + (n + 1) * MINUTE, person.upn, where, "MailItemsAccessed", items=8)
