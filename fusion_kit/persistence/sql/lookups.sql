-- :index_event_type Made after a rebuild's rows are in; every index ends in `seq`, the cursor of everything.
CREATE INDEX event_type ON event (type, seq);

-- :index_event_agent Most events have no agent, so only those that do are kept.
CREATE INDEX event_agent ON event (agent, seq) WHERE agent IS NOT NULL;

-- :index_event_task Ids of tasks are alike from run to run, but a run's place in the log narrows them down.
CREATE INDEX event_task ON event (task, seq) WHERE task IS NOT NULL;

-- :index_event_severity One severity is one stretch of this index; "at least" merges up to five of them.
CREATE INDEX event_severity ON event (severity, seq);

-- :index_event_run A run's events lie together.
CREATE INDEX event_run ON event (run, seq) WHERE run IS NOT NULL;

-- :index_run_born Lists of runs begin with the newest.
CREATE INDEX run_born ON run (born);

-- :index_task_cache_key A result is found by what it was made from, whichever run made it.
CREATE INDEX task_cache_key ON task (cache_key, born) WHERE cache_key IS NOT NULL;

-- :index_task_born The nodes of a run are listed in the order in which they were created.
CREATE INDEX task_born ON task (run, born);
