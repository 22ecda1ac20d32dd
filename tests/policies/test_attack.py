"""ATT&CK's techniques as tags name them."""

from casbd.policies import attack


def test_a_technique_is_found_by_its_tag():
    assert attack.named(["attack.t1078.004", "attack.persistence", "ours", "attack.T1110", "attack.t11"]) == ["T1078.004", "T1110"]
    accounts = attack.techniques()["T1078.004"]
    assert (accounts.name, accounts.parent, accounts.matrices[0], accounts.seen) == ("Cloud Accounts", "T1078", "Identity Provider", True)
    assert accounts.tactics == ("initial-access", "persistence", "privilege-escalation", "defense-evasion")


def test_what_the_table_says_holds_together():
    table = attack.techniques()
    assert len(table) > 650
    assert sum(bool(one.matrices) for one in table.values()) == 149
    for one in table.values():
        assert one.tactics
        if one.parent is not None:
            assert set(one.matrices) <= set(table[one.parent].matrices), f"{one.id} is in a matrix that {one.parent} is not in"
