"""Who somebody is: one canonical form of an account's name, by which names are compared, protected and counted.

The same name is written in many ways, some of them on purpose: full-width letters, blanks and characters that nobody sees, a trailing
dot, the prefixes of mail and of SharePoint's claims, a guest's name in somebody else's tenant. Forms are of UAX #15 (NFKC), what is
invisible of UAX #44 (Default_Ignorable_Code_Point), guests of Microsoft's "Properties of a Microsoft Entra B2B collaboration user".
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any

from casbd.remembered import Remembered

LONGEST = 320
"""Characters of an e-mail address (RFC 5321, 4.5.3.1); no vendor has longer names."""

_LONGEST_LOOKED_AT = 10 * LONGEST

PLAIN = r"[a-z0-9._+'\\-]*[a-z0-9_+'\\-](@[a-z0-9.-]*[a-z0-9-])?"
"""Names that are their own canonical form, almost all; an expression of RE2 and of Python."""
_PLAIN = re.compile(PLAIN)
_PLAIN_ADDRESS = re.compile(r"[a-z0-9._+'-]*[a-z0-9_+'-]@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
"""Those of them that are addresses: what most activities have, and every counted one is asked about."""
_ANYWHERE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|s-1-[0-9-]+|[0-9a-f]{16}(@.*)?")
_ADDRESS = re.compile(r"[^\s@\\]+@[\w-]+(\.[\w-]+)+")
_GUEST = re.compile(r"([^@#]+)_([\w-]*(?:\.[\w-]+)+)#ext#@.*")
"""`anna_fabrikam.com#EXT#@contoso.onmicrosoft.com`: no domain has a `_`, so the last one stands for the `@`."""
_PREFIXES = re.compile(r"(?:smtp:|mailto:|sip:|upn:|live\.com#|i:0[#a-z0-9.]*\.f\|membership\|)+")
"""`live.com#` is a Microsoft account, in another's tenant."""
_BETWEEN = re.compile(r"[\s:;,#|/\\<>()\"'&=]+")
"""What stands around an address in longer names: `AROAEXAMPLE:anna@contoso.com`, `Anna <anna@contoso.com>`."""
_AROUND_BACKSLASH = re.compile(r"\s*\\\s*")
_TAG = re.compile(r"(?<=[^+@])\+[^@]*(?=@)")
"""Of RFC 5233: `anna+news@contoso.com` is a mailbox of anna@contoso.com's."""
_EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"}
"""Scripts that stand beside Latin in one word (UTS #39, 5.2, "Highly Restrictive")."""
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")
"""What nobody sees and Unicode does not call a format character (Cf)."""


def canonical(name: str) -> str:
    """A name in the one form in which names are compared; that of a guest is the address at home."""
    if _PLAIN.fullmatch(name):
        return name
    return _others[name if len(name) <= _LONGEST_LOOKED_AT else _shortened(name)]


def _canonical(name: str) -> str:
    plain = spelling(name)
    if ":" in plain or "#" in plain:
        plain = _PREFIXES.sub("", plain, count=1).strip()
    guest = _GUEST.fullmatch(plain) if "#ext#" in plain else None
    return f"{guest[1]}@{guest[2]}" if guest else plain


def _shortened(name: str) -> str:
    """Of a name of megabytes, which nobody has, its beginning and a hash of the whole: bringing it into its form would take seconds."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{name[:LONGEST]}...{digest}"


_others = Remembered(_canonical, 10_000)


def spelling(name: str) -> str:
    """A name without what only looks different: case, width, blanks around it, characters that nobody sees, dots at its end."""
    if name.isascii():  # the same, in a hundredth of the time: a name of a kilobyte would make each policy that counts users dear
        return name.casefold().strip().rstrip(". ")
    seen = "".join(letter for letter in _UNSEEN.sub("", name) if unicodedata.category(letter) != "Cf")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return _UNSEEN.sub("", folded).strip().rstrip(". ")


def is_odd(name: str) -> bool:
    """Whether a name is written otherwise than accounts' names are, but for case: it may be meant to pass for another one."""
    plain = spelling(name)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()) != plain or _mixes_scripts(plain)


