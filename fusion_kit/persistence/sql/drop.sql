-- :drop_event A rebuild begins with nothing; dropping a table takes its indexes along.
DROP TABLE IF EXISTS event;

-- :drop_run Rows are folded anew.
DROP TABLE IF EXISTS run;

-- :drop_task Rows are folded anew.
DROP TABLE IF EXISTS task;

-- :drop_agent Rows are folded anew.
DROP TABLE IF EXISTS agent;

-- :drop_mark An empty index reaches nowhere.
DROP TABLE IF EXISTS mark;
