// Exercises a FHIR server with fhir-kit-client: node exercise.mjs BASE_URL. Ends with an error at the first surprise.
import assert from 'node:assert/strict';
import { Client } from 'fhir-kit-client';

const client = new Client({ baseUrl: process.argv[2] });
const identifier = [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: '1' }];
const patient = (members) => ({ resourceType: 'Patient', identifier, ...members });

async function statusOf(promise) {
  try {
    await promise;
    return 200;
  } catch (error) {
    return error.response.status;
  }
}

assert.equal((await client.capabilityStatement()).fhirVersion, '4.0.1');

const created = await client.create({ resourceType: 'Patient', body: patient({ active: true }) });
const { id } = created;
assert.equal(created.meta.versionId, '1');
assert.deepEqual(await client.read({ resourceType: 'Patient', id }), created);

const body = { ...created, active: false };
const updated = await client.update({ resourceType: 'Patient', id, body, options: { headers: { 'If-Match': 'W/"1"' } } });
assert.equal(updated.meta.versionId, '2');
const stale = client.update({ resourceType: 'Patient', id, body: created, options: { headers: { 'If-Match': 'W/"1"' } } });
assert.equal(await statusOf(stale), 412);
assert.deepEqual(await client.vread({ resourceType: 'Patient', id, version: '1' }), created);
assert.equal((await client.resourceHistory({ resourceType: 'Patient', id })).entry.length, 2);

const searchParams = { identifier: `${identifier[0].system}|1` };
const again = await client.update({ resourceType: 'Patient', searchParams, body: patient({ active: true }) });
assert.equal(again.id, id);
assert.equal(again.meta.versionId, '3');

const jsonPatch = [{ op: 'add', path: '/language', value: 'fr' }];
assert.equal((await client.patch({ resourceType: 'Patient', id, jsonPatch })).language, 'fr');

const entries = [1, 2, 3, 4, 5].map((number) => ({
  fullUrl: `urn:uuid:00000000-0000-4000-8000-00000000000${number}`,
  resource: { resourceType: 'Encounter', status: 'planned', class: { code: 'AMB' }, subject: { reference: `Patient/${id}` } },
  request: { method: 'POST', url: 'Encounter' },
}));
const answer = await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry: entries } });
assert.deepEqual(answer.entry.map((entry) => entry.response.status), Array(5).fill('201 Created'));

let page = await client.search({ resourceType: 'Encounter', searchParams: { patient: id, _count: '2', _include: 'Encounter:patient' } });
let seen = 0;
while (page) {
  seen += page.entry.filter((entry) => entry.search.mode === 'match').length;
  page = await client.nextPage({ bundle: page });
}
assert.equal(seen, 5);
const posted = await client.search({ resourceType: 'Encounter', searchParams: { patient: id }, options: { postSearch: true } });
assert.equal(posted.entry.length, 5);

const read = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Patient/none' } }] };
assert.match((await client.batch({ body: read })).entry[0].response.status, /^404/);

await client.delete({ resourceType: 'Patient', id });
assert.equal(await statusOf(client.read({ resourceType: 'Patient', id })), 410);
assert.equal(await statusOf(client.search({ resourceType: 'Patient', searchParams: { nonsense: '1' } })), 400);
console.log('all as expected');
