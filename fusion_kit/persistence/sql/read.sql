-- :get_mark How far the index reaches.
SELECT first, "offset", seq, crc, ts, boot FROM mark;

-- :get_run One run, to fold the next event into or to show.
SELECT * FROM run WHERE id = :id;

-- :get_task One node of a run.
SELECT * FROM task WHERE run = :run AND id = :id;

-- :get_agent One instance.
SELECT * FROM agent WHERE id = :id;

-- :runs_like The runs a person may mean by the beginning of an id; a range, so that the primary key answers.
SELECT id FROM run WHERE id >= :prefix AND id < :prefix || '~' ORDER BY id LIMIT 6;

-- :list_runs Runs, newest first; `before` is the birth of the last one seen.
SELECT * FROM run INDEXED BY run_born
 WHERE born < :before
   AND (:workflow IS NULL OR workflow = :workflow)
   AND (:since IS NULL OR created_at >= :since)
   AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
 ORDER BY born DESC LIMIT :limit;

-- :count_runs How many runs a list would hold without its limit.
SELECT count(*) FROM run
 WHERE (:workflow IS NULL OR workflow = :workflow)
   AND (:since IS NULL OR created_at >= :since)
   AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)));

-- :get_made_from The latest task that was completed with this cache key.
SELECT * FROM task INDEXED BY task_cache_key
 WHERE cache_key = :cache_key AND state = 'completed' AND outcome = 'success' ORDER BY born DESC LIMIT 1;

-- :list_tasks The nodes of a run in the order in which they were created.
SELECT * FROM task INDEXED BY task_born WHERE run = :run ORDER BY born;

-- :count_tasks How many nodes of a run are in each state.
SELECT state, count(*) AS number FROM task WHERE run = :run GROUP BY state;

-- :list_agents Instances by id, all of them or those of one definition.
SELECT * FROM agent WHERE :name IS NULL OR name = :name ORDER BY id;

-- :ts_from The time of the first event at or behind a place; times never go back, so places can be found by halving.
SELECT ts FROM event WHERE seq >= :seq ORDER BY seq LIMIT 1;

-- :first_seq Where the index begins: later than 1 once old events were retired.
SELECT min(seq) FROM event;

-- :last_pause Whether the machine was last said to be paused.
SELECT type FROM event INDEXED BY event_type
 WHERE type IN ('system.paused', 'system.resumed') ORDER BY seq DESC LIMIT 1;
