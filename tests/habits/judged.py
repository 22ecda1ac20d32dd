"""What is left raised of activities, however they come and are cut into commits; for tests of any kind of anomaly."""

from casbd.habits.habits import Habits, InMemory, Watching


def watching(match):
    return Watching("p", "p:1", f"{match.kind}:x", match, lambda who, begun: f"{who} {begun.timestamp} {begun.activity_id}")


def alerts(match, entries, cuts=(), *, anew=(), shelf=None):
    """By subject and time, after commits that end at `cuts`, of which those in `anew` are the last of a process.

    entries: of (who, entry), in the order in which they arrive.
    """
    shelf = shelf or InMemory()
    habits, left, watched = Habits(shelf), {}, watching(match)
    for number, (who, entry) in enumerate(entries, 1):
        habits.add(watched, who, entry)
        if number in cuts or number == len(entries):
            for _, whose, verdict in habits.verdicts():
                left.pop(verdict.alert_id, None)
                for joined in verdict.change.joined if verdict.change else ():
                    left.pop(joined, None)
                if verdict.change is not None:
                    left[verdict.alert_id] = whose, verdict.finding
            habits.save()
            if number in anew:
                habits = Habits(shelf)
    return [(whose, finding) for _, (whose, finding) in sorted(left.items(), key=lambda one: (one[1][0], one[1][1].first))]
