"""Twenty simulated companies (`tests/company`), each with its seed and habits: which attacks the shipped policies find, and what they
raise of nothing. Called by `bench.py --only company`; alone: `simulated_companies.py [--seeds 1,2,3] [--detail] [--only POLICY,...]
[--exports okta,m365,...] [--managed SHARE]`.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from company import measure
from company.parameters import Parameters
from company.simulation import Company
from company.verdict import Verdict, judge

from casbd.policies.policy import Policy
from casbd.records.timestamps import iso

FOUND, EACH_KIND, FALSE = 0.95, 0.80, 2.0
"""The aims: the share of all attacks, that of each kind, and false alerts a thousand people and week over all policies together."""


def verdict(parameters: Parameters, policies: list[Policy], exports: Sequence[str] = ()) -> Verdict:
    """Of one company. exports: see `measure.alerts`; what differs from the order of arrival is told."""
    company, seed = Company(parameters), parameters.seed
    alerts = measure.alerts(company, policies)
    if exports:
        before, alerts = alerts, measure.alerts(Company(parameters), policies, exports=exports)
        then, now = measure.told(before), measure.told(alerts)
        print(f"company {seed:<3} {len(then)} alerts in the order of arrival; {len(then - now)} of them are missing, {len(now - then)} new")
    return judge(company.attacks, alerts, len(company.setting.people) * company.parameters.weeks / 1000, seed)


def tell(one: Verdict, managed: float, seconds: float) -> None:
    """A line for a company. managed: the share of its people whose computer is the organization's."""
    missed, number = len(one.missed()), len(one.attacks)
    noise = ", ".join(f"{name} {count}" for name, count in one.false_by_policy().most_common(4))
    told = f"{number - missed}/{number} found, {one.false_rate():.2f} false, {one.withdrawn} withdrawn"
    print(f"company {one.seed:<3} {managed:>4.0%} managed: {told}  ({noise}) {seconds:.0f} s", flush=True)


def detail(one: Verdict) -> None:
    """Every attack that was missed, and every alert that nobody wanted."""
    for attack in one.missed():
        number = one.attacks.index(attack)
        form, others = "loud" if attack.loud else "quiet", ", ".join(sorted(one.found.get(number, ()))) or "nothing"
        print(f"  missed  {attack.kind} ({form}) {iso(attack.first)} {', '.join(sorted(attack.users)[:2])}: {others} found it")
    for alert in one.false:
        who = alert.user or alert.ip_address
        print(f"  false   {alert.policy_id} {iso(alert.first_activity)} {who} {alert.activity_count}: {alert.evidence}")


def summary(verdicts: list[Verdict], policies: list[Policy]) -> None:
    """By kind of attack, by policy, and all against the aims."""
    all_kinds, missed_kinds = Counter[str](), Counter[str]()
    own, by_policy, false = Counter[str](), Counter[str](), Counter[str]()
    for one in verdicts:
        all_kinds += one.kinds()
        missed_kinds.update(attack.kind for attack in one.missed())
        false += one.false_by_policy()
        for number, attack in enumerate(one.attacks):
            own.update(attack.policies)
            by_policy.update(one.found.get(number, frozenset()) & attack.policies)
    thousands = sum(one.thousands for one in verdicts)
    print(f"\n{'kind of attack':<34} found")
    for kind, number in sorted(all_kinds.items()):
        hit = number - missed_kinds[kind]
        print(f"{kind:<34} {hit}/{number}{'' if hit >= EACH_KIND * number else '   below the aim'}")
    print(f"\n{'policy':<50} {'found/of its kind':<20} false a 1,000 people and week")
    for name in sorted({*(policy.id for policy in policies), *false}):
        print(f"{name:<50} {f'{by_policy[name]}/{own[name]}':<20} {false[name] / thousands:.2f}")
    number = sum(all_kinds.values())
    found = 1 - sum(missed_kinds.values()) / sum(all_kinds.values())
    worst, loudest = min(verdicts, key=_share), max(verdicts, key=Verdict.false_rate)
    kinds = sum(missed_kinds[kind] > (1 - EACH_KIND) * number for kind, number in all_kinds.items())
    print(f"\nfound           {found:.1%} of {number} attacks (aim {FOUND:.0%}); worst company {worst.seed}: {_share(worst):.1%}")
    print(f"kinds           {kinds} of {len(all_kinds)} below {EACH_KIND:.0%}")
    rate = sum(false.values()) / thousands
    print(f"false alerts    {rate:.2f} a 1,000 people and week (aim {FALSE}); worst company {loudest.seed}: {loudest.false_rate():.2f}")


def _share(one: Verdict) -> float:
    return 1 - len(one.missed()) / len(one.attacks)


def main() -> None:
    """Measure some companies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=",".join(map(str, range(1, 21))))
    parser.add_argument("--detail", action="store_true", help="every miss and every false alert")
    parser.add_argument("--only", help="these policies alone")
    parser.add_argument("--exports", default="", help="read these one after the other, and then judge what came too late")
    parser.add_argument("--managed", type=float, help="the share of managed computers in all of them, in place of each one's own")
    arguments = parser.parse_args()
    seeds = map(int, arguments.seeds.split(","))
    given = {} if arguments.managed is None else {"managed": arguments.managed}
    measure_all(seeds, details=arguments.detail, only=_names(arguments.only), exports=_names(arguments.exports), **given)


def _names(text: str | None) -> list[str]:
    return text.split(",") if text else []


def measure_all(
    seeds: Iterable[int], *, details: bool = False, only: Sequence[str] = (), exports: Sequence[str] = (), **given: float
) -> None:
    """Measure and tell. only: these policies alone. exports: see `verdict`. given: parameters that are not by the seed."""
    policies = [one for one in measure.policies() if not only or one.id in only]
    verdicts = []
    for seed in seeds:
        parameters = Parameters.of(seed, **given)
        begun = time.process_time()
        verdicts.append(verdict(parameters, policies, exports))
        tell(verdicts[-1], parameters.managed, time.process_time() - begun)
        if details:
            detail(verdicts[-1])
    summary(verdicts, policies)


if __name__ == "__main__":
    main()
