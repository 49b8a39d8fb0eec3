-- :events_all No index narrows it: the table itself is in order of seq.
SELECT * FROM event NOT INDEXED
 WHERE seq > :after AND seq < :before
   AND (:type IS NULL OR type IN (SELECT value FROM json_each(:type)))
   AND severity >= :severity
   AND (:run IS NULL OR run = :run)
   AND (:task IS NULL OR task = :task)
   AND (:agent IS NULL OR agent = :agent)
 ORDER BY seq LIMIT :limit;

-- :events_of_agent The narrowest first: one agent.
SELECT * FROM event INDEXED BY event_agent
 WHERE agent = :agent AND seq > :after AND seq < :before
   AND (:type IS NULL OR type IN (SELECT value FROM json_each(:type)))
   AND severity >= :severity
   AND (:run IS NULL OR run = :run)
   AND (:task IS NULL OR task = :task)
 ORDER BY seq LIMIT :limit;

-- :events_of_task One task, of one run where that is known.
SELECT * FROM event INDEXED BY event_task
 WHERE task = :task AND seq > :after AND seq < :before
   AND (:type IS NULL OR type IN (SELECT value FROM json_each(:type)))
   AND severity >= :severity
   AND (:run IS NULL OR run = :run)
   AND (:agent IS NULL OR agent = :agent)
 ORDER BY seq LIMIT :limit;

-- :events_of_run One run.
SELECT * FROM event INDEXED BY event_run
 WHERE run = :run AND seq > :after AND seq < :before
   AND (:type IS NULL OR type IN (SELECT value FROM json_each(:type)))
   AND severity >= :severity
   AND (:task IS NULL OR task = :task)
   AND (:agent IS NULL OR agent = :agent)
 ORDER BY seq LIMIT :limit;

-- :events_of_type One type; a pattern is asked for type by type and merged.
SELECT * FROM event INDEXED BY event_type
 WHERE type = :one AND seq > :after AND seq < :before
   AND severity >= :severity
   AND (:run IS NULL OR run = :run)
   AND (:task IS NULL OR task = :task)
   AND (:agent IS NULL OR agent = :agent)
 ORDER BY seq LIMIT :limit;

-- :events_of_severity One severity; "at least" is asked for rank by rank and merged.
SELECT * FROM event INDEXED BY event_severity
 WHERE severity = :one AND seq > :after AND seq < :before
   AND (:type IS NULL OR type IN (SELECT value FROM json_each(:type)))
   AND (:run IS NULL OR run = :run)
   AND (:task IS NULL OR task = :task)
   AND (:agent IS NULL OR agent = :agent)
 ORDER BY seq LIMIT :limit;

-- :extent_of_run Between which events a run lies, so that any other index can be read just there.
SELECT (SELECT seq FROM event INDEXED BY event_run WHERE run = :run ORDER BY seq LIMIT 1) AS first,
       (SELECT seq FROM event INDEXED BY event_run WHERE run = :run ORDER BY seq DESC LIMIT 1) AS last;
