-- :put_event One line of the log; a line that is there already came from the same log.
INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- :put_run The row as it stands; an older fold never overwrites a younger one.
INSERT INTO run VALUES (
  :id, :workflow, :state, :digest, :source, :inputs, :settings, :base, :target, :outputs, :branch, :commit, :error,
  :reason, :cancel_requested, :pause_requested, :resumes, :created_at, :started_at, :finished_at, :seq, :born
) ON CONFLICT (id) DO UPDATE SET
  workflow = excluded.workflow, state = excluded.state, digest = excluded.digest, source = excluded.source,
  inputs = excluded.inputs, settings = excluded.settings, base = excluded.base, target = excluded.target,
  outputs = excluded.outputs, branch = excluded.branch, "commit" = excluded."commit", error = excluded.error,
  reason = excluded.reason, cancel_requested = excluded.cancel_requested,
  pause_requested = excluded.pause_requested, resumes = excluded.resumes,
  created_at = excluded.created_at, started_at = excluded.started_at, finished_at = excluded.finished_at,
  seq = excluded.seq
WHERE excluded.seq > run.seq;

-- :put_task The row as it stands; what does not change after its creation is not written again.
INSERT INTO task VALUES (
  :run, :id, :kind, :state, :outcome, :waits, :answer, :name, :section, :parent, :key, :needs, :priority, :capabilities, :agent,
  :attempt, :attempts, :counted, :base, :branch, :commit, :exit_code, :outputs, :artifacts, :usage, :reserved,
  :spent, :unmetered, :cache_key, :refused, :error, :reason, :created_at, :started_at, :finished_at, :seq, :born
) ON CONFLICT (run, id) DO UPDATE SET
  kind = excluded.kind, state = excluded.state, outcome = excluded.outcome, waits = excluded.waits,
  answer = excluded.answer, name = excluded.name, section = excluded.section, parent = excluded.parent, key = excluded.key,
  needs = excluded.needs, priority = excluded.priority, capabilities = excluded.capabilities, agent = excluded.agent,
  attempt = excluded.attempt, attempts = excluded.attempts, counted = excluded.counted, base = excluded.base,
  branch = excluded.branch, "commit" = excluded."commit", exit_code = excluded.exit_code, outputs = excluded.outputs,
  artifacts = excluded.artifacts, usage = excluded.usage, reserved = excluded.reserved,
  spent = excluded.spent, unmetered = excluded.unmetered, cache_key = excluded.cache_key, refused = excluded.refused,
  error = excluded.error, reason = excluded.reason,
  created_at = excluded.created_at, started_at = excluded.started_at, finished_at = excluded.finished_at,
  seq = excluded.seq
WHERE excluded.seq > task.seq;

-- :put_agent The row as it stands.
INSERT INTO agent VALUES (
  :id, :name, :state, :provider, :model, :capabilities, :workspace, :run, :task, :reason, :created_at, :changed_at,
  :seq, :born
) ON CONFLICT (id) DO UPDATE SET
  name = excluded.name, state = excluded.state, provider = excluded.provider, model = excluded.model,
  capabilities = excluded.capabilities, workspace = excluded.workspace, run = excluded.run, task = excluded.task,
  reason = excluded.reason, created_at = excluded.created_at, changed_at = excluded.changed_at, seq = excluded.seq
WHERE excluded.seq > agent.seq;

-- :put_mark How far the index now reaches.
INSERT INTO mark VALUES (1, ?, ?, ?, ?, ?, ?)
ON CONFLICT (one) DO UPDATE SET
  first = excluded.first, "offset" = excluded."offset", seq = excluded.seq, crc = excluded.crc, ts = excluded.ts,
  boot = excluded.boot;
