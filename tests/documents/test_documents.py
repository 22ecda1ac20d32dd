"""YAML files that people write: YAML 1.2, every mistake with its place, and nothing that makes casbd stop."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field

from casbd.documents import MAX_BYTES, Document, nearest
from casbd.errors import MOST_OF_A_MESSAGE, Mistake, Mistakes


@pytest.fixture
def read(tmp_path):
    """The document of some text or bytes, in a file `f.yaml`."""

    def read(content):
        path = tmp_path / "f.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Document(path)

    return read


@pytest.fixture
def mistakes(read, tmp_path):
    """`f.yaml:line:column: message` for each mistake in some text."""

    def mistakes(content, model=None):
        with pytest.raises(Mistakes) as caught:
            read(content).check(model or Whole)
        return [str(mistake).removeprefix(f"{tmp_path}/") for mistake in caught.value.mistakes]

    return mistakes


@pytest.mark.parametrize("number", ["0x" + "f" * 300, "-0x" + "f" * 300, "9" * 400, "0o" + "7" * 400])
def test_a_number_that_nobody_counts_with_is_a_mistake(mistakes, number):
    assert mistakes(f"a:\n  b: {number}\n")[0] == "f.yaml:2:6: the number is too large"


class TestValues:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("NO", "NO"),
            ("no", "no"),
            ("yes", "yes"),
            ("on", "on"),
            ("true", True),
            ("True", True),
            ("false", False),
            ("~", None),
            ("null", None),
            ("", None),
            ("1", 1),
            ("-5", -5),
            ("0o17", 15),
            ("0x1F", 31),
            ("1.5", 1.5),
            ("1:30", "1:30"),
            ("5m", "5m"),
            ('"NO"', "NO"),
            ("'true'", "true"),
            ("[a, [b]]", ["a", ["b"]]),
            ("{a: {b: c}}", {"a": {"b": "c"}}),
        ],
    )
    def test_are_those_of_yaml_1_2(self, read, text, value):
        found = read(f"key: {text}\n").data["key"]
        assert found == value
        assert type(found) is type(value)

    def test_anchors_and_repeated_use(self, read):
        assert read("a: &x [1, true]\nb: *x\nc: [*x, *x]\nd: &t true\ne: *t\n").data == {
            "a": [1, True],
            "b": [1, True],
            "c": [[1, True], [1, True]],
            "d": True,
            "e": True,
        }
        assert read("d: &t true\ne: *t\n").data["e"] is True

    @pytest.mark.parametrize("content", ["", "# only a comment\n", "---\n", b"\xef\xbb\xbf"])
    def test_an_empty_file(self, read, content):
        assert read(content).data is None

    def test_a_byte_order_mark_and_windows_line_ends(self, read):
        assert read(b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n  y]\r\n").data == {"a": 1, "b": ["x", "y"]}

    def test_a_list(self, read):
        assert read("- a\n- b\n").data == ["a", "b"]

    def test_a_key_that_is_no_text(self, read):
        assert list(read("1: a\n").data) == ["1"]


class TestMistakes:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("a:\n\t- b\n", "f.yaml:2:1: found character"),
            ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: "),
            ("a: b: c\n", "f.yaml:1:5: no `key: value` can stand here"),
            ("a: [1, 2\nb: 3\n", "f.yaml:2:"),
            ("a: *nope\n", "f.yaml:1:4: found undefined alias"),
            ("a: 1\n---\nb: 2\n", "f.yaml:2:1: but found another document"),
            (b"a: \xff\n", "f.yaml:0:0: is not UTF-8 (byte 3)"),
            ("a: \x00\n", "f.yaml:0:0: is no YAML"),
            ("a: !!python/object/apply:os.system [id]\n", "f.yaml:1:"),
            ("&x {a: *x}\n", "f.yaml:"),
            ("a: &x [1, *x]\n", "f.yaml:"),
            ("[" * 100_000, "f.yaml:"),
            ("[" * 100_000 + "]" * 100_000, "f.yaml:"),
            ("- " * 100_000 + "x", "f.yaml:"),
            ("? " * 100_000 + "x", "f.yaml:"),
            ("- " * 900 + "x", "f.yaml:"),
            ("[" * 900 + "]" * 900, "f.yaml:"),
            ("\n".join(" " * level + "a:" for level in range(900)), "f.yaml:"),
            ("{a: " * 5000, "f.yaml:"),
            ('a: "\\ud800"\n', "f.yaml:1:"),
        ],
    )
    def test_have_their_place(self, mistakes, content, message):
        (found,) = mistakes(content)
        assert found.startswith(message)
        assert "\n" not in found

    def test_tabs_have_a_hint(self, mistakes):
        assert "indent with blanks, not with tabs" in mistakes("a:\n\t- b\n")[0]

    @pytest.mark.parametrize("content", ["a:\n- b: 1\n  c: 2\n d: 3\n", "a: 1\n   b: 2\n", "a:\n  b: 1\n c: 2\n"])
    def test_wrong_indentation_has_a_hint(self, mistakes, content):
        assert "begin in the same column" in mistakes(content)[0]

    def test_anchors_cannot_explode(self, mistakes):
        """Nine times nine times nine ... : a billion laughs."""
        lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
        assert mistakes("\n".join(lines)) == ["f.yaml:0:0: too many values (anchors that refer to anchors?)"]

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(Mistakes, match=r"f\.yaml:0:0: cannot be read: No such file"):
            Document(tmp_path / "f.yaml")

    def test_a_directory(self, tmp_path):
        with pytest.raises(Mistakes, match="cannot be read: Is a directory"):
            Document(tmp_path)

    def test_a_file_that_is_too_large(self, tmp_path):
        path = tmp_path / "f.yaml"
        with path.open("wb") as file:
            file.truncate(MAX_BYTES + 1)
        with pytest.raises(Mistakes, match="larger than 8 MiB"):
            Document(path)


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = 0


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: list[Part] = []
    one: Part | None = None
    severity: str = "low"
    sizes: Annotated[tuple[int, ...], Field(min_length=1)] = (1,)


class TestCheck:
    def test_tells_every_mistake_at_its_place(self, mistakes):
        text = "parts:\n  - name: a\n    size: big\n  - sise: 1\nsevrity: high\none:\n  nam: x\n"

        found = mistakes(text, Whole)

        assert found == [
            "f.yaml:3:11: `parts[0].size`: should be a whole number",
            "f.yaml:4:5: `name` is missing",
            "f.yaml:4:5: unknown key `sise` (did you mean `size`?)",
            "f.yaml:5:1: unknown key `sevrity` (did you mean `severity`?)",
            "f.yaml:6:1: `name` is missing",
            "f.yaml:7:3: unknown key `nam` (did you mean `name`?)",
        ]

    def test_a_list_whose_elements_are_all_wrong_is_not_called_empty(self, mistakes):
        assert mistakes("sizes: [big]\n", Whole) == ["f.yaml:1:9: `sizes[0]`: should be a whole number"]
        assert mistakes("sizes: []\n", Whole) == ["f.yaml:1:8: `sizes`: should not be empty"]

    def test_an_unknown_key_like_nothing_gets_all_that_are_allowed(self, mistakes):
        assert mistakes("xyzzy: 1\n", Whole) == ["f.yaml:1:1: unknown key `xyzzy` (allowed: one, parts, severity, sizes)"]

    @pytest.mark.parametrize("text", ["- a\n", "text\n", "5\n"])
    def test_something_else_than_a_mapping(self, mistakes, text):
        (found,) = mistakes(text, Whole)
        assert found.startswith("f.yaml:1:1: ")

    def test_an_empty_file_is_an_empty_mapping(self, read):
        assert read("").check(Whole) == Whole()

    def test_a_place_deeper_than_the_document_is_that_of_the_nearest_parent(self, read):
        document = read("a:\n  - b: 1\n  -  c: 2\n")
        assert document.place(["a", 1, "c"]) == (3, 6)
        assert document.place(["a", 1, "c"], at_key=False) == (3, 9)
        assert document.place(["a", 1, "c", "d", 5]) == (3, 6)
        assert document.place(["a", 7]) == document.place(["a"]) == (1, 1)
        assert document.place([]) == (1, 1)


def test_nearest():
    assert nearest("sevrity", ["severity", "name"]) == "did you mean `severity`?"
    assert nearest("x", ["b", "a"]) == "allowed: a, b"
    assert nearest("x", []) == ""


class TestSeveral:
    def test_each_line_keeps_its_number(self, tmp_path):
        documents = Document.several(tmp_path / "x.yaml", "# head\na: 1\n---\nb: 1\n--- # c\nc: 1\n---\n\nd: 1\n")
        assert [next(iter(document.data)) for document in documents] == ["a", "b", "c", "d"]
        assert [document.place(list(document.data))[0] for document in documents] == [2, 4, 6, 9]

    @pytest.mark.parametrize(
        "text", ["a: 1\n", "---\na: 1\n", "# x\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "--- {a: 1}\n", "a: |\n  ---\n  b\n"]
    )
    def test_one_is_one(self, tmp_path, text):
        (document,) = Document.several(tmp_path / "x.yaml", text)
        assert list(document.data) == ["a"]

    @pytest.mark.parametrize(
        "text", ["a: 1\n---\n", "a: 1\n---\n---\n# nothing\n---\n", "---\n---\na: 1\n...\n---\n...\n", "%YAML 1.2\n---\na: 1\n"]
    )
    def test_an_empty_one_is_none(self, tmp_path, text):
        assert [document.data for document in Document.several(tmp_path / "x.yaml", text)] == [{"a": 1}]

    def test_marks_of_the_byte_order_between_them(self, tmp_path):
        found = Document.several(tmp_path / "x.yaml", "a: 1\r\n\ufeff---\r\nb: 1\r\n---\r\n\ufeffc: [https://x]\r\n")
        assert [document.data for document in found] == [{"a": 1}, {"b": 1}, {"c": ["https://x"]}]
        assert (found[1].place(["b"]), found[2].place(["c"])) == ((3, 1), (5, 1))

    def test_what_can_be_read_is_there_beside_what_is_wrong(self, tmp_path):
        found, wrong = Document.readable(tmp_path / "x.yaml", "a: 1\na: 2\n---\n[\n---\nc: 1\n")
        assert [document.data for document in found] == [{"a": 2}, {"c": 1}]
        assert [mistake.line for mistake in wrong] == [2, 5]
        assert Document.readable(tmp_path / "nowhere.yaml")[0] == []

    def test_one_completes_another(self, tmp_path):
        text = "a: 1\nb: {c: 1, d: 1}\ne: [1]\n---\nb: {d: 2}\ne: [2]\n"
        head, own = Document.several(tmp_path / "x.yaml", text)
        found = own.completed(head)
        assert found.data == {"a": 1, "b": {"c": 1, "d": 2}, "e": [2]}
        assert [found.place(where) for where in (["a"], ["b", "c"], ["b", "d"])] == [(1, 1), (2, 5), (5, 5)]
        assert own.data == {"b": {"d": 2}, "e": [2]}

    def test_there_are_not_too_many(self, tmp_path):
        with pytest.raises(Mistakes, match="more than 100 documents"):
            Document.several(tmp_path / "x.yaml", "a: 1\n---\n" * 100_000)

    def test_what_is_wrong_in_any_of_them_is_told(self, tmp_path):
        with pytest.raises(Mistakes) as caught:
            Document.several(tmp_path / "x.yaml", "a: [\n---\nb: 1\nb: 2\n")
        assert [mistake.line for mistake in caught.value.mistakes] == [2, 4]


def test_an_anchor_may_be_there_twice_without_a_warning(read):
    assert read("a: &x [a:b]\nb: &x 2\nc: *x\n").data["c"] == 2  # tests fail at warnings; `a:b` is for the slow parser


def test_what_is_quoted_is_cut():
    mistake = Mistake("f.yaml", 1, 1, f"`{'a' * 100_000}` is nothing", f"[{'b' * 100_000}]")
    assert len(mistake.message) == len(mistake.hint) == MOST_OF_A_MESSAGE
    assert len(str(mistake)) < 2 * MOST_OF_A_MESSAGE + 50
