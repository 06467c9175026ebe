-- The tables, as they are now: a new database is made of this. A change here needs a new file in `migrations/versions`; a
-- test compares the two.
--
-- `state` and `rollups` are kept in the order of their keys (WITHOUT ROWID): one descent finds a row. `state` has no index
-- on its expiry, which would cost each write as much again; the rare sweep reads the table once instead.

CREATE TABLE state (
  kind TEXT NOT NULL,
  "key" TEXT NOT NULL,
  version INTEGER NOT NULL,
  expires_us BIGINT NOT NULL,
  blob BLOB NOT NULL,
  PRIMARY KEY (kind, "key")
) WITHOUT ROWID;

CREATE TABLE incidents (
  id TEXT NOT NULL,
  site TEXT NOT NULL,
  cause TEXT NOT NULL,
  primary_name TEXT NOT NULL,
  primary_value TEXT NOT NULL,
  category TEXT NOT NULL,
  severity TEXT NOT NULL,
  status TEXT NOT NULL,
  parent TEXT,
  previous TEXT,
  opened_us BIGINT NOT NULL,
  first_seen_us BIGINT NOT NULL,
  last_seen_us BIGINT NOT NULL,
  blob BLOB NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX incidents_last_seen ON incidents (last_seen_us);
CREATE INDEX incidents_status ON incidents (status);

CREATE TABLE outbox (
  id TEXT NOT NULL,
  since_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  done INTEGER NOT NULL,
  blob BLOB NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX outbox_due ON outbox (due_us) WHERE done = 0;

CREATE TABLE rollups (
  hour_us BIGINT NOT NULL,
  name TEXT NOT NULL,
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  c TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (hour_us, name, a, b, c)
) WITHOUT ROWID;

CREATE TABLE positions (
  source TEXT NOT NULL,
  position TEXT NOT NULL,
  PRIMARY KEY (source)
);

CREATE TABLE meta (
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name)
);

CREATE TABLE unparsed (
  module TEXT NOT NULL,
  program TEXT NOT NULL,
  template TEXT NOT NULL,
  count BIGINT NOT NULL,
  sample TEXT NOT NULL,
  PRIMARY KEY (module, program, template)
);

-- `batch`: that took it up.
CREATE TABLE acts (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  batch BIGINT
);
CREATE INDEX acts_pending ON acts (id) WHERE batch IS NULL;

-- Its number is an offset: it is never given twice.
CREATE TABLE inbox (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  line TEXT NOT NULL
);

-- `codes`: a JSON list.
CREATE TABLE listings (
  subject TEXT NOT NULL,
  zone TEXT NOT NULL,
  since_us BIGINT NOT NULL,
  checked_us BIGINT NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  weight FLOAT NOT NULL,
  codes TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (subject, zone, since_us)
) WITHOUT ROWID;

-- `details`: a JSON object.
CREATE TABLE posture (
  subject TEXT NOT NULL,
  check_name TEXT NOT NULL,
  name TEXT NOT NULL,
  since_us BIGINT NOT NULL,
  checked_us BIGINT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  severity TEXT NOT NULL,
  now TEXT NOT NULL,
  should TEXT NOT NULL,
  details TEXT NOT NULL,
  PRIMARY KEY (subject, check_name, name, since_us)
) WITHOUT ROWID;

-- `at_us`: when it was read.
CREATE TABLE reports (
  digest TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  PRIMARY KEY (digest)
) WITHOUT ROWID;

-- `position`: a JSON object.
CREATE TABLE report_places (
  place TEXT NOT NULL,
  position TEXT NOT NULL,
  PRIMARY KEY (place)
) WITHOUT ROWID;
