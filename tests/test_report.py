"""The report of an audit: the first wrong step first, every number once, the same in every form."""

import re
from html.parser import HTMLParser

import pytest

from engine import Value
from viz import draw
from viz.auditing import report
from viz.auditing.findings import SIGNS, headline, like, roots, span, table
from viz.auditing.marking import picture
from viz.auditing.problem import Problem
from viz.auditing.verdicts import (
    BLANK,
    CARRIED,
    DIGITS,
    FORMULA,
    INHERITED,
    RESULT,
    RIGHT,
    UNREAD,
    WORKING,
    WRONG,
    Row,
    Slip,
)
from viz.palette import MARKS, contrast


@pytest.fixture
def problem():
    return Problem.written(
        {"x": [1.0, 2.0], "y": 4.0}, {"W": [[0.5, 0.1], [0.2, 0.3]], "v": [1.0, -1.0]},
        {"h": "x @ W", "y_hat": "v @ h", "L": "(y_hat - y)^2"}, title="two by two")


@pytest.fixture
def rows():
    swap = Slip("digits swapped", "two digits changed places: 0.48 became 0.84", 0.84)
    other = Slip("factor lost", "the factor v is missing", 0.8401)
    matrix = [Row(5 + k, "Backward", f"∂L/∂W[{k // 2 + 1},{k % 2 + 1}]", RESULT, "1.23", 1.2345,
                  1.2345, DIGITS) for k in range(4)]
    return [
        Row(1, "Forward", "h[1]", WORKING, "1.0*0.5 + 2.0*0.2", 0.9, 0.9, RIGHT),
        Row(2, "Forward", "h[1]", RESULT, "0.9", 0.9, 0.9, RIGHT),
        Row(3, "Forward", "y_hat", RESULT, "0.84", 0.4831, 0.4752, WRONG, (swap, other)),
        Row(4, "Forward", "L", RESULT, "9.99", 12.3652, 9.9856, INHERITED, (), (3,)), *matrix,
        Row(9, "Update", "W[1,1]'", RESULT, "0.51", 0.4, 0.51, INHERITED, (), (4,)),
        Row(10, "Update", "v[1]'", RESULT, "0.94", 0.9312, 0.9402, CARRIED),
        Row(11, "Update", "v[2]'", RESULT, "?", -1.2, -1.2, BLANK),
        Row(12, "Update", "nothing", FORMULA, "a|b <i>`", 0.0, None, UNREAD, note="no such *name*"),
        Row(13, "Update", "L'", RESULT, "7.5", 9.1, None, WRONG)]


FORMS = [report.text, report.markdown, report.html]


@pytest.mark.parametrize("form", FORMS)
def test_what_was_not_read_is_listed_with_its_reason(form, rows, problem):
    said = re.sub("<[^>]*>", " ", form(rows, problem)).replace("\\", "")
    part = said[said.index("Not read"):said.index("The statements")]
    assert "#12" in part and "such *name*" in part
    assert "Not read" not in form(rows[:3], problem)


def test_the_headline_says_what_was_not_judged(rows):
    assert headline(rows).endswith("; 1 could not be read, 1 is blank.")
    assert headline([*rows[:2], rows[10], rows[10]]) == (
        "Nothing wrong was found in 4 statements; 2 are blank.")
    assert headline([*rows[:2], rows[11]]) == (
        "Nothing wrong was found in 3 statements; 1 could not be read.")


@pytest.mark.parametrize("form", FORMS)
def test_what_was_not_judged_shows_no_nan(form, problem):
    nan = float("nan")
    blank = Row(1, "", "L", RESULT, "?", nan, nan, BLANK)
    unread = Row(2, "", "q", RESULT, "q = 3", nan, None, UNREAD, note="no name")
    said = re.sub("<style>.*?</style>|<svg.*?</svg>", "", form([blank, unread], problem),
                  flags=re.DOTALL)
    assert "nan" not in said and "q = 3" in said


@pytest.mark.parametrize("form", FORMS)
def test_names_keep_their_case(form, problem):
    slip = Slip("wrong name", "e is used instead of E", 2.0)
    said = form([Row(1, "", "h[1]", RESULT, "2.0", 0.9, 0.9, WRONG, (slip,))], problem)
    assert said.count("e is used instead of E") == 3 and "E is used" not in said


