"""What the audit says: the verdicts, the slips, and the rows of its report.

    RIGHT        the printed number is the exact one
    DIGITS       the exact number, rounded to the printed digits
    CARRIED      off by carried rounding: right from the earlier printed numbers
    INHERITED    the step is right, an earlier number was wrong
    WRONG        wrong here: the step itself does not give this number
    BLANK        not filled in
    UNREAD       could not be read, or names nothing in the graph

A statement is one thing claimed: the `result` of a line, a `working` written out with numbers on
the way to it, or a `formula` in names.
"""

from typing import NamedTuple

RIGHT, DIGITS, CARRIED = "right", "right within the printed digits", "carried rounding"
INHERITED, WRONG, BLANK, UNREAD = "inherited", "wrong here", "blank", "unread"
VERDICTS = (RIGHT, DIGITS, CARRIED, INHERITED, WRONG, BLANK, UNREAD)
FINE = frozenset({RIGHT, DIGITS, CARRIED})

RESULT, WORKING, FORMULA = "result", "working", "formula"


class Slip(NamedTuple):
    """A slip that reproduces the printed digits: its kind, a sentence, the number it gives."""

    kind: str
    text: str
    value: float


class Row(NamedTuple):
    """One statement of a derivation, judged."""

    number: int                     # its place in the derivation, from 1
    step: str                       # the title of the part it stands in
    name: str                       # what it is about: 'dL/dW1', "W1'", 'h2_in[3]'
    kind: str                       # RESULT, WORKING or FORMULA
    text: str                       # as printed: '-11.078', '-5.768 * 1.2 * 0.8 * 2.0'
    exact: float                    # the true number
    own: float | None               # recomputed from the person's own earlier numbers
    verdict: str
    slips: tuple[Slip, ...] = ()    # for WRONG: what explains the number, the likeliest first
    causes: tuple[int, ...] = ()    # for INHERITED: the rows that it has its error from
    note: str = ""

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong with it, here or before."""
        return self.verdict in FINE
