"""From an agent's answer and its exit to a report: exit 0 is not success, and an exit code is not its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Order, Report, Transcript
from fusion_kit.providers import output_file, reply
from fusion_kit.providers.answers import Answer
from fusion_kit.providers.endings import broken, failed
from fusion_kit.providers.errors import BadOutputFile


def report(order: Order, transcript: Transcript, answer: Answer) -> Report:
    """Return what became of an attempt; what the agent used is told however it ended."""
    told = broken(transcript.exit) or _said(answer) or failed(transcript) or _done(order, transcript, answer)
    return replace(told, text=answer.text, usage=answer.usage, session=answer.session)


def _said(answer: Answer) -> Report | None:
    """Return the report of an agent that says itself that it failed: it knows more than its exit code."""
    why = answer.failure
    if why is None:
        return None
    return Report(why.outcome, error_code=why.code, error_message=why.message, retry_after_s=why.retry_after_s)


def _done(order: Order, transcript: Transcript, answer: Answer) -> Report:
    try:
        outputs = _outputs(order, transcript, answer)
    except BadOutputFile as error:
        return Report(Outcome.CONTRACT, error_code=error.code, error_message=str(error))
    if not answer.text and not outputs:
        message = "it ended with exit code 0 and without an answer"
        return Report(Outcome.NO_OUTPUT, error_code="no-output", error_message=message)
    return Report(Outcome.SUCCESS, outputs=outputs)


def _outputs(order: Order, transcript: Transcript, answer: Answer) -> Mapping[str, object] | None:
    """Look where outputs may be, the most deliberate place first; prose is searched only if outputs were asked for."""
    written = output_file.read(transcript.output_file)
    if written is not None:
        return written
    if answer.outputs is not None:
        return answer.outputs
    return reply.last_object(answer.text) if order.outputs else None