@pytest.mark.parametrize("form", FORMS)
def test_the_first_wrong_step_comes_before_everything_else(form, rows, problem):
    said = form(rows, problem)
    first = said.index("The first wrong step")
    assert first < said.index("What was found") < said.index("Where errors begin")
    assert said.index("Where errors begin") < said.index("The statements")
    part = said[first:said.index("What was found")]
    for words in ("#3", "y_hat", "0.84", "two digits changed places", "the factor v is missing"):
        assert words in part


def test_the_right_number_is_given_to_the_printed_digits_with_its_source(rows, problem):
    said = report.text(rows, problem)
    assert "should be   0.48 " not in said
    assert re.search(r"should be +0\.48$", said, re.M)                   # both round to 0.48
    told = report.text([rows[2]._replace(own=0.5352)], problem)
    assert re.search(r"should be +0\.54 from the numbers written before it\n +exactly +0\.48", told)
    working = rows[0]._replace(verdict=WRONG, own=0.90001)
    assert "written before it" not in report.text([working], problem)       # the same, to the eye


@pytest.mark.parametrize("form", FORMS)
def test_a_slip_shows_the_number_it_produces_and_none_is_invented(form, rows, problem):
    assert "(that gives 1.41)" in form(
        [rows[2]._replace(slips=(Slip("sign", "the sign is wrong", 1.4142),))], problem)
    assert "none of the slips that were tried explains it" in form(rows[-1:], problem)


def test_every_root_counts_what_inherits_from_it_at_first_and_second_hand(rows):
    found = roots(rows)
    assert [[r.number for r in root.rows] for root in found] == [[3], [13]]
    assert [[r.number for r in root.heirs] for root in found] == [[4, 9], []]


def test_elements_with_the_same_slip_are_one_root(rows):
    wrong = [row._replace(verdict=WRONG, slips=(Slip("sign", "the sign is wrong", 1.0),))
             for row in rows[4:8]]
    (root,) = roots(wrong)
    assert len(root.rows) == 4
    assert len(roots([wrong[0], wrong[1]._replace(slips=())])) == 2


@pytest.mark.parametrize("form", FORMS)
def test_the_counts_are_those_of_the_rows(form, rows, problem):
    plain = re.sub("<[^>]*>", " ", form(rows, problem))
    part = plain[plain.index("What was found"):plain.index("Where errors begin")]
    for verdict, count in ((RIGHT, 2), (DIGITS, 4), (INHERITED, 2), (WRONG, 2), (BLANK, 1)):
        assert re.search(rf"\b{count}\b[ |]+{verdict}\b|{verdict}[ |]+{count}\b", part), verdict


def test_right_elements_of_a_matrix_share_a_line_unless_all_are_asked_for(rows, problem):
    assert "5–8" in report.text(rows, problem)
    assert "∂L/∂W[1..2,1..2]" in report.text(rows, problem)
    assert "4 right within the printed digits" in report.markdown(rows, problem)
    for full in (report.text(rows, problem, full=True), report.markdown(rows, problem, full=True)):
        assert "5–8" not in full and full.count("∂L/∂W[") == 4


def test_a_wrong_element_stands_alone_between_right_ones(rows):
    matrix = [*rows[4:8]]
    matrix[2] = matrix[2]._replace(verdict=WRONG)
    ((_, lines),) = table(matrix)
    assert [(line.numbers, len(line.rows)) for line in lines] == [("5–8", 3), ("7", 1)]
    assert lines[0].name == "∂L/∂W[1,1], ∂L/∂W[1,2], ∂L/∂W[2,2]"


def test_every_row_is_in_the_table_once_and_under_its_step(rows):
    steps = table(rows, full=True)
    assert [step for step, _ in steps] == ["Forward", "Backward", "Update"]
    assert [r.number for _, lines in steps for line in lines for r in line.rows] == [*range(1, 14)]
    folded = [r.number for _, lines in table(rows) for line in lines for r in line.rows]
    assert sorted(folded) == [*range(1, 14)]


@pytest.mark.parametrize("form", [report.text, report.markdown])
def test_the_table_can_list_only_what_is_not_right_or_nothing(form, rows, problem):
    table = form(rows, problem, statements="wrong").partition("The statements")[2]
    assert "Forward" in table and "Backward" not in table
    assert "written out" not in table and "0.84" in table
    assert "The statements" not in form(rows, problem, statements="none")
    with pytest.raises(ValueError, match=r"'some' is not known: choose 'all', 'wrong' or 'none'"):
        form(rows, problem, statements="some")


