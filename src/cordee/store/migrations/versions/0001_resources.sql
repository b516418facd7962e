CREATE SEQUENCE transaction_number;

CREATE SEQUENCE resource_rid INCREMENT BY 1000;

CREATE TABLE date_value (
  tenant INTEGER NOT NULL, 
  rid BIGINT NOT NULL, 
  key BIGINT NOT NULL, 
  low BIGINT NOT NULL, 
  high BIGINT NOT NULL
);

CREATE INDEX date_value_by_high ON date_value (tenant, key, high, rid);

CREATE INDEX date_value_by_low ON date_value (tenant, key, low, rid);

CREATE INDEX date_value_by_rid ON date_value (tenant, rid, key, low, high);

CREATE TABLE number_value (
  tenant INTEGER NOT NULL, 
  rid BIGINT NOT NULL, 
  key BIGINT NOT NULL, 
  low NUMERIC NOT NULL, 
  high NUMERIC NOT NULL, 
  units BIGINT[] NOT NULL
);

CREATE INDEX number_value_by_high ON number_value (tenant, key, high, rid);

CREATE INDEX number_value_by_low ON number_value (tenant, key, low, rid);

CREATE INDEX number_value_by_rid ON number_value (tenant, rid, key, low);

CREATE TABLE resource (
  tenant INTEGER NOT NULL, 
  resource_type TEXT COLLATE "C" NOT NULL, 
  id TEXT COLLATE "C" NOT NULL, 
  rid BIGINT NOT NULL, 
  version INTEGER NOT NULL, 
  txn BIGINT NOT NULL, 
  created_txn BIGINT NOT NULL, 
  last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
  deleted BOOLEAN NOT NULL, 
  method TEXT COLLATE "C" NOT NULL, 
  self_term BIGINT NOT NULL, 
  terms BIGINT[] NOT NULL, 
  body TEXT NOT NULL, 
  PRIMARY KEY (tenant, resource_type, id)
);

CREATE UNIQUE INDEX resource_by_rid ON resource (tenant, resource_type, rid);

CREATE INDEX resource_by_terms ON resource USING gin (terms) WITH (gin_pending_list_limit = 512);

CREATE INDEX resource_by_time ON resource (tenant, last_updated, rid);

CREATE INDEX resource_by_type_and_time ON resource (tenant, resource_type, last_updated, rid);

CREATE TABLE resource_history (
  tenant INTEGER NOT NULL, 
  resource_type TEXT COLLATE "C" NOT NULL, 
  rid BIGINT NOT NULL, 
  id TEXT COLLATE "C" NOT NULL, 
  version INTEGER NOT NULL, 
  txn BIGINT NOT NULL, 
  last_updated TIMESTAMP WITH TIME ZONE NOT NULL, 
  deleted BOOLEAN NOT NULL, 
  method TEXT COLLATE "C" NOT NULL, 
  body TEXT NOT NULL, 
  PRIMARY KEY (tenant, rid, version)
);

CREATE INDEX history_by_time ON resource_history (tenant, last_updated, rid);

CREATE INDEX history_by_type_and_time ON resource_history (tenant, resource_type, last_updated, rid);

CREATE TABLE string_value (
  tenant INTEGER NOT NULL, 
  rid BIGINT NOT NULL, 
  key BIGINT NOT NULL, 
  value TEXT COLLATE "C" NOT NULL, 
  grams BIGINT[] NOT NULL
);

CREATE INDEX string_value_by_beginning ON string_value (tenant, key, left(value, 256), rid);

CREATE INDEX string_value_by_grams ON string_value USING gin (grams) WITH (gin_pending_list_limit = 512);

CREATE INDEX string_value_by_rid ON string_value (tenant, rid, key);

CREATE TABLE tenant (
  tenant INTEGER GENERATED ALWAYS AS IDENTITY, 
  name TEXT COLLATE "C" NOT NULL, 
  created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  PRIMARY KEY (tenant), 
  UNIQUE (name)
);

INSERT INTO tenant (name) VALUES ('default');
