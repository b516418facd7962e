CREATE TABLE ledger_head (
  tenant INTEGER NOT NULL,
  structure TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (tenant, structure)
);

CREATE TABLE ledger_entry (
  tenant INTEGER NOT NULL,
  structure TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  booked_on DATE NOT NULL,
  event TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  label TEXT NOT NULL,
  claim TEXT COLLATE "C",
  evidence TEXT COLLATE "C" NOT NULL,
  lines INTEGER NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (tenant, structure, number),
  UNIQUE (tenant, structure, key)
);

CREATE INDEX ledger_entry_by_claim ON ledger_entry (tenant, claim, structure, number) WHERE claim IS NOT NULL;

CREATE TABLE ledger_line (
  tenant INTEGER NOT NULL,
  structure TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  line INTEGER NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  payee TEXT COLLATE "C",
  liable TEXT COLLATE "C",
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  PRIMARY KEY (tenant, structure, number, line),
  CONSTRAINT debit_or_credit CHECK (debit >= 0 AND credit >= 0 AND (debit = 0) <> (credit = 0))
);

CREATE INDEX ledger_line_by_payee ON ledger_line (tenant, payee, structure, number) WHERE payee IS NOT NULL;

CREATE FUNCTION refuse_change_of_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append only: what was booked is corrected by another entry', TG_TABLE_NAME
    USING ERRCODE = 'CO001';
END
$$;

CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();

CREATE TRIGGER lines_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_line
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();

CREATE TRIGGER heads_stay BEFORE DELETE OR TRUNCATE ON ledger_head
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();

-- Plans made for a structure that the statistics don't know take any index that begins with it for as good as the key's.
CREATE FUNCTION refuse_going_back() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  IF (NEW.tenant, NEW.structure) <> (OLD.tenant, OLD.structure) OR NEW.number <= OLD.number OR NOT EXISTS (
      SELECT FROM ledger_entry e
      WHERE e.tenant = NEW.tenant AND e.structure = NEW.structure AND e.number = NEW.number AND e.hash = NEW.hash) THEN
    RAISE EXCEPTION 'the head of the ledger of % only goes forward, to an entry that is there', OLD.structure
      USING ERRCODE = 'CO001';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER head_goes_forward BEFORE UPDATE ON ledger_head
FOR EACH ROW EXECUTE FUNCTION refuse_going_back();

CREATE FUNCTION check_ledger_entry() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  found record;
BEGIN
  SELECT count(*) AS lines, coalesce(sum(debit), 0) AS debit, coalesce(sum(credit), 0) AS credit INTO found
  FROM ledger_line l WHERE l.tenant = NEW.tenant AND l.structure = NEW.structure AND l.number = NEW.number;
  IF found.lines = 0 OR found.lines <> NEW.lines OR found.debit <> found.credit THEN
    RAISE EXCEPTION 'entry % of the ledger of % is not balanced: % of % lines, debit %, credit %',
      NEW.number, NEW.structure, found.lines, NEW.lines, found.debit, found.credit USING ERRCODE = 'CO002';
  END IF;
  IF NEW.number > 1 AND NOT EXISTS (
      SELECT FROM ledger_entry e
      WHERE e.tenant = NEW.tenant AND e.structure = NEW.structure AND e.number = NEW.number - 1) THEN
    RAISE EXCEPTION 'entry % of the ledger of % leaves a gap', NEW.number, NEW.structure USING ERRCODE = 'CO002';
  END IF;
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER entry_is_balanced AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION check_ledger_entry();

CREATE FUNCTION refuse_stray_lines() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  wrong record;
BEGIN
  SELECT a.structure, a.number INTO wrong
  FROM (SELECT DISTINCT tenant, structure, number FROM added) a
  CROSS JOIN LATERAL (
    SELECT (SELECT e.lines FROM ledger_entry e
            WHERE e.tenant = a.tenant AND e.structure = a.structure AND e.number = a.number) AS wanted,
           (SELECT count(*) FROM ledger_line l
            WHERE l.tenant = a.tenant AND l.structure = a.structure AND l.number = a.number) AS there) n
  WHERE n.wanted IS NULL OR n.wanted < n.there
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % of the ledger of % is not there, or has all its lines', wrong.number, wrong.structure
      USING ERRCODE = 'CO001';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER lines_have_their_entry AFTER INSERT ON ledger_line REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_stray_lines()
