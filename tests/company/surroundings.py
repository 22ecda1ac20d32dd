"""A company's casbd: GeoIP files, lists, ranges and the configuration, and the exports as files where a whole `casbd run` reads them."""

import json
from pathlib import Path

from company import mmdb
from company.people import DOMAIN
from company.simulation import Company

RULES = Path(__file__).resolve().parent.parent.parent / "rules"
FORMATS = ("m365", "aws_cloudtrail", "azure_activity", "okta", "entra")


def write(company: Company, directory: Path, rules: Path = RULES) -> Path:
    """Everything but the exports; the path of `casbd.yaml`. The networks are known once all records were made: call `exports` before."""
    setting = company.setting
    directory.mkdir(parents=True, exist_ok=True)
    mmdb.write(directory, setting.world.networks)
    (directory / "ip_ranges.yaml").write_text(json.dumps({"ranges": setting.ranges()}))
    lists = {name: networks for name, networks in setting.lists().items() if networks}
    for name, networks in lists.items():
        (directory / f"{name}.txt").write_text("".join(f"{network.subnet}\n" for network in networks))
    groups: dict[str, list[str]] = {}
    for person in setting.people:
        groups.setdefault(person.department, []).append(person.upn)
    (directory / "user_groups.yaml").write_text(json.dumps({"groups": groups}))
    enrichment = {"city": "city.mmdb", "asn": "asn.mmdb", "ip_ranges": "ip_ranges.yaml", "tor": "tor.txt"}
    clouds = {name: f"{name}.txt" for name in lists if name != "tor"}
    configuration = {
        "state_dir": "state",
        "rules": [str(rules)],
        "inputs": [{"name": name, "path": f"{directory}/exports/{name}*.ndjson", "format": name} for name in FORMATS],
        "outputs": [],
        "organization": {"domains": [DOMAIN], "user_groups": "user_groups.yaml"},
        "enrichment": enrichment | ({"cloud_providers": clouds} if clouds else {}),
    }
    path = directory / "casbd.yaml"
    path.write_text(json.dumps(configuration, indent=1))
    return path


def exports(company: Company, directory: Path) -> int:
    """Write all records into a file for each format, in the order of their arrival; how many there are."""
    place = directory / "exports"
    place.mkdir(parents=True, exist_ok=True)
    files = {name: (place / f"{name}.ndjson").open("wb") for name in FORMATS}
    count = 0
    try:
        for _, name, line in company.arrivals():
            files[name].write(line + b"\n")
            count += 1
    finally:
        for file in files.values():
            file.close()
    return count


def main() -> None:
    """`python -m company.surroundings SEED DIRECTORY`: a company to run casbd on, and its attacks in `attacks.json`."""
    import sys

    from company.parameters import Parameters

    company, directory = Company(Parameters.of(int(sys.argv[1]))), Path(sys.argv[2])
    count = exports(company, directory)
    configuration = write(company, directory)
    attacks = [
        {
            "kind": one.kind,
            "loud": one.loud,
            "users": sorted(one.users),
            "addresses": sorted(one.addresses),
            "first": one.first,
            "last": one.last,
            "policies": sorted(one.policies),
        }
        for one in company.attacks
    ]
    (directory / "attacks.json").write_text(json.dumps(attacks, indent=1))
    print(f"{count} records, {len(attacks)} attacks: casbd -c {configuration} run --once")


if __name__ == "__main__":
    main()
