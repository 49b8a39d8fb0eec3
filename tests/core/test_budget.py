"""Ceilings: what is set aside before a start, what is spent at an end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.budget import Ceiling, Shortage, amounts, as_said, name_of, told, used
from fusion_kit.core.work import Usage

wanted = st.integers(0, 400)
# an attempt: what it may use, which share of it it uses (None: it does not say), and when it ends
attempts = st.lists(st.tuples(wanted, st.none() | st.floats(0, 1), st.integers(0, 5)), max_size=30)


@given(attempts, st.integers(0, 1000))
def test_no_order_of_starts_and_ends_goes_over_a_ceiling(plan: list[tuple[int, float | None, int]], limit: int) -> None:
    ceiling = Ceiling({"cost_usd": limit})
    running: list[tuple[int, int, float | None]] = []
    real = 0  # what the programs really use
    for moment, (most, share, lasts) in enumerate(plan):
        for one in [one for one in running if one[0] <= moment]:
            running.remove(one)
            _, reserved, said = one
            spent = reserved if said is None else int(reserved * said)
            real += spent
            ceiling.settle({"cost_usd": reserved}, {"cost_usd": spent})
        if ceiling.shortage({"cost_usd": most}) is None:
            ceiling.reserve({"cost_usd": most})
            running.append((moment + lasts, most, share))
        assert ceiling.spent.get("cost_usd", 0) + ceiling.reserved.get("cost_usd", 0) <= limit
        assert real + sum(reserved for _, reserved, _ in running) <= limit


@given(st.lists(st.floats(0, 10_000), max_size=50))
def test_the_order_in_which_costs_are_added_does_not_change_their_sum(costs: list[float]) -> None:
    def total(said: list[float]) -> dict[str, int]:
        ceiling = Ceiling({"cost_usd": 1})
        for cost in said:
            ceiling.charge(amounts({"cost_usd": cost}))
        return ceiling.spent

    assert total(costs) == total(costs[::-1]) == total(sorted(costs))


def test_a_ceiling_that_is_met_exactly_is_not_broken() -> None:
    ceiling = Ceiling(amounts({"cost_usd": 0.3}))
    ceiling.charge(amounts({"cost_usd": 0.1}))

    assert 0.1 + 0.2 > 0.3  # as floating point has it
    assert ceiling.shortage(amounts({"cost_usd": 0.2})) is None
    assert ceiling.shortage(amounts({"cost_usd": 0.200001})) is not None


def test_a_shortage_is_told_in_one_sentence() -> None:
    ceiling = Ceiling(amounts({"cost_usd": 2, "tokens": 100}), spent=amounts({"cost_usd": 1.7}))
    ceiling.reserve(amounts({"cost_usd": 0.125, "tokens": 90}))
    assert str(ceiling.shortage(amounts({"cost_usd": 0.5}))) == "needs 0.50 USD: 1.70 spent, 0.125 reserved of 2.00"
    assert str(ceiling.shortage(amounts({"tokens": 20}))) == "needs 20 tokens: 0 spent, 90 reserved of 100"
    assert (
        str(Shortage("review", "tokens", 2, 0, 0, 1)) == "needs 2 tokens: 0 spent, 0 reserved of 1 that review may use"
    )


def test_what_a_program_used_beyond_what_it_was_given_leaves_less_than_nothing() -> None:
    ceiling = Ceiling({"tokens": 10}, spent={"tokens": 12})

    assert ceiling.left("tokens") == -2
    assert ceiling.shortage({"tokens": 0}) == Shortage("", "tokens", 0, 12, 0, 10)
    assert ceiling.shortage({"cost_usd": 5}) == Shortage("", "tokens", 0, 12, 0, 10)


def test_amounts_are_whole_and_what_is_not_said_is_left_out() -> None:
    assert amounts({"cost_usd": 0.0125, "tokens": None, "turns": 3}) == {"cost_usd": 12_500}
    assert as_said({"cost_usd": 12_500, "tokens": 7}) == {"cost_usd": 0.0125, "tokens": 7.0}
    assert used(Usage(input_tokens=5, output_tokens=2, cost_usd=0.5)) == {"tokens": 7, "cost_usd": 500_000}
    assert used(Usage(input_tokens=5)) == {}
    assert used(Usage()) == {}


def test_amounts_are_told_with_at_least_cents() -> None:
    said = [told("cost_usd", value) for value in (0, 500_000, 12_500, 1, -250_000, 1_234_560_000)]
    assert said == ["0.00", "0.50", "0.0125", "0.000001", "-0.25", "1234.56"]
    assert (told("tokens", 12_000), name_of("tokens"), name_of("cost_usd")) == ("12000", "tokens", "USD")
