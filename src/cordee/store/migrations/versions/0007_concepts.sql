CREATE SEQUENCE concept_generation;

CREATE TABLE indexed_code_system (
  tenant INTEGER NOT NULL,
  rid BIGINT NOT NULL,
  version INTEGER NOT NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (tenant, rid)
);

CREATE TABLE code_system_concept (
  tenant INTEGER NOT NULL,
  rid BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  concept BIGINT NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  folded TEXT COLLATE "C" NOT NULL,
  display TEXT,
  searched TEXT COLLATE "C" NOT NULL,
  inactive BOOLEAN NOT NULL,
  abstract BOOLEAN NOT NULL,
  parents BIGINT[] NOT NULL,
  ancestors BIGINT[] NOT NULL,
  properties JSONB NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (tenant, generation, concept),
  UNIQUE (tenant, generation, folded)
);

CREATE INDEX code_system_concept_by_rid ON code_system_concept (tenant, rid, generation);

CREATE INDEX code_system_concept_by_ancestor ON code_system_concept USING gin (ancestors)
