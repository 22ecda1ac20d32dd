"""Days: which are worked, when a month ends, and what o'clock it is where."""

from datetime import UTC, datetime, timedelta

from company.parameters import Parameters
from company.world import City, chance

HOUR, DAY = 3_600_000, 86_400_000
START = int(datetime(2026, 2, 2, tzinfo=UTC).timestamp()) * 1000
"""A Monday. Milliseconds, as all times here; days are counted from it."""


class Calendar:
    """Of one company."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        random = chance(parameters.seed, "calendar")
        self.days = parameters.weeks * 7
        self.public_holidays = {random.randrange(8, self.days - 5) for _ in range(2)}
        self._patch_day = random.choice((2, 3, 3, 16))
        self._books = chance(parameters.seed, "books").choice((0, 0, 9, 16))
        self._summer_time = random.randrange(20, 50) if parameters.clock_change else 10_000

    def is_weekend(self, day: int) -> bool:
        """Friday and Saturday where the week begins on Sunday."""
        return day % 7 in ((4, 5) if self._parameters.sunday_week else (5, 6))

    def is_worked(self, day: int) -> bool:
        """By those who have office hours."""
        return not self.is_weekend(day) and day not in self.public_holidays

    def is_last_of_week(self, day: int) -> bool:
        """The day of weekly reports."""
        return day % 7 == (3 if self._parameters.sunday_week else 4)

    def is_end_of_month(self, day: int) -> bool:
        """Its last two working days, and the first of the next; in some companies by books whose months are of four and five weeks."""
        today = date_of(day + self._books)
        return (today + timedelta(days=3)).month != today.month or today.day == 1

    def is_patch_day(self, day: int) -> bool:
        """A day every four weeks."""
        return day % 28 == self._patch_day

    def at(self, day: int, hour: float, city: City) -> int:
        """What o'clock of a day in a city, as a time."""
        shift = 1 if day >= self._summer_time else 0
        return START + day * DAY + int((hour - city.offset - shift) * HOUR)


def date_of(day: int) -> datetime:
    """The day's midnight in UTC."""
    return datetime.fromtimestamp((START + day * DAY) / 1000, UTC)


def day_of(time: int) -> int:
    """Of a time, in UTC."""
    return (time - START) // DAY
