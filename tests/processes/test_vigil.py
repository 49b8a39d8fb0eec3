"""The judgement of a running attempt, with time passed by hand."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.core.process import Ended
from fusion_kit.processes.kernel import Process
from fusion_kit.processes.vigil import Sample, Vigil

LIMIT = 1000


def tree(cpu_ticks: int, *pids: int) -> Sample:
    """A sample of a tree whose first process used `cpu_ticks`."""
    return Sample(Process(pid, stat(cpu_ticks if n == 0 else 0)) for n, pid in enumerate(pids or (1,)))


def stat(cpu_ticks: int) -> str:
    return f"1 (a) b)) S 0 1 1 0 0 0 0 0 0 0 {cpu_ticks} 0 0 0 20 0 1 0 77 " + "0 " * 30


def verdict(
    limits: Mapping[str, float | None], looks: list[tuple[int, Sample]], marked: bool = False
) -> tuple[str, int]:
    """Return the verdict and the second at which it came, looking once a second."""
    vigil = Vigil(limits, LIMIT)
    if marked:
        vigil.result_seen()
    for second, (size, sample) in enumerate(looks, start=1):
        if reason := vigil.observe(1.0, size, lambda sample=sample: sample):  # type: ignore[misc]  # bound at once
            return reason, second
    return "", len(looks)


def test_silence_with_an_idle_tree_is_a_stall() -> None:
    assert verdict({"idle_s": 8}, [(5, tree(0))] * 20) == ("stalled", 9)


def test_silence_with_a_busy_tree_is_work() -> None:
    assert verdict({"idle_s": 8}, [(5, tree(second * 50)) for second in range(60)]) == ("", 60)


def test_the_timers_of_an_idle_program_are_not_work() -> None:
    assert verdict({"idle_s": 8}, [(5, tree(second)) for second in range(60)]) == ("stalled", 9)


def test_children_that_come_and_go_are_work() -> None:
    assert verdict({"idle_s": 8}, [(5, tree(0, 1, second)) for second in range(2, 60)]) == ("", 58)


def test_a_tree_that_was_busy_and_is_no_longer_stalls_one_limit_later() -> None:
    looks = [(5, tree(second * 50)) for second in range(20)] + [(5, tree(1000))] * 40
    reason, second = verdict({"idle_s": 8}, looks)
    assert reason == "stalled"
    assert 26 <= second <= 32


def test_the_first_output_has_a_limit_of_its_own() -> None:
    limits = {"first_output_s": 4.0, "idle_s": 100.0}
    assert verdict(limits, [(0, tree(0))] * 20) == ("stalled", 4)
    assert verdict(limits, [(1, tree(0))] * 20) == ("", 20)


def test_output_starts_the_silence_anew() -> None:
    assert verdict({"idle_s": 4}, [(second // 3, tree(0)) for second in range(60)]) == ("", 60)


def test_the_total_is_a_limit_even_for_a_busy_job() -> None:
    assert verdict({"total_s": 30, "idle_s": 8}, [(second, tree(0)) for second in range(60)]) == ("timeout", 30)


def test_a_result_gives_a_grace_and_no_more() -> None:
    assert verdict({"grace_s": 5}, [(5, tree(0))] * 20, marked=True) == ("lingered", 5)


def test_a_log_may_reach_its_limit_and_not_pass_it() -> None:
    assert verdict({}, [(LIMIT, tree(0))] * 3) == ("", 3)
    assert verdict({}, [(LIMIT + 1, tree(0))]) == ("log_limit", 1)


def test_without_limits_nothing_is_ever_decided() -> None:
    assert verdict({}, [(0, tree(0))] * 1000) == ("", 1000)


def test_the_next_look_comes_before_anything_can_be_decided() -> None:
    vigil = Vigil({"total_s": 10.0, "idle_s": 100.0}, LIMIT)
    assert vigil.patience_s() == 10.0
    vigil.observe(1.0, 500, lambda: tree(0))
    assert vigil.patience_s() == 0.5  # at 500 bytes a second the log is full in one


def test_its_verdicts_are_words_of_the_shared_vocabulary() -> None:
    assert {Ended(word) for word in ("stalled", "timeout", "lingered", "log_limit")} == {
        Ended.STALLED,
        Ended.TIMEOUT,
        Ended.LINGERED,
        Ended.LOG_LIMIT,
    }


def test_a_process_is_read_right_whatever_its_name_holds() -> None:
    process = Process(1, stat(7))
    assert (process.state, process.parent, process.ticks, process.cpu_ticks) == ("S", 0, 77, 7)
