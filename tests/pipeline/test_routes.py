"""Who hears of an alert: outputs of all that becomes of it, people of its beginning and of a severity that rises."""

import pytest
from builders import settings
from msgspec.structs import replace

from casbd.config.notifications import Notification
from casbd.documents.mail_server import MailServer
from casbd.pipeline.routes import Routes
from tests.notifications.alerts import alert

PEOPLE = tuple(Notification.model_validate({"name": name, "email": f"{name}@example.com"}) for name in ("soc", "eva"))
MAIL = MailServer.model_validate({"host": "localhost", "from": "casbd@example.com"})


@pytest.fixture
def core(make_core):
    return make_core(settings=replace(settings({"siem": ["alerts"], "log": ["activities"]}), notifications=PEOPLE, mail=MAIL))


@pytest.fixture
def waiting(core):
    def waiting():
        query = "SELECT destination, count(*) FROM outbox GROUP BY destination"
        return dict(core.store.connection.execute(query).fetchall())

    return waiting


def test_raised(core, waiting):
    routes = Routes(core.settings, [])
    with core.store.transaction() as connection:
        routes.raised(connection, alert(), core.now)
        routes.raised(connection, alert(2), core.now, besides="notify:soc")
        routes.raised(connection, alert(3), core.now, besides="siem")
        routes.raised(connection, alert(4, suppressed=True), core.now)
    assert waiting() == {"siem": 2, "notify:soc": 2, "notify:eva": 3}
    assert len(core.alerts()) == 4
    assert routes.activities == ["log"]


def test_growth_is_for_outputs_and_what_is_worse_for_people_too(core, waiting):
    routes, first = Routes(core.settings, []), alert(activity_count=10)
    with core.store.transaction() as connection:
        routes.raised(connection, first, core.now)
        routes.grown(connection, second := replace(first, activity_count=20), first, core.now)
    assert waiting() == {"siem": 2, "notify:soc": 1, "notify:eva": 1}
    with core.store.transaction() as connection:
        routes.grown(connection, replace(second, severity="high"), second, core.now)
    assert waiting() == {"siem": 3, "notify:soc": 2, "notify:eva": 2}
    assert core.waiting("notify:soc")[1].alert().event == "updated"
