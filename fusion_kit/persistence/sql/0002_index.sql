-- :make_event What happened; `severity` is a rank from 0 (debug) to 4 (critical), so that "at least" is a comparison.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  ts TEXT NOT NULL,
  type TEXT NOT NULL,
  severity INTEGER NOT NULL,
  project TEXT NOT NULL,
  run TEXT,
  task TEXT,
  attempt TEXT,
  agent TEXT,
  source TEXT NOT NULL,
  v INTEGER NOT NULL,
  data TEXT NOT NULL
);

-- :make_run One row for each run; `born` and `seq` are the first and the last event folded into it.
CREATE TABLE run (
  id TEXT PRIMARY KEY, workflow TEXT NOT NULL, state TEXT NOT NULL, digest TEXT NOT NULL, source TEXT NOT NULL,
  inputs TEXT NOT NULL, settings TEXT NOT NULL, base TEXT, target TEXT, outputs TEXT NOT NULL, branch TEXT,
  "commit" TEXT, error TEXT, reason TEXT, cancel_requested INTEGER NOT NULL,
  pause_requested INTEGER NOT NULL, resumes INTEGER NOT NULL,
  created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT, seq INTEGER NOT NULL, born INTEGER NOT NULL
) WITHOUT ROWID;

-- :make_task One row for each node of each run.
CREATE TABLE task (
  run TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT,
  waits TEXT, answer TEXT, name TEXT NOT NULL,
  section TEXT NOT NULL, parent TEXT, key TEXT, needs TEXT NOT NULL, priority INTEGER NOT NULL,
  capabilities TEXT NOT NULL, agent TEXT, attempt TEXT, attempts INTEGER NOT NULL, counted INTEGER NOT NULL,
  base TEXT, branch TEXT, "commit" TEXT, exit_code INTEGER, outputs TEXT NOT NULL, artifacts TEXT NOT NULL,
  usage TEXT, reserved TEXT NOT NULL, spent TEXT NOT NULL, unmetered INTEGER NOT NULL, cache_key TEXT, refused TEXT,
  error TEXT, reason TEXT, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT,
  seq INTEGER NOT NULL, born INTEGER NOT NULL,
  PRIMARY KEY (run, id)
) WITHOUT ROWID;

-- :make_agent One row for each instance of an agent.
CREATE TABLE agent (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, provider TEXT NOT NULL, model TEXT,
  capabilities TEXT NOT NULL, workspace TEXT, run TEXT, task TEXT, reason TEXT, created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL, seq INTEGER NOT NULL, born INTEGER NOT NULL
) WITHOUT ROWID;

-- :make_mark How far the index reaches into the log, and in which life of the machine it was last written.
CREATE TABLE mark (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  first INTEGER NOT NULL, "offset" INTEGER NOT NULL, seq INTEGER NOT NULL, crc INTEGER NOT NULL,
  ts TEXT NOT NULL, boot TEXT NOT NULL
);

-- :stamp_version An index of another version is deleted and rebuilt, whichever is the newer.
PRAGMA user_version = 2;
