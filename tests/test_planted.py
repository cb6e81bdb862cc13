"""The audit measured: hand derivations of random networks, right ones and with one slip planted.

The table for many more of them: python tests/planted.py 2000
"""

from collections import Counter

import planted
import pytest
from planted import Answer

MANY = 100


@pytest.fixture(scope="module")
def answers() -> list[Answer]:
    return [found for seed in range(MANY) if (found := planted.answer(seed))]


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def test_a_right_derivation_is_never_accused():
    assert [text for seed in range(MANY) for text in planted.accused(seed)] == []


def test_the_derivations_print_3_to_6_digits_and_every_kind_of_number():
    drafts = [planted.draft(seed) for seed in range(MANY)]
    assert {d.style.digits for d in drafts} == {3, 4, 5, 6}
    assert {any(d.exact) + all(d.exact) for d in drafts} == {0, 1, 2}   # own, mixed, exact
    numbers = [float(x) for d in drafts for x in planted.write(d).shown.values()]
    assert min(numbers) < -10 and max(numbers) > 10
    assert 0 in numbers and min(abs(x) for x in numbers if x) < 1e-4


def test_nearly_every_kind_of_slip_is_planted(answers):
    kinds = Counter(a.kind for a in answers)
    assert len(answers) > 0.95 * MANY and len(kinds) >= 25, kinds


def test_the_first_wrong_step_is_always_found(answers):
    assert [f"seed {a.seed}, {a.kind}: {a.report}" for a in answers if not a.step] == []


def test_over_95_percent_of_the_slips_are_named(answers):
    missed = [f"seed {a.seed}, {a.kind}: {a.report}" for a in answers if not a.listed]
    assert share([a.listed for a in answers]) > 0.95, missed


def test_what_follows_from_a_slip_is_not_accused(answers):
    assert [f"seed {a.seed}: {text}" for a in answers for text in a.later] == []
