"""Storyboards and what they want: the verbs of the folder side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from sorad.ledger.change import changed
from sorad.ledger.copied import REPEATED
from sorad.ledger.part import Part
from sorad.ledger.rows import BOARD_FIELDS, SELECT_BOARD, board_of, column, marks, pages, problems_column
from sorad.ledger.turns import deal, line_up, turns_of
from sorad.ledger.values import Applied, Change, Moved, Storyboard, Want
from sorad.ledger.wants import Key, Known, Plan, accepted_at, changes_found, is_known, plan, texts_of
from sorad.model import Request, State, Take

_COLUMNS = tuple(name for name in BOARD_FIELDS if name != "id")
_INSERT = f"INSERT INTO storyboards ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_UPDATE = f"UPDATE storyboards SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE id = ?"
# Of several choices for a segment (receipts of two folders that became one) the newest counts.
_ONE_CHOICE = """
UPDATE takes SET chosen_at = 0 WHERE storyboard_id = ? AND chosen_at > 0 AND EXISTS (
    SELECT 1 FROM takes other WHERE other.storyboard_id = takes.storyboard_id AND other.segment = takes.segment
    AND (other.chosen_at > takes.chosen_at OR (other.chosen_at = takes.chosen_at AND other.id > takes.id)))
"""
# The target that a storyboard names (three times). What was moved elsewhere stays there, while it names that of then.
_WANTED_FROM = (
    "UPDATE takes SET target = ?, moved_by = '', moved_from = '', moved_as = '' "
    "WHERE CASE moved_by WHEN '' THEN target <> ? ELSE moved_from <> ? END AND "
)
# What a storyboard can say of a take that is new to the ledger.
_TOLD = frozenset({State.QUEUED, State.HELD, State.UNKNOWN, State.GENERATING, State.DONE, State.FAILED})
_AT_ONCE = 1_000  # new takes that are made and written at a time
_OWNED = (
    "SELECT 1 FROM takes WHERE output = ? AND storyboard_id <> ? "
    "AND state NOT IN ('failed', 'cancelled') LIMIT 1"
)
_BY_FINGERPRINT = (
    "SELECT storyboard_id, count(DISTINCT fingerprint) FROM takes WHERE fingerprint IN ({marks}) "
    "GROUP BY storyboard_id"
)
# Asked for, bought, or given up by the user himself; not what was cancelled before anybody sent it.
_ELSEWHERE = (
    "SELECT t.fingerprint, s.path FROM takes t JOIN storyboards s ON s.id = t.storyboard_id "
    "WHERE t.fingerprint IN ({marks}) AND t.storyboard_id <> ? AND (t.state <> 'cancelled' "
    "OR t.error IS NOT NULL OR EXISTS (SELECT 1 FROM purchases WHERE take_id = t.id AND charged_at IS NOT NULL)) "
    "ORDER BY t.state <> 'done' DESC, t.id DESC"  # the last row counts: the first that was delivered
)
_BY_TASK = (
    "SELECT t.storyboard_id, count(DISTINCT p.remote_id) FROM purchases p JOIN takes t ON t.id = p.take_id "
    "WHERE p.remote_id <> '' AND p.remote_id IN ({marks}) GROUP BY t.storyboard_id"
)


class Storyboards(Part):
    """``storyboards`` and what is asked about their contents and texts, ``apply``, ``withdraw``, ``queue_another``."""

    def storyboards(self, root: str | None = None) -> list[Storyboard]:
        """The storyboards (see the interface).

        Those ``gone`` come first, so that of two rows of one path the living one is the later.
        """
        where, values = ("", ()) if root is None else ("WHERE root = ? ", (root,))
        return [
            board_of(row)
            for row in self._db.rows(SELECT_BOARD + where + "ORDER BY state <> 'gone', id", values)
        ]

    def storyboards_of(self, ids: Collection[int]) -> list[Storyboard]:
        found: list[Storyboard] = []
        for page in pages(sorted(ids)):
            found += map(board_of, self._db.rows(f"{SELECT_BOARD}WHERE id IN ({marks(page)})", page))
        return found

    def storyboard_at(self, path: str) -> Storyboard | None:
        row = self._db.row(SELECT_BOARD + "WHERE path = ? ORDER BY state = 'gone', id DESC LIMIT 1", (path,))
        return board_of(row) if row else None

    def with_content(self, content: str) -> list[Storyboard]:
        if not content:
            return []
        rows = self._db.rows(SELECT_BOARD + "WHERE content = ? ORDER BY state <> 'gone', id", (content,))
        return [board_of(row) for row in rows]

    def had_content(self, content: str) -> list[Storyboard]:
        rows = self._db.rows(
            SELECT_BOARD + "WHERE id IN (SELECT storyboard_id FROM contents WHERE content = ?) ORDER BY id",
            (content,),
        )
        return [board_of(row) for row in rows]

    def texts_elsewhere(self, fingerprints: Collection[str], board_id: int) -> dict[str, str]:
        found: dict[str, str] = {}
        for page in pages(sorted(set(fingerprints))):
            found.update(self._db.rows(_ELSEWHERE.format(marks=marks(page)), (*page, board_id)))
        return found

    def related_storyboards(
        self, fingerprints: Collection[str], remote_ids: Collection[str]
    ) -> dict[int, int]:
        found: dict[int, int] = {}
        for question, values in ((_BY_FINGERPRINT, fingerprints), (_BY_TASK, remote_ids)):
            for page in pages(sorted({value for value in values if value})):
                for board_id, count in self._db.rows(question.format(marks=marks(page)), page):
                    found[board_id] = found.get(board_id, 0) + count
        return found

    def apply(
        self,
        board: Storyboard,
        wants: Sequence[Want] | None,
        now: float,
        moved: Sequence[Moved] = (),
    ) -> Applied:
        with self._db.transaction():
            board = self._put_board(board, now)
            self._touched.append(board.id)
            self._move(moved, board, now)
            if wants is None:
                return Applied(board.id)
            known = self._known(board.id)
            todo = plan(wants, known, lambda output: self._owned(output, board.id), self._knows)
            self._carry_out(todo, wants, board, now)
            if moved or todo.insert or todo.requeue:
                deal(self._db, board.id)
            self._mark_older(board.id, wants)
            self._set_order(board.id, wants)
            self._db.run(_ONE_CHOICE, (board.id,))
            return Applied(board.id, todo.added, todo.skipped, len(todo.cancel), todo.kept)

    def withdraw(self, storyboard_id: int, state: str, now: float) -> int:
        with self._db.transaction():
            return self._withdraw(storyboard_id, state, now)

    def queue_another(
        self, take_id: int, output: Callable[[int], str], now: float, change: Change | None = None
    ) -> Take | None:
        """Queue one more take of the same request (see the interface).

        ``None`` also where any other take of that storyboard, segment and request is open: the video
        asked for is on its way.
        """
        with self._db.transaction():
            model = self._load(take_id)
            if model is None or self._is_open(model):
                return None
            row = self._db.row(
                "SELECT max(take) FROM takes WHERE storyboard_id = ? AND segment = ?",
                (model.storyboard_id, model.segment),
            )
            number = int(row[0]) + 1 if row else 1
            request = (model.newer or model.request).of_take(1 + number - model.take)
            take = Take(
                id=self._next_id(),
                storyboard_id=model.storyboard_id,
                root=model.root,
                storyboard=model.storyboard,
                segment=model.segment,
                take=number,
                fingerprint=request.fingerprint(),
                request=request,
                state=State.QUEUED,
                output=output(number),
                target=model.target,
                moved_by=model.moved_by,
                moved_from=model.moved_from,
                moved_as=model.moved_as,
                follows=model.follows,
                due_at=now,
                created_at=now,
                updated_at=now,
                extra=True,
            )
            take = take if change is None else changed(take, change, now)
            self._insert([take])
            line_up(self._db, take.id, take.storyboard_id)
            self._note(now, [(take.id, take.state, "again", "", None)])
            return take

    # --- the storyboard's row ------------------------------------------------------------------------
    def _put_board(self, board: Storyboard, now: float) -> Storyboard:
        """Write the row; raises ``LookupError`` for an id that does not exist."""
        board_id = board.id or self._board_at(board.path)
        values = [
            problems_column(board.problems) if name == "problems" else getattr(board, name)
            for name in _COLUMNS
        ]
        if board_id == 0:
            board = replace(board, id=int(self._db.run(_INSERT, values).lastrowid or 0))
            self._remember_content(board)
            return board
        if board.state != "gone":
            self._displace(board.path, board_id, now)
        if self._db.run(_UPDATE, (*values, board_id)).rowcount != 1:
            raise LookupError(f"storyboard {board_id}")
        self._db.run(
            "UPDATE takes SET root = ? WHERE storyboard_id = ? AND root <> ?",
            (board.root, board_id, board.root),
        )
        board = replace(board, id=board_id)
        self._remember_content(board)
        return board

    def _remember_content(self, board: Storyboard) -> None:
        if board.state == "ok" and board.content:
            self._db.run(
                "INSERT OR IGNORE INTO contents (content, storyboard_id) VALUES (?, ?)",
                (board.content, board.id),
            )

    def _board_at(self, path: str) -> int:
        """The storyboard of a path, a living one first; 0 where there is none."""
        row = self._db.row(
            "SELECT id FROM storyboards WHERE path = ? ORDER BY state = 'gone', id DESC LIMIT 1", (path,)
        )
        return int(row[0]) if row else 0

    def _displace(self, path: str, board_id: int, now: float) -> None:
        """A storyboard was renamed onto another: the file of the other one is gone.

        Its row stays, as ``gone``, where it has takes.
        """
        bare = (
            "path = ? AND id <> ? AND NOT EXISTS (SELECT 1 FROM takes WHERE storyboard_id = storyboards.id)"
        )
        self._db.run(
            f"DELETE FROM contents WHERE storyboard_id IN (SELECT id FROM storyboards WHERE {bare})",
            (path, board_id),
        )
        self._db.run(f"DELETE FROM storyboards WHERE {bare}", (path, board_id))
        for (other,) in self._db.rows(
            "SELECT id FROM storyboards WHERE path = ? AND id <> ? AND state <> 'gone'", (path, board_id)
        ):
            self._withdraw(other, "gone", now)

    def _withdraw(self, storyboard_id: int, state: str, now: float) -> int:
        self._touched.append(storyboard_id)
        self._db.run(
            "UPDATE storyboards SET state = ?, updated_at = ? WHERE id = ?", (state, now, storyboard_id)
        )
        self._db.run("UPDATE takes SET wanted = 0 WHERE storyboard_id = ? AND wanted = 1", (storyboard_id,))
        rows = self._db.rows(
            "SELECT id FROM takes WHERE storyboard_id = ? AND state IN ('queued', 'held')", (storyboard_id,)
        )
        self._cancel([row[0] for row in rows], "withdrawn", now)
        return len(rows)

    # --- its takes -----------------------------------------------------------------------------------
    def _known(self, board_id: int) -> dict[Key, Known]:
        rows = self._db.rows(
            "SELECT segment, take, fingerprint, id, state, output, extra, "
            "state = 'cancelled' AND error IS NOT NULL, wanted, state = 'held' AND error LIKE ?, target, moved_by, "
            "moved_from, moved_as, CASE moved_by WHEN '' THEN '' ELSE request END FROM takes "
            "WHERE storyboard_id = ? ORDER BY id",
            (f'{{"code":"{REPEATED}"%', board_id),
        )
        known: dict[Key, Known] = {}
        for (
            segment,
            take,
            fingerprint,
            take_id,
            state,
            output,
            extra,
            by_user,
            wanted,
            repeated,
            *move,
        ) in rows:
            target, moved_by, moved_from, moved_as, request = move
            known[segment, take, fingerprint] = Known(
                take_id,
                State(state),
                output,
                bool(extra),
                bool(by_user),
                bool(wanted),
                bool(repeated),
                target,
                moved_by,
                moved_from,
                moved_as,
                Request.from_json(request).model if request else "",
            )
        return known

    def _knows(self, have: Known | None, want: Want) -> bool:
        """See :data:`sorad.ledger.wants.Knows`."""
        if want.remote_id or want.intent_at is None:
            return self._heard_of(want)
        return have is not None and is_known(self.intents(have.id), want.intent_at)

    def _owned(self, output: str, board_id: int) -> bool:
        return self._db.row(_OWNED, (output, board_id)) is not None

    def _is_open(self, take: Take) -> bool:
        rows = self._db.rows(
            "SELECT request FROM takes WHERE storyboard_id = ? AND segment = ? "
            "AND state NOT IN ('done', 'failed', 'cancelled')",
            (take.storyboard_id, take.segment),
        )
        texts = {take.request.unseeded(), (take.newer or take.request).unseeded()}
        return any(Request.from_json(text).unseeded() in texts for (text,) in rows)

    def _next_id(self) -> int:
        row = self._db.row("SELECT coalesce(max(id), 0) + 1 FROM takes")
        return int(row[0]) if row else 1

    def _move(self, moved: Sequence[Moved], board: Storyboard, now: float) -> None:
        # By way of numbers that no take has, so that two may change places.
        self._db.run_many(
            "UPDATE takes SET take = -id WHERE id = ? AND (storyboard_id <> ? OR segment <> ? OR take <> ?)",
            [(one.take_id, board.id, one.segment, one.take) for one in moved],
        )
        self._db.run_many(
            "UPDATE takes SET storyboard_id = ?, root = ? WHERE id = ? AND storyboard_id <> ?",
            [(board.id, board.root, one.take_id, board.id) for one in moved],
        )
        self._db.run_many(
            # A delivered video that was moved along is neither missing nor out of its place any more.
            "UPDATE takes SET segment = ?, take = ?, updated_at = ?, "
            "error = CASE WHEN state = 'done' AND ? AND output <> ? THEN NULL ELSE error END, "
            "output = CASE WHEN (state = 'done') = ? THEN ? ELSE output END "
            "WHERE id = ?",
            [(one.segment, one.take, now, *(one.done, one.output) * 2, one.take_id) for one in moved],
        )
        takes = [take for one in moved if (take := self._load(one.take_id)) is not None]
        self._note(now, [(take.id, take.state, "moved", "", None) for take in takes])

    def _carry_out(self, todo: Plan, asked: Sequence[Want], board: Storyboard, now: float) -> None:
        self._cancel([have.id for have in todo.cancel], "unwanted", now)
        self._db.run_many(
            "UPDATE takes SET wanted = ? WHERE id = ?",
            [*((0, have.id) for have in todo.unwanted), *((1, have.id) for have in todo.wanted)],
        )
        self._db.run_many(
            "UPDATE takes SET output = ?, request = ?, updated_at = ? WHERE id = ? AND (output <> ? OR request <> ?)",
            [
                (want.output, request, now, have.id, want.output, request)
                for have, want in todo.follow
                for request in [want.request.to_json()]
            ],
        )
        # As the row stands now: a fallback may have moved it since its storyboard was read.
        self._db.run_many(
            _WANTED_FROM + "id = ?", [(*(want.target,) * 3, have.id) for have, want in todo.follow]
        )
        self._db.run_many(
            "UPDATE takes SET state = ?, error = ?, due_at = ?, attempt = 0, updated_at = ? WHERE id = ?",
            [
                (_again(want).value, column(want.error), _due_at(want, now), now, have.id)
                for have, want in todo.requeue
            ],
        )
        self._note(now, [(have.id, _again(want), "wanted", "", want.error) for have, want in todo.requeue])
        self._retarget(asked, board.id)
        for have, want in todo.found:
            self._find(have, want, now)
        self._add(todo.insert, asked, board, now)

    def _retarget(self, asked: Sequence[Want], board_id: int) -> None:
        """Further takes (`redo`) that are not sent yet go where their segment goes."""
        self._db.run_many(
            _WANTED_FROM + "storyboard_id = ? AND segment = ? AND fingerprint = ? "
            "AND extra = 1 AND state IN ('queued', 'held')",
            [
                (*(want.target,) * 3, board_id, want.segment, text)
                for want in asked
                if want.wanted
                for text in {want.fingerprint, (want.newer or want.request).fingerprint()}
            ],
        )

    def _set_order(self, board_id: int, wants: Sequence[Want]) -> None:
        """Remember which segment stands before each: of all its takes, bought ones, too."""
        before = {want.segment: want.follows for want in wants if want.wanted and want.request.continues}
        self._db.run_many(
            "UPDATE takes SET follows = ? WHERE storyboard_id = ? AND segment = ? AND follows IS NOT ?",
            [(follows, board_id, segment, follows) for segment, follows in before.items()],
        )

    def _mark_older(self, board_id: int, wants: Sequence[Want]) -> None:
        """Remember which takes have the text of an earlier version, and what their segments ask for now."""
        newer = {
            (want.segment, want.take, want.fingerprint): want.newer.to_json()
            for want in wants
            if want.wanted and want.newer is not None
        }
        rows = self._db.rows(
            "SELECT id, segment, take, fingerprint, newer FROM takes WHERE storyboard_id = ?", (board_id,)
        )
        self._db.run_many(
            "UPDATE takes SET newer = ? WHERE id = ?",
            [
                (newer.get((segment, take, fingerprint)), take_id)
                for take_id, segment, take, fingerprint, was in rows
                if newer.get((segment, take, fingerprint)) != was
            ],
        )

    def _cancel(self, take_ids: Sequence[int], note: str, now: float) -> None:
        """Cancel unsent takes; a worker that holds one loses its claim, and with it the right to send."""
        self._db.run_many(
            "UPDATE takes SET state = 'cancelled', claim = '', error = NULL, updated_at = ? WHERE id = ?",
            [(now, take_id) for take_id in take_ids],
        )
        self._note(now, [(take_id, State.CANCELLED, note, "", None) for take_id in take_ids])

    def _find(self, have: Known, want: Want, now: float) -> None:
        take = self._load(have.id)
        if take is None:
            raise LookupError(f"take {have.id}")
        for change in changes_found(take.state, want, now):
            after = changed(take, change, now, self.moment())
            self._write(take, after)
            self._note(now, [(take.id, after.state, change.note, want.request_id, change.error)])
            take = after

    def _add(self, wants: Sequence[Want], asked: Sequence[Want], board: Storyboard, now: float) -> None:
        first = self._next_id()
        texts, turns = texts_of(asked, (want.take for want in wants)), turns_of(self._db, wants)
        for start in range(0, len(wants), _AT_ONCE):
            page = enumerate(wants[start : start + _AT_ONCE], first + start)
            takes = [_take_of(want, take_id, board, now, texts) for take_id, want in page]
            self._insert(takes, turns[start : start + _AT_ONCE])
            self._note(
                now, [(take.id, take.state, _how(take), take.request_id, take.error) for take in takes]
            )


def _take_of(
    want: Want, take_id: int, board: Storyboard, now: float, texts: Collection[tuple[int, str]]
) -> Take:
    """A new take. Where the folder shows that it was bought, that counts as one create; a further take of
    one of the ``texts`` that are wanted is an extra one."""
    if want.state not in _TOLD:
        raise ValueError(f"a storyboard cannot want a take to be {want.state}")
    extra = not want.wanted and (want.segment, want.fingerprint) in texts
    return Take(
        id=take_id,
        storyboard_id=board.id,
        root=board.root,
        storyboard=board.path,
        segment=want.segment,
        take=want.take,
        fingerprint=want.fingerprint,
        request=want.request,
        state=want.state,
        output=want.output,
        due_at=_due_at(want, now),
        creates=1 + want.repeats if want.remote_id or want.state is State.UNKNOWN else 0,
        provider=want.provider,
        base_url=want.base_url,
        account=want.account,
        remote_id=want.remote_id,
        reused=want.reused,
        request_id=want.request_id,
        cost=want.cost,
        repeats=want.repeats,
        target=want.target,
        moved_by=want.moved_by,
        moved_from=want.moved_from,
        moved_as=want.moved_as,
        currency=want.currency,
        own_id=want.own_id,
        sent=want.sent,
        error=want.error,
        created_at=now,
        updated_at=now,
        intent_at=want.intent_at,
        accepted_at=accepted_at(want, now),
        finished_at=want.finished_at,
        chosen_at=want.chosen_at,
        follows=want.follows,
        frame=want.frame,
        frame_of=want.frame_of,
        attempts=want.attempts,
        extra=extra,
        wanted=want.wanted or extra,
    )


def _how(take: Take) -> str:
    """What the history says of a new take."""
    return "wanted" if take.state in (State.QUEUED, State.HELD) else "found"


def _again(want: Want) -> State:
    """The state in which a cancelled take is wanted again."""
    return State.HELD if want.state is State.HELD else State.QUEUED


def _due_at(want: Want, now: float) -> float:
    return now if want.due_at is None else want.due_at
