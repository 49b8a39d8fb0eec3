"""The index: SQLite rows folded from the log, which any doubt deletes and the log rebuilds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from fusion_kit.core.agent import Agent
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task
from fusion_kit.persistence import sql
from fusion_kit.persistence.columns import Entity, Held, columns_of, event_columns, held_in
from fusion_kit.persistence.lines import Line
from fusion_kit.persistence.rows import Key, Rows
from fusion_kit.persistence.segments import Position

_CHECK_ALWAYS_BYTES = 1024 * 1024  # a check of so small a file costs a millisecond
_BUSY_S = 20.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PUT = {Run: "put_run", Task: "put_task", Agent: "put_agent"}
_GET = {Run: "get_run", Task: "get_task", Agent: "get_agent"}


class Mark(NamedTuple):
    """How far an index reaches into the log: a place, and the time of the event before it."""

    position: Position
    ts: str


def boot_id() -> str:
    """Return what names this life of the machine: only a crash of the machine garbles an index."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        import psutil  # where there is no such file; not needed, and not loaded, on Linux

        return str(int(psutil.boot_time()))


class Index:
    """One connection to `index.db`, or to an index in memory where `path` is None.

    Whoever writes holds the log's lock, so an index never reaches beyond what is synced.
    """

    def __init__(self, path: Path | None) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def open(self) -> None:
        """Open the index, or begin an empty one if there is none, it is of another version, or it is broken."""
        self.close()
        try:
            self._connect()
            is_good = self._is_sound()
        except sqlite3.DatabaseError:
            is_good = False
        if not is_good:
            self.discard()
            self._connect()
            self._make()
        self._inode = self._inode_now()

    def close(self) -> None:
        """Close the connection."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def discard(self) -> None:
        """Delete the index with everything SQLite keeps beside it."""
        self.close()
        if self._path is not None:
            for suffix in ("", "-wal", "-shm", "-journal"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def retreat(self) -> None:
        """Give the file up and go on in memory: a full disk has no room for an index."""
        self.discard()
        self._path = None

    @property
    def was_replaced(self) -> bool:
        """Whether the file is another one than was opened, because somebody rebuilt it."""
        return self._db is None or self._inode_now() != self._inode

    def mark(self) -> Mark | None:
        """Return how far the index reaches; None if it is empty."""
        row = self._connection.execute(sql.statements()["get_mark"]).fetchone()
        return Mark(Position(*row[:4]), row["ts"]) if row else None

    def load(self, kind: type[Entity], key: Key) -> Held | None:
        """Return one row, or None."""
        names = ("run", "id") if kind is Task else ("id",)
        row = self._connection.execute(sql.statements()[_GET[kind]], dict(zip(names, key, strict=True))).fetchone()
        return held_in(kind, row) if row else None

    def query(self, name: str, /, **values: object) -> list[sqlite3.Row]:
        """Return what a titled paragraph finds."""
        return self._connection.execute(sql.statements()[name], values).fetchall()

    def write(self, lines: Iterable[Line], rows: Rows, mark: Mark) -> None:
        """Add events, the rows they changed, and the mark behind them, in one transaction."""
        with self._transaction() as db:
            self._put(db, lines, rows, mark)

    @contextmanager
    def rebuilding(self) -> Iterator[sqlite3.Connection]:
        """Empty the index for the block to fill; if it fails the index is as it was."""
        with self._transaction() as db:
            self._run(db, "drop.sql", *sql.migrations())
            yield db
            self._run(db, "lookups.sql")

    def fill(self, db: sqlite3.Connection, lines: Iterable[Line]) -> None:
        """Add events while rebuilding."""
        db.executemany(sql.statements()["put_event"], map(event_columns, lines))

    def finish(self, db: sqlite3.Connection, rows: Rows, mark: Mark) -> None:
        """Add the rows and the mark when all events are in."""
        self._put(db, (), rows, mark)

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            message = "the index is not open"
            raise sqlite3.ProgrammingError(message)
        return self._db

    def _connect(self) -> None:
        place = str(self._path) if self._path else ":memory:"
        self._db = sqlite3.connect(place, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        if self._path:
            self._path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -16000")

    def _is_sound(self) -> bool:
        if self._connection.execute("PRAGMA user_version").fetchone()[0] != sql.version():
            return False
        row = self._connection.execute(sql.statements()["get_mark"]).fetchone()
        boot = row["boot"] if row else ""
        is_cheap = self._path is not None and self._path.stat().st_size <= _CHECK_ALWAYS_BYTES
        if is_cheap or boot != boot_id():
            return bool(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        return True

    def _make(self) -> None:
        with self._transaction() as db:
            self._run(db, *sql.migrations(), "lookups.sql")

    def _run(self, db: sqlite3.Connection, *files: str) -> None:
        for statement in chain.from_iterable(map(sql.paragraphs_of, files)):
            db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._connection
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise

    def _put(self, db: sqlite3.Connection, lines: Iterable[Line], rows: Rows, mark: Mark) -> None:
        self.fill(db, lines)
        for kind, name in _PUT.items():
            db.executemany(sql.statements()[name], map(columns_of, rows.changed(kind)))
        db.execute(sql.statements()["put_mark"], (*mark.position, mark.ts, boot_id()))

    def _inode_now(self) -> int:
        if self._path is None:
            return 0
        try:
            return os.stat(self._path).st_ino  # noqa: PTH116 - asked at every catch-up
        except FileNotFoundError:
            return -1
