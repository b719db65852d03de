-- Which time it was at one moment of the machine's own counter, so that the store's time outlasts steps of its clock.
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot TEXT NOT NULL,
    counted INTEGER NOT NULL,
    store INTEGER NOT NULL,
    wall INTEGER NOT NULL
);

-- Which state it is, and how many transactions have changed it: held against the witness beside the file.
CREATE TABLE life (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    identity TEXT NOT NULL,
    commits INTEGER NOT NULL
);
INSERT INTO life (id, identity, commits) VALUES (1, lower(hex(randomblob(16))), 0);

-- Of a state that came from a backup: when that was taken. Nothing is bought before a person says that it may be.
CREATE TABLE restored (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    taken_at INTEGER NOT NULL
);
