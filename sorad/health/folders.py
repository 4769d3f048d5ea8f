"""What is wrong with watched folders and storyboards. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sorad.health.complaint import NAMED, Complaint, board_name, few_of_each, heavy, note, notices
from sorad.health.facts import Facts
from sorad.ledger.values import RootRow
from sorad.messages import N_
from sorad.problems import Problem
from sorad.vault.problems import NOT_TAKEN_UP


def about_roots(facts: Facts) -> Iterator[Complaint]:
    """Roots that are away or cannot be watched, and takes that wait for a disk."""
    for row in facts.roots:
        yield from _root(row)
    for problem in notices(facts):
        if problem.params.get("waiting"):
            yield Complaint(problem)  # takes wait for a disk


def about_storyboards(facts: Facts) -> Iterator[Complaint]:
    """Storyboards that cannot be read or have mistakes."""
    yield from few_of_each((one for one in notices(facts) if one.code in NOT_TAKEN_UP), heavy=True)
    invalid = [board for board in facts.storyboards if board.state == "invalid"]
    for board in invalid[:NAMED]:
        name = board_name(facts, board.root, board.path)
        for problem in board.problems[:NAMED]:
            yield heavy(
                problem.code,
                N_("{path}: {problem}"),
                "{mend}",
                path=name,
                problem=problem.text(),
                mend=problem.fix_text(),
                storyboard=board.path,
            )
        if len(board.problems) > NAMED:
            yield heavy(
                "storyboard.more_problems",
                N_("{name}: further mistakes: {count}."),
                N_("`sorad validate {path}` shows all."),
                name=name,
                path=board.path,
                count=len(board.problems) - NAMED,
                storyboard=board.path,
            )
    if len(invalid) > NAMED:
        yield heavy(
            "storyboard.more_invalid",
            N_("Storyboards with mistakes besides: {count}."),
            N_("`sorad validate FOLDER` shows all."),
            count=len(invalid) - NAMED,
        )


def _root(row: RootRow) -> Iterator[Complaint]:
    if row.state == "offline":
        yield Complaint(
            row.reason
            or Problem(
                "root.offline",
                N_("{path} is not there; what is meant for it waits."),
                N_("Connect or mount it again; {then}."),
                {"path": row.path},
            )
        )
    elif row.reason is not None and row.reason.code != "root.polling":
        # a watcher in trouble needs somebody; a file system without events is what it is
        yield Complaint(row.reason, heavy=row.reason.code.startswith("watch."))


def about_copies(facts: Facts) -> Iterator[Complaint]:
    """Storyboards that repeat another one."""
    copies = [board for board in facts.storyboards if board.state == "copy"]
    for board in copies[:NAMED]:
        yield note(
            "storyboard.copy",
            N_("{path} has the same content as {original}; nothing is bought for it."),
            path=board_name(facts, board.root, board.path),
            original=board_name(facts, board.root, board.copy_of),
        )
    if len(copies) > NAMED:
        yield note(
            "storyboard.copy",
            N_("{count} more storyboards are copies; nothing is bought for them."),
            count=len(copies) - NAMED,
        )
