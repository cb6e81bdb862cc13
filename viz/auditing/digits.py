"""Numbers as people print them: what a text like '-11.078' says, and how digits go wrong.

    printed("-11.078").value     -11.078, the number written
    printed("-11.078").half      0.0005, half a unit of its last digit
    printed("-11.078").agrees(x) whether x, rounded to those digits, is that number
    misprints("1.27", 1.72)      the slips of the pen that turn the one into the other

A whole number without a point, such as the 2 in 2·(y_hat - y), is exact where it is an operand.
"""

import math
import re
from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
HAIR = 1e-9                         # a relative difference that is only the arithmetic of floats


class Printed(NamedTuple):
    """A number with the digits it was written with."""

    text: str

    @property
    def decimal(self) -> Decimal:
        """The number in decimal arithmetic."""
        return Decimal(self.text)

    @property
    def value(self) -> float:
        """The number written."""
        return float(self.text)

    @property
    def half(self) -> float:
        """Half a unit of the last digit; a bare 0 says that it is zero."""
        return 0.5 * 10.0 ** int(self.decimal.as_tuple().exponent) * (self.text.strip("+-") != "0")

    @property
    def unit(self) -> tuple[float, float]:
        """The numbers that round to it."""
        return self.value - self.half, self.value + self.half

    @property
    def whole(self) -> bool:
        """Whether it was written without a point."""
        return re.fullmatch(r"[+-]?\d+", self.text) is not None

    @property
    def digits(self) -> int:
        """How many significant digits were written."""
        return max(len(self.decimal.normalize().as_tuple().digits),
                   len(self.decimal.as_tuple().digits))

    def agrees(self, x: float) -> bool:
        """Whether x rounds to this number, a tie either way."""
        return abs(x - self.value) <= self.half * (1 + 1e-6) + HAIR * abs(x)

    def meets(self, low: float, high: float) -> bool:
        """Whether something between low and high rounds to this number."""
        slack = self.half * (1 + 1e-6) + HAIR * max(abs(low), abs(high))
        return low - slack <= self.value <= high + slack


def printed(text: str) -> Printed:
    """The number that a text prints; ValueError says what is wrong with the text."""
    plain = text.strip().replace("−", "-").replace("–", "-").replace(" ", "")
    try:
        if not Decimal(plain).is_finite() or len(plain) > 40 or math.isinf(float(plain)):
            raise InvalidOperation
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is not a number as one prints it: write digits, such as "
                         f"-11.078 or 1.2e-5") from None
    return Printed(plain)


def to_place(x: float, exponent: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """x rounded, or cut, at a power of ten."""
    return Decimal(repr(x)).quantize(Decimal(1).scaleb(exponent), rounding)


def to_digits(x: float, digits: int) -> float:
    """x rounded to so many significant digits."""
    return float(f"{x:.{digits - 1}e}") if math.isfinite(x) else x


def misprints(shown: Printed, true: float) -> Iterator[tuple[str, str]]:
    """The slips of the pen that make `true` into the printed number: kind and sentence."""
    if not math.isfinite(true):
        return
    exponent = int(shown.decimal.as_tuple().exponent)
    right = to_place(true, exponent)
    if shown.decimal == to_place(true, exponent, ROUND_DOWN) != right:
        yield "cut", f"cut instead of rounded: it rounds to {right}"
    elif shown.decimal == _twice(true, exponent) != right:
        yield "rounded twice", f"rounded twice: it rounds to {right} when rounded once"
    yield from _moved(shown, true)
    yield from _digits(shown, true, right)


def _twice(true: float, exponent: int) -> Decimal:
    """What becomes of x when it is rounded to one digit more, and then again."""
    return to_place(float(to_place(true, exponent - 1)), exponent)


def _moved(shown: Printed, true: float) -> Iterator[tuple[str, str]]:
    """A decimal point in the wrong place."""
    for k in (1, -1, 2, -2, 3, -3):
        if shown.value and Printed(str(shown.decimal.scaleb(k))).agrees(true):
            yield ("zero lost" if k < 0 else "zero gained",
                   f"the decimal point is {abs(k)} place{'s' * (abs(k) > 1)} off")


def _digits(shown: Printed, true: float, right: Decimal) -> Iterator[tuple[str, str]]:
    """Digits that changed places, were left out, or were misread."""
    if right.is_signed() != shown.decimal.is_signed() or not right:
        return
    for places in range(len(str(right)), len(str(right)) + 2):
        correct = to_place(true, int(shown.decimal.as_tuple().exponent)
                           - (places - len(str(right))))
        ours, theirs = _letters(correct), _letters(shown.decimal)
        for i in range(len(ours) - 1):
            swapped = ours[:i] + ours[i + 1] + ours[i] + ours[i + 2:]
            if swapped == theirs != ours:
                yield "digits swapped", f"two digits changed places: {correct} became {shown.text}"
        for i, digit in enumerate(ours[:-1]):
            if len(ours) > len(theirs) > 2 - (digit == "0") and ours[:i] + ours[i + 1:] == theirs:
                kind = "zero lost" if digit == "0" else "digit lost"
                yield kind, f"a {digit} was left out: {correct} became {shown.text}"
                return
    ours, theirs = _letters(right), _letters(shown.decimal)
    wrong = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
    if len(ours) == len(theirs) and len(wrong) == 1 and len(ours) > 2:
        last = wrong == [len(ours) - 1] and abs(int(ours[-1]) - int(theirs[-1])) == 1
        yield (("last digit", f"the last digit is off by one: it is {right}") if last else
               ("digit misread", f"one digit is another: {right} became {shown.text}"))


def _letters(x: Decimal) -> str:
    """The digits of a number as text, without sign and point, a leading 0 kept."""
    return f"{abs(x):f}".replace(".", "")
