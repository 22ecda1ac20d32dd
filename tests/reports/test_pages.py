"""The report as HTML, Markdown and JSON: the same content, and nothing in it but text."""

import json
import re
from html.parser import HTMLParser

import pytest
from alerts_of_a_month import MONTH

from casbd.reports.document import Chart, Code, Document, Paragraph, Section, Step, Steps, Table
from casbd.reports.html import html
from casbd.reports.making import monthly
from casbd.reports.markdown import markdown
from casbd.reports.words import document
from casbd.reports.writing import written

HOSTILE = '<script>alert(1)</script>|`[x](javascript:y)\x1b[31m\u202e"& http://evil.example'
VOID = {"meta", "rect", "line", "br"}


class Page(HTMLParser):
    """All elements with their attributes, and the text of each kind; every one that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open = [], "", []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data + "\n"

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def report(lived, sources):
    return monthly(sources, MONTH)


def everything(text):
    """A page with each kind of block, all of them saying the same."""
    blocks = [
        Paragraph(text),
        Table((text,), [(text,), (None,), (1,)]),
        Chart("bars", text, [text], {text: [3]}, text),
        Chart("columns", text, [text, "b"], {text: [3, 0], "High": [1, 2]}, text),
        Chart("line", text, [text], {text: [3]}, text),
        Code(text, "diff"),
        Steps([Step(text, text, text)], text),
        Steps([], text),
    ]
    return Document(text, text, [Section(text, blocks)], text)


def test_a_page_of_a_month(report):
    page = Page(written(report, ".html").decode())
    assert {"svg", "table", "h1", "h2"} <= {name for name, _ in page.elements}
    assert "Cloud app security: January 2026" in page.text
    assert "backup@contoso.com" in page.text


def test_it_loads_nothing_and_runs_nothing(report):
    page = Page(written(report, ".html").decode())
    allowed = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section"}
    allowed |= {"h1", "h2", "p", "dl", "div", "dt", "dd", "figure", "figcaption", "table", "thead", "tbody", "tr", "th", "td"}
    allowed |= {"svg", "desc", "text", "rect", "line", "polyline", "polygon", "ol", "li", "strong", "code", "pre", "span", "br"}
    assert {name for name, _ in page.elements} <= allowed
    attributes = {name for _, of in page.elements for name in of}
    assert not attributes & {"src", "href", "style", "xlink:href"}
    assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in html(document(report))


def test_hostile_text_is_text():
    page = Page(html(everything(HOSTILE)))
    assert not page.all("script")
    assert page.text.count("<script>alert(1)</script>") >= 12
    assert not {"\x1b", "\u202e"} & {*html(everything(HOSTILE))}


def test_charts_are_said_in_words(report):
    page = Page(html(document(report)))
    for chart in page.all("svg"):
        assert chart["role"] == "img"
        title, description = chart["aria-labelledby"].split()
        assert {title, description} <= {attributes.get("id") for _, attributes in page.elements}
    idents = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(idents) == len({*idents})
    assert "Jan: High 3, Medium 4." in page.text


def test_heads_of_tables_have_their_scope(report):
    assert {head["scope"] for head in Page(html(document(report))).all("th")} == {"col"}


def test_big_numbers_have_separators():
    text = html(Document("", "", [Section("", [Table(("n",), [(1234567,)]), Chart("bars", "", ["a"], {"": [7654321]}, "")])], ""))
    assert "1,234,567" in text
    assert "7,654,321" in text


def test_a_month_of_nothing_is_a_page(core, sources):
    page = Page(html(document(monthly(sources, MONTH))))
    assert "No incidents in January 2026" in page.text


def test_the_numbers_of_an_axis_have_room():
    text = html(Document("", "", [Section("", [Chart("line", "t", ["a"], {"x": [9_876_543]}, "things")])], ""))
    (place,) = re.findall('<text x="(\\d+)"[^>]*>10,000,000<', text)
    assert int(place) >= 7 * len("10,000,000")


@pytest.mark.parametrize("kind", ["bars", "columns", "line"])
@pytest.mark.parametrize("values", [[], [0], [0, 0], [1], [10**12, 3]])
def test_a_chart_of_any_numbers(kind, values):
    text = html(Document("", "", [Section("", [Chart(kind, "t", [*map(str, values)], {"x": values}, "things")])], ""))
    assert not re.search('nan|inf|-\\d+\\.?\\d*" height', text)
    for rect in Page(text).all("rect"):
        assert float(rect["height"]) > 0


def test_markdown_says_the_same(report):
    text = markdown(document(report))
    assert text.startswith("# Cloud app security: January 2026\n")
    assert "| backup@contoso.com | 4 |" in text
    headings = re.findall("^## (.*)$", text, re.MULTILINE)
    assert headings == [section.title for section in document(report).sections]


def test_markdown_holds_no_markup_of_others():
    text = markdown(everything(HOSTILE))
    outside = re.sub(r"^(`{3,}).*?^\1$|``.*?``", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "\\<script\\>" in outside
    assert not re.search(r"(?<!\\)[<\[|]script|(?<!\\)\]\(", outside)
    assert "http://" not in outside
    assert not {"\x1b", "\u202e"} & {*text}


def test_a_fence_is_longer_than_those_in_its_text():
    text = markdown(Document("", "", [Section("", [Code("+ ````\n- a", "diff")])], ""))
    assert "`````diff\n+ ````\n- a\n`````" in text


def test_json_has_the_same_numbers(report):
    written_report = json.loads(written(report, ".json"))
    assert written_report["incidents"] == {"month": 7, "before": 1}
    assert written_report["noisy"][0]["tuning"]["removed"] == 4
    assert written_report["since"] == "2026-01-01T00:00:00.000Z"


def test_each_kind_of_block_is_written_by_all():
    for block in everything("x").sections[0].blocks:
        assert html(Document("", "", [Section("", [block])], ""))
        assert markdown(Document("", "", [Section("", [block])], ""))
