DROP TRIGGER sealed_stays ON resource;

-- What is final is the resource; what searches look in follows from it, and may be made anew.
CREATE TRIGGER sealed_stays BEFORE UPDATE ON resource
FOR EACH ROW WHEN (OLD.sealed AND
  (NEW.tenant, NEW.resource_type, NEW.id, NEW.rid, NEW.version, NEW.txn, NEW.created_txn, NEW.last_updated, NEW.deleted,
   NEW.method, NEW.self_term, NEW.body, NEW.sealed)
  IS DISTINCT FROM
  (OLD.tenant, OLD.resource_type, OLD.id, OLD.rid, OLD.version, OLD.txn, OLD.created_txn, OLD.last_updated, OLD.deleted,
   OLD.method, OLD.self_term, OLD.body, OLD.sealed))
EXECUTE FUNCTION refuse_change_of_sealed();

CREATE TRIGGER sealed_is_kept BEFORE DELETE ON resource
FOR EACH ROW WHEN (OLD.sealed) EXECUTE FUNCTION refuse_change_of_sealed()
