CREATE TABLE word_value (
    tenant INTEGER NOT NULL,
    rid BIGINT NOT NULL,
    words TSVECTOR NOT NULL
);

CREATE INDEX word_value_by_rid ON word_value (tenant, rid);

CREATE INDEX word_value_by_words ON word_value USING gin (words) WITH (gin_pending_list_limit = 512)