def test_the_headings_of_markdown_can_stand_lower(rows, problem):
    high, low = report.markdown(rows, problem), report.markdown(rows, problem, level=3)
    assert low.startswith("### Audit: two by two\n")
    assert low.replace("\n##", "\n").removeprefix("##") == high


def test_a_formula_is_measured_by_the_exact_number(problem):
    row = Row(1, "", "h[1]", FORMULA, "v[1]", 0.9, None, WRONG)
    assert "should give 0.9;" in report.markdown([row], problem)
    assert "0.7 from the numbers written before it, and 0.9 exactly;" in report.markdown(
        [row._replace(kind=WORKING, own=0.7)], problem)
    chance = report.markdown([row._replace(note="it agrees by chance")], problem)
    assert "is another formula" in chance and "should give" not in chance


def test_nothing_wrong_is_said_kindly_and_names_no_step(rows, problem):
    said = report.text(rows[:2], problem)
    assert "All 2 statements are right. Well done!" in said
    assert "first wrong step" not in said and "errors begin" not in said
    assert "nothing to check" in report.text([], problem)


@pytest.mark.parametrize("form", FORMS)
def test_title_and_score_are_shown_as_they_are(form, rows, problem):
    said = form(rows, problem, "A & B", "3 of 8 points")
    assert "3 of 8 points" in said
    assert ("A &amp; B" if form is report.html else "A & B") in said
    assert "two by two" in form(rows, problem)


@pytest.mark.parametrize("x, text, more, expected", [
    (-11.07456, "-11.078", 0, "-11.075"), (-11.07456, "-11.078", 2, "-11.07456"),
    (0.5, "0.5", 2, "0.5"), (0.30055, "0.2005849", 0, "0.3005500"), (3.0, "3", 2, "3"),
    (2.5, "3", 0, "2.5"), (1 / 3, "1/3", 0, "0.333333"), (float("nan"), "0.5", 2, "nan"),
    (None, "0.5", 0, ""), (1.25e-5, "1.2e-5", 2, "0.00001250")])
def test_numbers_are_shown_to_the_digits_that_were_printed(x, text, more, expected):
    assert like(x, text, more) == expected


def test_spans_say_which_elements():
    assert span(["b[1]", "b[2]", "b[3]"]) == "b[1..3]"
    assert span(["∂h[1]/∂W[1,1]", "∂h[1]/∂W[2,1]"]) == "∂h[1]/∂W[1..2,1]"
    assert span(["b[1]", "b[3]"]) == "b[1], b[3]"
    assert span(["a", "a"]) == "a"


