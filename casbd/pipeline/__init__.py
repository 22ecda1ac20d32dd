"""The whole program on one page: from the records of a file to activities, alerts and what is to be delivered.

    exported files ─ inputs ─▶ Chunk ─ scan ─▶ Batch ─ commit ─▶ store ─ outbox ─▶ SIEM, connectors

`scan` (`scan.py`) is a pure function: parse, normalise, enrich, match. It runs in this process or in many, with the same result. `commit`
(`commit.py`) is ordered and has the state: one call is one transaction, and everything a batch leads to is in it. Kill the process
anywhere: what was committed is complete, and what was not is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from casbd.alerting import suppression
from casbd.clock import Clock
from casbd.config.settings import Settings
from casbd.governance.rails import Rails
from casbd.model.alert import Alert
from casbd.pipeline import costs, progress
from casbd.pipeline.commit import Commit
from casbd.pipeline.counts import LookedBack
from casbd.pipeline.memory import Memory
from casbd.pipeline.routes import Routes
from casbd.pipeline.scan import Batch
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.log import blocks, packing
from casbd.store.state import input_progress, outbox, raised_alerts, rejects


class Pipeline:
    """The second half: drop repeats, count, raise alerts, ask for governance, and write it all in one transaction.

    alive: is called while a commit takes long and goes on. sends_activities: some output gets every activity.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        policies: Sequence[Policy],
        clock: Clock,
        rails: Rails | None = None,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        self._store, self._clock, self._alive, self._packer = store, clock, alive, packing.Packer()
        self.use(settings, policies, rails)
        self.reload_state()

    def use(self, settings: Settings, policies: Sequence[Policy], rails: Rails | None = None) -> None:
        """Other settings and policies from the next batch on; windows of unchanged policies go on. rails: else those of the settings."""
        self._rails = rails or Rails(settings.governance)
        self._policies = {policy.id: policy for policy in policies}
        self._most_matches = settings.limits.policy_matches
        self._routes = Routes(settings, policies)
        self.sends_activities = bool(self._routes.activities)

    def reload_state(self) -> None:
        """Read the state in memory anew from the store: at the start, and after a commit that failed."""
        self._memory = Memory(self._store.connection, self._most_matches, self._alive)

    def commit(self, batches: Sequence[Batch], back: LookedBack | None = None) -> int:
        """Store some batches, a look back, and all they lead to; how many alerts were raised. Where it raises, `reload_state`."""
        now = self._clock()
        self._memory.use(self._policies, self._most_matches)
        with self._store.transaction() as connection:
            commit = Commit(self._store, batches, self._policies, self._memory, self._rails, self._routes, now)
            activities = []
            for batch in batches:
                fresh = self._memory.seen.new(batch.stored.keys)  # in memory at once, so a commit that fails needs `reload_state`
                progress.count(connection, batch, fresh, now)
                commit.match(batch, fresh)
                activities.append(batch.stored if all(fresh) else self._packer.without_repeats(batch.stored, fresh))
                rejects.add(connection, batch.rejects, now)
            input_progress.save_positions(connection, [batch.position for batch in batches])  # elsewhere, a crash loses or doubles records
            for block in blocks.add(connection, self._packer, activities, now):
                for output in self._routes.activities:
                    outbox.add_block(connection, output, *block)
            self._memory.windows.save(connection, now)
            raised = commit.save(back)
            costly = costs.raise_alerts(connection, self._policies, self._routes, batches, now)
        self._memory.windows.saved()  # not before the commit: what a failed one wrote is nowhere else
        costs.log_titles(costly)
        return raised + len(costly)

    def raise_system(self, alert: Alert, *, besides: str | None = None) -> bool:
        """Store and send an alert about casbd itself, unless it was raised before. besides: the destination that does not get it."""
        with self._store.transaction() as connection:
            is_new = raised_alerts.get(connection, alert.alert_id) is None
            if is_new:
                self._routes.raised(connection, alert, self._clock(), besides=besides)
        return is_new

    def tell_held_back(self) -> bool:
        """Say how many alerts were held back in times that are over; whether there was anything to say."""
        with self._store.transaction() as connection:
            alerts = [*suppression.over(connection, self._policies, self._clock())]
            for alert in alerts:
                self._routes.raised(connection, alert, self._clock())
        return bool(alerts)
