CREATE TABLE import_piece (
    tenant INTEGER NOT NULL,
    job TEXT COLLATE "C" NOT NULL,
    file INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    effects TEXT NOT NULL,
    errors BYTEA NOT NULL,
    PRIMARY KEY (tenant, job, file, piece),
    FOREIGN KEY (tenant, job) REFERENCES job (tenant, id) ON DELETE CASCADE
)
