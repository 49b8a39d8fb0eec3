-- :every_event Compared line by line with an index made anew.
SELECT * FROM event NOT INDEXED WHERE seq > :after ORDER BY seq;

-- :every_run Compared row by row.
SELECT * FROM run ORDER BY id;

-- :every_task Compared row by row.
SELECT * FROM task ORDER BY run, id;

-- :every_agent Compared row by row.
SELECT * FROM agent ORDER BY id;
