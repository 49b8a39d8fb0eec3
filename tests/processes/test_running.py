"""What a job gets, what it leaves, and how it is said to have ended: with the light wrapper and with the shim."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from fusion_kit.core.errors import NotFound
from fusion_kit.core.process import Ended, Exit, Liveness, ResourceLimits
from fusion_kit.processes.folder import AttemptFolder
from tests.processes.house import House, err, linux, out, outcome

both = pytest.mark.parametrize("shell", [True, False], ids=["wrapper", "shim"])


@both
async def test_output_goes_to_two_files_and_the_code_is_recorded(house: House, shell: bool) -> None:
    job = house.sh("echo out; echo err >&2; exit 7", shell=shell)
    assert outcome(await house.run(job)) == {"reason": "exit", "code": 7, "leftovers": 0}
    assert (out(job), err(job)) == ("out\n", "err\n")
    ended = AttemptFolder(job.folder).exit()
    assert ended is not None
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert 0 <= ended.ended_at - ended.started_at < 20


@both
async def test_a_job_that_dies_of_a_signal_says_so(house: House, shell: bool) -> None:
    # A shell reports 128 + n, and so does the wrapper: it cannot tell the two apart.
    ended = await house.run(house.sh("kill -9 $$", shell=shell))
    assert outcome(ended) == {"reason": "exit", "code": 137 if shell else -9, "leftovers": 0}


@both
async def test_a_program_that_is_not_there_is_named(house: House, shell: bool) -> None:
    ended = await house.run(house.job("no-such-program", "x", shell=shell))
    assert outcome(ended) == {"reason": "not_started", "code": 127, "leftovers": 0}
    assert ended.message == "The program 'no-such-program' could not be executed: No such file or directory."


@both
async def test_a_working_folder_that_is_not_there_is_named(house: House, shell: bool) -> None:
    job = house.job("true", shell=shell)
    object.__setattr__(job, "cwd", house.root / "nowhere")
    ended = await house.run(job)
    assert (ended.reason, ended.code) == (Ended.NOT_STARTED, 127)
    assert str(house.root / "nowhere") in ended.message


@both
async def test_an_argument_that_is_too_long_for_the_system_is_refused_not_raised(house: House, shell: bool) -> None:
    ended = await house.run(house.job("true", "x" * 200_000, shell=shell))
    assert ended.message == "The program 'true' could not be executed: Argument list too long."


@both
async def test_the_environment_is_exactly_what_was_given(house: House, shell: bool) -> None:
    env = {"PATH": os.environ["PATH"], "A": "x y\n$(z)", "folder": "mine"}
    job = house.python("import os, json; print(json.dumps(dict(os.environ)))", env=env, shell=shell)
    await house.run(job)
    got = json.loads(out(job))
    assert got.pop("FUSION_ATTEMPT_MARK").startswith(f"{job.attempt}:")
    for added_by_shell_or_python in ("PWD", "LC_CTYPE"):
        got.pop(added_by_shell_or_python, None)
    assert got == {**env, "FUSION_ATTEMPT_ID": job.attempt}


async def test_a_name_no_shell_can_export_reaches_a_run_task_all_the_same(house: House) -> None:
    env = {"PATH": os.environ["PATH"], "INPUT_MY-NAME": "v"}
    job = house.python("import os; print(os.environ['INPUT_MY-NAME'])", env=env, shell=True)
    await house.run(job)
    assert out(job) == "v\n"


@both
async def test_a_child_gets_three_descriptors_and_no_more(house: House, shell: bool) -> None:
    handed_to_us = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(handed_to_us, True)
    house = House(house.root)  # an executor keeps what its process was handed
    job = house.python("import os; print(sorted(map(int, os.listdir('/dev/fd')))[:3], len(os.listdir('/dev/fd')))")
    object.__setattr__(job, "shell", shell)
    await house.run(job)
    os.close(handed_to_us)
    assert out(job) == "[0, 1, 2] 4\n"  # the fourth is the folder it is just reading


@both
async def test_a_job_starts_whatever_descriptors_are_free(house: House, shell: bool) -> None:
    """In a process with few open files the pipe and the lock get every low number in turn, 8 and 9 among them."""
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\nfrom tests.processes.house import House, out\n"
        "async def main():\n"
        "    house = House(Path(sys.argv[1]))\n"
        "    for _ in range(10):\n"
        "        job = house.sh('echo $KEY', secret_env={'KEY': 'k'}, shell=sys.argv[2] == 'True')\n"
        "        assert (await house.run(job)).code == 0 and out(job) == 'k\\n'\n"
        "        os.dup(0)\n"
        "asyncio.run(main())\n"
    )
    argv = (sys.executable, "-c", code, str(house.root), str(shell))
    process = await asyncio.create_subprocess_exec(*argv, cwd=Path(__file__).parents[2])
    assert await process.wait() == 0


@both
async def test_standard_input_is_empty_or_the_file_that_was_named(house: House, shell: bool) -> None:
    told = house.root / "prompt"
    told.write_text("hello")
    silent, spoken = house.job("cat", shell=shell), house.job("cat", shell=shell, stdin=told)
    assert [(await house.run(job)).code for job in (silent, spoken)] == [0, 0]
    assert (out(silent), out(spoken)) == ("", "hello")


@both
async def test_a_missing_input_file_is_named(house: House, shell: bool) -> None:
    ended = await house.run(house.job("cat", shell=shell, stdin=house.root / "gone"))
    assert ended.reason is Ended.NOT_STARTED
    assert "gone" in ended.message


@both
async def test_secrets_reach_the_child_and_no_file_and_no_command_line(house: House, shell: bool) -> None:
    secret = "s3cret-0123456789"
    code = (
        "import os, sys\n"
        "assert os.environ['KEY'].startswith('s3cret')\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    try: print(open(f'/proc/{pid}/cmdline').read())\n"
        "    except OSError: pass\n"
    )
    job = house.python(code, secret_env={"KEY": secret}, shell=shell)
    assert (await house.run(job)).code == 0
    assert out(job)
    written = {path.name: path.read_text() for path in job.folder.iterdir()}
    assert {name for name, text in written.items() if secret in text} == set()
    assert json.loads(written["spec.json"])["secret_env"] == ["KEY"]


@both
async def test_the_folder_and_its_files_are_the_owners_alone(house: House, shell: bool) -> None:
    job = house.job("true", shell=shell)
    await house.run(job)
    assert stat.S_IMODE(job.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((job.folder / "out.log").stat().st_mode) == 0o600


@both
async def test_invalid_bytes_and_a_20_mb_line_arrive_whole(house: House, shell: bool) -> None:
    code = "import sys; w = sys.stdout.buffer.write; w(b'\\xff\\xfe' + b'x' * 20_000_000 + b'\\n')"
    job = house.python(code, shell=shell)
    assert (await house.run(job)).code == 0
    assert (job.folder / "out.log").stat().st_size == 20_000_003


async def test_core_files_are_never_written_and_limits_hold(house: House) -> None:
    show = (
        "import resource as r; print(*(r.getrlimit(kind) for kind in (r.RLIMIT_CORE, r.RLIMIT_NOFILE, r.RLIMIT_CPU)))"
    )
    job = house.python(show, limits=ResourceLimits(open_files=64, cpu_s=9), shell=True)
    await house.run(job)
    assert out(job) == "(0, 0) (64, 64) (9, 9)\n"


async def test_too_much_memory_is_refused_to_the_child(house: House) -> None:
    job = house.python("x = bytearray(400_000_000)", limits=ResourceLimits(memory_bytes=200_000_000))
    assert (await house.run(job)).code == 1
    assert "MemoryError" in err(job)


@both
async def test_a_broken_pipe_inside_a_job_kills_quietly_as_in_a_terminal(house: House, shell: bool) -> None:
    job = house.sh("yes | head -n 1", shell=shell)
    assert (await house.run(job)).code == 0
    assert (out(job), err(job)) == ("y\n", "")


@linux
@both
async def test_what_stays_behind_is_ended_and_counted(house: House, shell: bool) -> None:
    job = house.sh(
        "sleep 600 & setsid sleep 600 & (setsid sh -c 'trap \"\" TERM; sleep 600 & wait' &) ; sleep 0.3", shell=shell
    )
    ended = await house.run(job)
    assert (ended.reason, ended.code) == (Ended.EXIT, 0)
    assert ended.leftovers == 4


async def test_waiting_twice_gives_the_same_exit(house: House) -> None:
    job = house.job("true", shell=True)
    assert await house.run(job) == await house.run(job)


async def test_an_attempt_nobody_submitted_is_not_found(house: House) -> None:
    with pytest.raises(NotFound, match="There is no attempt 'ghost'"):
        await house.executor.wait("ghost")


@pytest.mark.parametrize(
    ("files", "liveness"),
    [
        ({}, Liveness.NEVER),
        ({"spec.json": "{}\n", "lock": ""}, Liveness.NEVER),
        ({"lock": "", "started.json": ""}, Liveness.LOST),
        ({"lock": "", "started.json": '{"pid":1,"ticks":0,"boot":""}\n', "exit.json": ""}, Liveness.LOST),
        ({"exit.json": '{"reason":"exit","code":0}'}, Liveness.LOST),
        ({"exit.json": '{"reason":"exit","code":0}\n'}, Liveness.DONE),
    ],
)
async def test_a_folder_tells_what_became_of_it(
    house: House, tmp_path: Path, files: dict[str, str], liveness: Liveness
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert await house.executor.reattach({"a": tmp_path}) == {"a": liveness}
    if liveness is Liveness.LOST:
        assert (await house.executor.wait("a")).reason is Ended.LOST


async def test_a_full_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    ended = Exit(Ended.STALLED, -9, 1.5, 2.5, 3, "why")
    folder = AttemptFolder(tmp_path)
    folder.record_exit(ended)
    assert folder.exit() == ended