class Page(HTMLParser):
    """What a page holds, and whether its tags close in order."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "path", "polygon", "ellipse"})

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.rows, self.ids, self.targets = [], [], [], set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids.add(given.get("id"))
        if given.get("href", "").startswith("#"):
            self.targets.add(given["href"][1:])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_reaches_nowhere_and_its_tables_are_labelled(rows, problem):
    said = report.html(rows, problem)
    page = Page(said)
    assert not page.open and page.targets <= page.ids
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|@import|url\(", said)
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert tables == sum(tag == "caption" for tag, _ in page.tags) >= 4
    assert all(given.get("scope") in ("row", "col") for tag, given in page.tags if tag == "th")
    assert "<i>" not in said and "a|b &lt;i&gt;`" in said


def test_every_verdict_has_a_sign_besides_its_colour(rows, problem):
    assert len(set(SIGNS.values())) == len(SIGNS)
    page = report.html(rows, problem, drawn=False)
    for row in rows:
        line = page[page.index(f'<tr id="s{row.number}"'):]
        assert SIGNS[row.verdict] in line[:line.index("</tr>")]


def test_no_line_of_markdown_becomes_a_heading_by_a_number(rows, problem):
    wrong = [row._replace(verdict=WRONG) for row in rows[4:8]]
    for line in report.markdown(wrong, problem).splitlines():
        assert not line.lstrip(" -").startswith("#") or line.startswith(("# ", "## ", "### "))


def test_markdown_shows_every_text_as_itself(rows, problem):
    said = report.markdown(rows, problem)
    cells = [line for line in said.splitlines() if line.startswith("| 12 ")]
    assert cells == ["| 12 | `nothing` | `` a\\|b <i>` `` | 0 |  | ? unread: no such \\*name\\* |"]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in said.splitlines()
              if line.startswith("|") and line.endswith("|") and "how many" not in line}
    assert widths == {5, 7}


# ---- the picture

def test_the_picture_marks_each_number_where_it_stands(rows, problem):
    source = picture(rows, problem).source
    box = {name: line for line in source.splitlines()
           for name in ("y_hat", "h[1]", "W[1,1]", "W[1,2]", "v[1]") if f">{name}</FONT>" in line}
    assert "written 0.84" in box["y_hat"] and MARKS["wrong"].ink in box["y_hat"]
    assert "✓" in box["h[1]"] and "✗" not in box["h[1]"]
    assert "✓" in box["W[1,2]"]
    assert "after update" in box["W[1,1]"] and "written 0.51" in box["W[1,1]"]
    assert box["W[1,1]"].count(MARKS["inherited"].ink) >= 2                    # border and text
    assert "inherited from an earlier error" in source


def test_a_derivative_of_one_operation_is_marked_on_its_arrow(problem):
    row = Row(1, "", "∂h[1]/∂W[1,1]", RESULT, "2.0", 1.0, 1.0, WRONG)
    source = picture([row], problem).source
    arrows = [line for line in source.splitlines() if "✗ written 2.0" in line]
    assert len(arrows) == 1 and "->" in arrows[0]


def test_the_worst_of_several_marks_is_shown(problem):
    row = Row(1, "", "h[1]", RESULT, "0.9", 0.9, 0.9, RIGHT)
    wrong = row._replace(text="0.8", verdict=WRONG)
    for order in ([row, wrong], [wrong, row]):
        assert "✗" in picture(order, problem).source
        assert "✓ <" not in picture(order, problem).source


def test_the_picture_leaves_the_graph_as_it_was(rows, problem):
    before = [(v.label, v.grad) for v in problem.names.values()]
    problem.names["v[1]"].grad = 7.0
    picture(rows, problem)
    assert problem.names["v[1]"].grad == 7.0
    problem.names["v[1]"].grad = 0.0
    assert [(v.label, v.grad) for v in problem.names.values()] == before


def test_marks_can_be_drawn_by_hand_and_wrong_ones_are_refused():
    x = Value(2.0, label="x")
    y = x * 3.0
    y.backward()
    source = draw(y, marks={(x, "grad"): ("wrong", "written 4"), (y, x): ("right", "")}).source
    assert "✗" in source and "written 4" in source and "3 ✓" in source
    with pytest.raises(ValueError, match=r"marks='bad' is not known"):
        draw(y, marks={(x, "grad"): ("bad", "")})


def test_svg_says_its_font_once_and_keeps_its_words_and_spaces(rows, problem):
    drawing = picture(rows, problem)
    raw, short = drawing.pipe("svg").decode(), drawing.svg()
    assert short.count("font-family") == 1 < raw.count("font-family")
    assert re.findall(">([^<]*)</text>", short) == re.findall(">([^<]*)</text>", raw)
    assert short.count("xml:space") == raw.count("xml:space")
    assert len(short) < 0.85 * len(raw)


def test_the_inks_of_marks_can_be_read():
    for mark in MARKS.values():
        assert contrast(mark.ink, "#FFFFFF") >= 4.5 and contrast(mark.ink, mark.fill) >= 4.5


def test_the_graph_fits_the_page_and_opens_in_full_size(rows, problem):
    page = report.html(rows, problem)
    assert 'id="large"' in page and "#large:checked ~ .picture svg { max-width: none; }" in page
    assert "svg { max-width: 100%; height: auto; }" in page


def test_a_mark_keeps_off_the_number_before_it_in_every_font(rows, problem):
    page = report.html(rows, problem)
    signs = re.findall(r'<text[^>]* x="([-.\d]+)"[^>]*>[^<]*\S </text>\s*<text[^>]* x="([-.\d]+)"'
                       r'[^>]*>[✗↳✓]</text>', page)
    fitted = re.findall(r' x="([-.\d]+)"[^>]* textLength="([.\d]+)" lengthAdjust=', page)
    assert len(signs) == len(fitted) > 2
    for (start, sign), (x, wide) in zip(signs, fitted):
        assert x == start and float(x) + float(wide) == pytest.approx(float(sign), abs=0.01)


def test_a_wrong_working_is_marked_with_the_number_it_led_to(problem):
    working = Row(1, "", "y_hat", WORKING, "0.9 - 0.8", 0.4, 0.1, WRONG)
    printed = Row(2, "", "y_hat", RESULT, "0.1", 0.4, 0.1, INHERITED, (), (1,))
    assert "in a working, written 0.1" in picture([working, printed], problem).source
    assert "in a working, written" not in picture([working, printed._replace(step="b")],
                                                  problem).source
