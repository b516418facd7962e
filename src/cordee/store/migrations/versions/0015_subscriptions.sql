CREATE TABLE subscribed_type (
  tenant INTEGER NOT NULL,
  resource_type TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, resource_type)
);

INSERT INTO subscribed_type VALUES (0, 'Subscription');

CREATE TABLE change_event (
  tenant INTEGER NOT NULL,
  number BIGINT GENERATED ALWAYS AS IDENTITY,
  resource_type TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  version INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (tenant, number)
);

CREATE TABLE subscription (
  tenant INTEGER NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  version INTEGER NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  resource_type TEXT COLLATE "C",
  events BIGINT NOT NULL DEFAULT 0,
  delivered BIGINT NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt TIMESTAMPTZ,
  error TEXT,
  notified TIMESTAMPTZ,
  CONSTRAINT known_subscription_status CHECK (status IN ('requested', 'active', 'error', 'off')),
  PRIMARY KEY (tenant, id)
);

CREATE TABLE subscription_event (
  tenant INTEGER NOT NULL,
  subscription TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  resource_type TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  version INTEGER NOT NULL,
  moment TIMESTAMPTZ NOT NULL,
  recorded TIMESTAMPTZ NOT NULL DEFAULT now(),
  discarded BOOLEAN NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, subscription, number)
);

CREATE TABLE websocket_token (
  tenant INTEGER NOT NULL,
  hash BYTEA NOT NULL,
  subscriptions TEXT[] NOT NULL,
  expires TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, hash)
);

INSERT INTO change_event (tenant, resource_type, id, version, bytes)
SELECT tenant, resource_type, id, version, octet_length(body) FROM resource
WHERE resource_type = 'Subscription' AND NOT deleted
