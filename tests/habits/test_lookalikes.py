"""Names that imitate others: the same alerts in any order, and what is honest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits.anomaly import DAY
from casbd.habits.imitations import imitated, imitated_of_all, is_disguised, skeleton, well_known
from casbd.habits.lookalikes import Lookalike
from casbd.model.counted import Entry

from .orders import activities, raised, same_in_any_order

MATCH = Lookalike(lookalike=("object_name",))


@pytest.mark.parametrize("of", [(), ("contoso backup",)])
@settings(max_examples=200)
@given(given=activities(("contoso backup", "contoso bakcup", "zoom", "micros0ft teams")))
def test_neither_order_nor_cuts_nor_restarts_matter(given, of):
    same_in_any_order(Lookalike(lookalike=("object_name",), of=of), given)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Micros0ft Teams", "Microsoft Teams"),
        ("Mícrosoft Teams", "Microsoft Teams"),
        ("\u041c\u0456crosoft Outlook", "Microsoft Outlook"),
        ("Sha\u200brePoint", "SharePoint"),
        ("\u0440\u0430\u0443\u0440\u0430\u04cf", "PayPal"),
        ("Docusgin", "DocuSign"),
        ("Adobe Acrobat Sgin", "Adobe Acrobat Sign"),
        ("\uff2dicrosoft Corporation", "Microsoft Corporation"),
        ("Google Orive", "Google Drive"),
    ],
)
def test_imitations_of_what_everybody_knows(name, other):
    assert imitated_of_all(name.casefold()) == other


@pytest.mark.parametrize(
    "name",
    [
        "Microsoft Teams",
        "MICROSOFT TEAMS",
        "Zoom for Outlook",
        "Office Timeline",
        "Teams",
        "Microsoft Teams Rooms",
        "Календарь",
        "会議",
        "Dropbox Sign",
        "Miro",
    ],
)
def test_honest_names(name):
    assert imitated_of_all(name.casefold()) is None
    assert not is_disguised(name)


def test_what_everybody_knows_imitates_nothing():
    names = [*well_known().values()]
    assert [name for name in names if imitated_of_all(name)] == []


def test_what_stands_between_words_neither_hides_an_imitation_nor_makes_one():
    assert imitated_of_all("rnicrosoft_office") == imitated_of_all("rnicrosoft  office") == "Microsoft Office"
    assert imitated_of_all("Microsoft_Teams") is imitated_of_all("microsoft-teams.") is None
    assert imitated("Cont0so_Backup", ["Contoso Backup"]) == "Contoso Backup"
    assert imitated("Contoso-Backup", ["Contoso Backup"]) is None


def test_versions_and_plurals_are_other_names():
    assert imitated("backup server 2", ["backup server 1"]) is None
    assert imitated("contoso backups", ["contoso backup"]) is None
    assert imitated("contoso backup", ["contoso backup"]) is None


def test_letters_of_another_alphabet_between_latin_ones_are_a_disguise_of_whatever():
    assert is_disguised("contoso backu\u03c1")
    assert not is_disguised("\u0440\u0430\u0443")


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_can_be_asked_about(one, other):
    assert imitated(one, [one]) is None or skeleton(one) == skeleton(one)
    imitated(one, [other])
    imitated_of_all(one)


def test_a_name_that_colleagues_use_is_accepted():
    use = [(who, Entry(day * DAY, 1, f"{who}{day}", "contoso bakcup")) for day, who in enumerate("abcd")]
    known = [("z", Entry(0, 1, "z", "contoso backup"))]
    late = [(who, Entry(entry.timestamp + 5 * DAY, 1, entry.activity_id, entry.value)) for who, entry in use]
    assert [who for who, *_ in raised(MATCH, known + late, range(99))[0]] == ["a", "b", "c", "d"]
    later = [("e", Entry(20 * DAY, 1, "e", "contoso bakcup"))]
    assert [who for who, *_ in raised(MATCH, known + late + later, range(99))[0]] == ["a", "b", "c", "d"]
