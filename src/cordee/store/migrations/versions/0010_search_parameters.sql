ALTER TABLE tenant ADD COLUMN search_edition BIGINT DEFAULT 0 NOT NULL;

CREATE TABLE search_parameter (
    tenant INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    definition TEXT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    types TEXT[] NOT NULL,
    PRIMARY KEY (tenant, id),
    CONSTRAINT known_search_parameter_state CHECK (state IN ('indexing', 'ready', 'dropped'))
)
