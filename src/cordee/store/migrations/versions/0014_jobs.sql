CREATE TABLE job (
    tenant INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT COLLATE "C" NOT NULL,
    request TEXT NOT NULL,
    payload BYTEA,
    state TEXT COLLATE "C" NOT NULL,
    cancelling BOOLEAN DEFAULT false NOT NULL,
    progress TEXT NOT NULL,
    position TEXT,
    result TEXT,
    fault_status INTEGER,
    fault TEXT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    fruitless INTEGER DEFAULT 0 NOT NULL,
    asked TIMESTAMP WITH TIME ZONE NOT NULL,
    started TIMESTAMP WITH TIME ZONE,
    ended TIMESTAMP WITH TIME ZONE,
    expires TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (tenant, id),
    CONSTRAINT known_job_state CHECK (state IN ('accepted', 'running', 'completed', 'failed'))
);

CREATE UNIQUE INDEX job_by_number ON job (number);

CREATE INDEX job_under_way ON job (number) WHERE state IN ('accepted', 'running');

CREATE INDEX job_by_expiry ON job (expires) WHERE expires IS NOT NULL
