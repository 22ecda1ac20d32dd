"""Two tenants' users of one name: rows, pages and searches that keep them apart."""

import pytest
from builders import NOON, Core
from click.testing import CliRunner

from casbd import cli
from casbd.model.activity import Activity
from casbd.model.identity import canonical
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer
from tests.cli.conftest import AS_OF, lines


@pytest.fixture
def bobs(tmp_path):
    """Two tenants' `bob`, one of them in segments, an address in both, and who writes it otherwise."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(tmp_path / "core")
    whose = [("bob", "1"), ("BOB", "2"), ("bob", "2"), ("ann@x.org", "1"), ("Ａnn@x.org", "2")]
    packer = Packer()
    for tenant in ("1", "2"):
        own = [
            Activity(NOON, f"id-{n}", user=name, app="AWS", app_instance=tenant, ip_address="203.0.113.7")
            for n, (name, where) in enumerate(whose)
            if where == tenant
        ]
        packer.begin()
        packer.add(own)
        with core.store.transaction() as connection:
            blocks.add(connection, packer, [packer.part([1] * len(own))], 0)
        if tenant == "1":
            assert segments.compact(core.store, at_least=1)
    core.close()

    def shown(*arguments):
        return CliRunner().invoke(cli.casbd, ["-c", str(tmp_path / "casbd.yaml"), *arguments])

    return shown


def test_two_tenants_bobs_are_two_rows_and_two_pages(bobs):
    rows = lines(bobs("users", "list", *AS_OF, "--json").stdout)
    assert sorted((canonical(row["user"]), row["app_instance"] or "", row["activities"]) for row in rows) == [
        ("ann@x.org", "", 2),
        ("bob", "1", 1),
        ("bob", "2", 2),
    ]
    assert "bob (AWS, 1)" in bobs("users", "list", *AS_OF).stdout
    pages = lines(bobs("users", "show", "bob", *AS_OF, "--json").stdout)
    assert [(page["app"], page["app_instance"], page["activities"]) for page in pages] == [("AWS", "2", 2), ("AWS", "1", 1)]
    assert "1 of 2 who are called so:\nBOB (AWS, 2)\n" in bobs("users", "show", "bob", *AS_OF).stdout
    (page,) = lines(bobs("users", "show", "Bob", "--app", "aws", "--instance", "1", *AS_OF, "--json").stdout)
    assert (page["app_instance"], page["activities"]) == ("1", 1)
    assert "no user bob there" in bobs("users", "show", "bob", "--app", "Okta", *AS_OF).stderr


def test_the_pages_of_one_name_agree_with_the_list(bobs):
    (page,) = lines(bobs("users", "show", "ann@x.org", *AS_OF, "--json").stdout)
    assert (page["app"], page["activities"]) == (None, 2)
    (address,) = lines(bobs("ips", "show", "203.0.113.7", *AS_OF, "--json").stdout)
    assert {(one["value"].lower(), one["app_instance"], one["activities"]) for one in address["users"]} >= {
        ("bob", "1", 1),
        ("bob", "2", 2),
    }
    assert "bob (AWS, 1)" in bobs("ips", "show", "203.0.113.7", *AS_OF).stdout


def test_the_same_user_is_not_the_other_tenants(bobs):
    def same(activity_id):
        return {one["activity_id"] for one in lines(bobs("activities", "show", activity_id, "--same", "user", "--json").stdout)}

    assert same("id-0") == {"id-0"}
    assert same("id-1") == same("id-2") == {"id-1", "id-2"}