def _mixes_scripts(plain: str) -> bool:
    """Whether a word has letters of two alphabets, as `anna` with a Cyrillic `\u0430`."""
    return not plain.isascii() and any(len({*map(_script, word)} - _EAST_ASIAN) > 1 for word in re.findall(r"[^\W\d_]+", plain))


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def is_address(name: str) -> bool:
    """Whether a name, in its canonical form, is a user principal name or an e-mail address, and so nobody else's anywhere."""
    return _ADDRESS.fullmatch(name) is not None


Who = str | tuple[str, str, str]
"""An address, or a name with its app and its instance."""


def whose(user: str, app: str | None, instance: str | None) -> Who:
    """Whose activities are taken together: an address is one person in all apps, any other name one within its app and instance."""
    if _PLAIN_ADDRESS.fullmatch(user):
        return user
    name = canonical(user)
    return name if is_address(name) else (name, (app or "").casefold(), (instance or "").casefold())


def whose_id(user_id: str, app: str | None, instance: str | None) -> Who:
    """The same of an id: object ids, security identifiers and Microsoft's passport ids are one everywhere, `1001` is not."""
    name = user_id.casefold()
    return name if _ANYWHERE.fullmatch(name) else (name, (app or "").casefold(), (instance or "").casefold())


def person(user: str, app: str | None, instance: str | None) -> str:
    """The same of a user as one text."""
    return text_of(whose(user, app, instance))


def text_of(who: Who) -> str:
    """As one text, different for each: a name with its app and instance is a JSON list."""
    return who if isinstance(who, str) else json.dumps(who)


def named(user: str, app: str | None, instance: str | None) -> str:
    """A user for people: a name that is no address with its app and instance, `bob (AWS, 111122223333)`."""
    who = whose(user, app, instance)
    return user if isinstance(who, str) else _for_people([user, app or "", instance or ""])


def for_people(text: str) -> str:
    """What `text_of` gave, or a list of such, for people: `bob (aws, 111122223333)`."""
    try:
        parts = json.loads(text) if text.startswith("[") else None
    except ValueError:
        parts = None
    return _for_people(parts) if isinstance(parts, list) else text


def _for_people(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    if len(value) == 3 and all(isinstance(one, str) for one in value):
        name, *place = value
        return f"{name} ({', '.join(filter(None, place))})" if any(place) else name
    return ", ".join(map(_for_people, value))


def names_of(user: str) -> tuple[str, ...]:
    """The names under which a user may be known to who protects: `CONTOSO\\\\anna` is `anna` there, a guest the address at home, too.

    An address that stands somewhere in a longer name is one of them, and each is there again as those directories write it that take
    `anna+x`, `\u00e0nna` and an international domain for the same.
    """
    if len(user) > 4 * LONGEST:
        return (canonical(user), spelling(user))
    forms = (canonical(user), spelling(user).replace("%40", "@"))
    names = [form for whole in forms for form in (whole, _AROUND_BACKSLASH.sub("\\\\", whole), whole.rpartition("\\")[2].strip())]
    whole = forms[1]
    names += [part for part in _BETWEEN.split(whole) if is_address(part)]
    return tuple(dict.fromkeys(form for name in names for form in (name, _TAG.sub("", name), alike(name), alike(_TAG.sub("", name)))))


def alike(name: str) -> str:
    """A name as those directories compare it that know no accents (Active Directory) and no international domains; of no other use."""
    local, at, domain = name.rpartition("@")
    letters = unicodedata.normalize("NFKD", f"{local}{at}{_international(domain)}".upper()).casefold()
    return spelling("".join(letter for letter in letters if not unicodedata.combining(letter)))


def _international(domain: str) -> str:
    """A domain without the labels of RFC 5891, as people read it."""
    try:
        return domain.encode("ascii").decode("idna") if "xn--" in domain else domain
    except UnicodeError:
        return domain
