CREATE UNIQUE INDEX fresh_by_rid ON resource (tenant, resource_type, rid) INCLUDE (deleted);

DROP INDEX resource_by_rid;

ALTER INDEX fresh_by_rid RENAME TO resource_by_rid;

DROP TRIGGER sealed_stays ON resource;

CREATE TRIGGER sealed_stays BEFORE UPDATE ON resource
FOR EACH ROW WHEN (OLD.sealed AND
  (NEW.tenant, NEW.resource_type, NEW.id, NEW.rid, NEW.version, NEW.txn, NEW.created_txn, NEW.last_updated, NEW.deleted,
   NEW.method, NEW.body, NEW.sealed)
  IS DISTINCT FROM
  (OLD.tenant, OLD.resource_type, OLD.id, OLD.rid, OLD.version, OLD.txn, OLD.created_txn, OLD.last_updated, OLD.deleted,
   OLD.method, OLD.body, OLD.sealed))
EXECUTE FUNCTION refuse_change_of_sealed();

UPDATE resource SET self_term = self_term | 15
