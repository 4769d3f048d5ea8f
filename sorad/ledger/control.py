"""Small things: the roots, remembered values, and the commands other processes leave for the daemon."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sorad.ledger.part import Part
from sorad.ledger.rows import column, root_of
from sorad.ledger.values import Command, RootRow

_ROOT = "SELECT path, state, device, reason, scanned_at, active FROM roots"


# Under this key it is remembered when the disk last proved to take what is written.
PROOF = "proof"


class Control(Part):
    """``check``, ``prove``, ``last_write_error``.

    And ``put_root``, ``roots``, ``remember``, ``recall``, ``post``, ``commands``, ``answer``, ``result``."""

    def check(self) -> None:
        with self._db.transaction(durable=False):
            pass

    def prove(self, now: float) -> None:
        with self._db.transaction():
            self._db.run(
                "INSERT OR REPLACE INTO memory (key, value) VALUES (?, ?)", (PROOF, _json({"at": now}))
            )
        self._db.checkpoint()

    def last_write_error(self) -> str:
        return self._db.last_write_error

    def put_root(self, row: RootRow) -> None:
        with self._db.held():
            known = self._db.row(f"{_ROOT} WHERE path = ?", (row.path,))
            if known and root_of(known) == row:
                return  # nothing to write: an idle daemon keeps no disk awake
            with self._db.transaction():
                self._db.run(
                    "INSERT OR REPLACE INTO roots (path, state, device, reason, scanned_at, active) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        row.path,
                        row.state,
                        row.device,
                        column(row.reason),
                        row.scanned_at,
                        column(row.active),
                    ),
                )

    def roots(self) -> list[RootRow]:
        return [root_of(row) for row in self._db.rows(f"{_ROOT} ORDER BY path")]

    def remember(self, key: str, value: Any) -> None:
        text = _json(value)
        with self._db.held():
            if self._db.row("SELECT 1 FROM memory WHERE key = ? AND value = ?", (key, text)):
                return
            self.remember_all({key: value})

    def remember_all(self, values: Mapping[str, Any]) -> None:
        with self._db.transaction():
            for key, value in values.items():
                self._db.run("INSERT OR REPLACE INTO memory (key, value) VALUES (?, ?)", (key, _json(value)))

    def recall(self, key: str) -> Any:
        row = self._db.row("SELECT value FROM memory WHERE key = ?", (key,))
        return None if row is None else json.loads(row[0])

    def post(self, verb: str, args: Mapping[str, Any], now: float) -> int:
        with self._db.transaction():
            cursor = self._db.run(
                "INSERT INTO commands (at, verb, args) VALUES (?, ?, ?)", (now, verb, _json(dict(args)))
            )
            return int(cursor.lastrowid or 0)

    def commands(self) -> list[Command]:
        rows = self._db.rows("SELECT id, at, verb, args FROM commands WHERE result IS NULL ORDER BY id")
        return [Command(command_id, at, verb, json.loads(args)) for command_id, at, verb, args in rows]

    def answer(self, command_id: int, result: Mapping[str, Any], now: float) -> None:
        with self._db.transaction():
            self._db.run(
                "UPDATE commands SET result = ?, answered_at = ? WHERE id = ?",
                (_json(dict(result)), now, command_id),
            )

    def result(self, command_id: int) -> Mapping[str, Any] | None:
        row = self._db.row("SELECT result FROM commands WHERE id = ?", (command_id,))
        if row is None or row[0] is None:
            return None
        found: Mapping[str, Any] = json.loads(row[0])
        return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
