ALTER TABLE resource ADD COLUMN sealed BOOLEAN NOT NULL DEFAULT false;

CREATE FUNCTION refuse_change_of_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%/% is sealed: it is never changed', OLD.resource_type, OLD.id USING ERRCODE = 'CO001';
END
$$;

CREATE TRIGGER sealed_stays BEFORE UPDATE OR DELETE ON resource
FOR EACH ROW WHEN (OLD.sealed) EXECUTE FUNCTION refuse_change_of_sealed();

CREATE FUNCTION refuse_change_of_sealed_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM resource r
             WHERE r.tenant = OLD.tenant AND r.resource_type = OLD.resource_type AND r.rid = OLD.rid AND r.sealed) THEN
    RAISE EXCEPTION '%/% is sealed: its history is never changed', OLD.resource_type, OLD.id USING ERRCODE = 'CO001';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER history_of_sealed_stays BEFORE UPDATE OR DELETE ON resource_history
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_sealed_history();

CREATE FUNCTION refuse_truncation_of_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM resource WHERE sealed) THEN
    RAISE EXCEPTION 'some resources are sealed: % is never emptied', TG_TABLE_NAME USING ERRCODE = 'CO001';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER sealed_stay BEFORE TRUNCATE ON resource
FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation_of_sealed();

CREATE TRIGGER history_of_sealed_stay BEFORE TRUNCATE ON resource_history
FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation_of_sealed()
