"""Attacks on machines, storage and the records themselves, in AWS and Azure."""

from collections.abc import Iterator

from company.attacks.stage import PYTHON, Scene, attack
from company.people import Person
from company.shapes.written import Record

COMPUTE, STORAGE = "Microsoft.Compute/virtualMachines", "Microsoft.Storage/storageAccounts"


def _machine(number: int, kind: str) -> dict[str, object]:
    return {"instanceType": kind, "instancesSet": {"items": [{"imageId": "ami-9", "minCount": number, "maxCount": number}]}}


def _has(role: str, scene: Scene) -> tuple[Person, int]:
    try:
        return scene.victim(lambda one: role in one.roles)
    except LookupError:
        return scene.victim(lambda one: one.department == "Engineering")


@attack("VM creation", "multiple-vm-creation")
def vm_creation(scene: Scene) -> Iterator[Record]:
    """To dig for coins. Loud: forty in AWS. Quiet: a dozen in Azure by somebody who makes some."""
    person, day = _has("aws" if scene.loud else "azure", scene)
    where = scene.s.pc(person, begin := scene.at(person, day, 10, 17))
    if scene.loud:
        for time in scene.times(begin, 40, 12):
            yield scene.s.aws.call(time, person.upn, where, "RunInstances", "ec2", _machine(1, "p4d.24xlarge"), region=scene.s.regions[0])
    else:
        for n, time in enumerate(scene.times(begin, 16, 70)):
            yield scene.s.azure.operation(time, person.upn, where, f"{COMPUTE}/write", f"worker-{n}")


@attack("VM deletion", "multiple-vm-deletion")
def vm_deletion(scene: Scene) -> Iterator[Record]:
    person, day = _has("azure" if scene.loud else "aws", scene)
    where = scene.s.pc(person, begin := scene.at(person, day, 10, 17))
    for n, time in enumerate(scene.times(begin, 30, 10) if scene.loud else scene.times(begin, 12, 90)):
        if scene.loud:
            yield scene.s.azure.operation(time, person.upn, where, f"{COMPUTE}/delete", f"srv-{n}")
        else:
            request = {"instancesSet": {"items": [{"instanceId": f"i-{n:012x}"}]}}
            yield scene.s.aws.call(time, person.upn, where, "TerminateInstances", "ec2", request, region=scene.s.regions[0])


@attack("storage deletion", "multiple-storage-deletion")
def storage_deletion(scene: Scene) -> Iterator[Record]:
    person, day = _has("aws" if scene.loud else "azure", scene)
    where = scene.s.pc(person, begin := scene.at(person, day, 10, 17))
    for n, time in enumerate(scene.times(begin, 25, 15) if scene.loud else scene.times(begin, 8, 120)):
        if scene.loud:
            request = {"bucketName": f"customer-data-{n}"}
            yield scene.s.aws.call(time, person.upn, where, "DeleteBucket", "s3", request, region=scene.s.regions[0])
        else:
            yield scene.s.azure.operation(time, person.upn, where, f"{STORAGE}/delete", f"store{n}")


@attack("uncommon region", "unusual-region-for-cloud-resource", "multiple-vm-creation")
def region(scene: Scene) -> Iterator[Record]:
    """Loud: a dozen machines on the other side of the world. Quiet: a single one; in Azure, if that is what the person uses."""
    person, day = scene.victim(lambda one: bool(one.roles & {"aws", "azure"}))
    where = scene.s.pc(person, begin := scene.at(person, day, 10, 17))
    for n, time in enumerate(scene.times(begin, 12 if scene.loud else 1, 30)):
        if "aws" in person.roles:
            place = scene.random.choice(("ap-southeast-3", "sa-east-1", "af-south-1"))
            yield scene.s.aws.call(time, person.upn, where, "RunInstances", "ec2", _machine(1, "g5.xlarge"), region=place)
        else:
            yield scene.s.azure.operation(time, person.upn, where, f"{COMPUTE}/write", f"vm-far-{n}", location="brazilsouth")


@attack("log tampering", "audit-log-tampering", "audit-log-switched-off", "aws-audit-log-stopped")
def tampering(scene: Scene) -> Iterator[Record]:
    """Loud: the trail is stopped and deleted. Quiet: one mailbox is taken out of the audit."""
    if scene.loud:
        person, day = scene.victim(lambda one: "aws" in one.roles)
        where = scene.host(None, PYTHON)
        begin = scene.at(person, day)
        yield scene.s.aws.call(
            begin, person.upn, where, "StopLogging", "cloudtrail", {"name": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}
        )
        yield scene.s.aws.call(begin + 60_000, person.upn, where, "DeleteTrail", "cloudtrail", {"name": "main"})
        return
    person, day = scene.victim(lambda one: bool(one.roles & {"administrator", "helpdesk"}))
    where = scene.s.pc(person, begin := scene.at(person, day))
    if scene.random.random() < 0.5:
        parameters = {"Identity": scene.s.people[2].upn, "AuditBypassEnabled": "True"}
        yield scene.s.m365.cmdlet(begin, person.upn, where, "Set-MailboxAuditBypassAssociation", scene.s.people[2].upn, parameters)
    else:
        kind = "Microsoft.Insights/diagnosticSettings/delete"
        yield scene.s.azure.operation(begin, person.upn, where, kind, "to-siem")
