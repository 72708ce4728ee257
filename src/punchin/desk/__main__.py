"""`python -m punchin.desk`: answers questions until there are no more."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

import msgspec

from punchin.desk.answering import Table, get_ready
from punchin.desk.protocol import Answer, AnyQuestion, read_question
from punchin.errors import CallerError, PunchinError, SongError

if TYPE_CHECKING:
    from typing import BinaryIO

ALONE_S = 1.0
"""How often it looks whether somebody is still there to hear the answer."""


def main() -> None:
    """Serve standard input and output."""
    questions, answers = _pipes()
    get_ready()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    table, answer = Table(), Answer(answers)
    for line in questions:
        try:
            question = read_question(line)
        except msgspec.DecodeError as error:
            answer.refuse(CallerError.code, f"this cannot be asked: {error}")
            continue
        try:
            table.answer(question, answer)
        except BrokenPipeError:
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, the next question is answered
            answer.refuse(*_told(error, question))
        else:
            answer.end()


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for our own use: what a library prints goes to standard error."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return questions, answers


def _told(error: Exception, question: AnyQuestion) -> tuple[str, str]:
    """Code and sentence of an error; a foreign one is the file's fault, and goes to the log."""
    if isinstance(error, PunchinError):
        # Where it lies on this machine is nobody's business.
        return error.code, str(error).replace(question.path, question.name)
    if isinstance(error, MemoryError):
        return SongError.code, f"{question.name} needs more memory than it may have"
    traceback.print_exception(error, file=sys.stderr)
    return SongError.code, f"{question.name} cannot be looked at: {type(error).__name__}"


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ALONE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
